import type { Reads } from '#libs/cqrs/src/command-runner.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import {
  loadPerson,
  loadSeen,
  type PatientStreams,
  type RegisteredPatient,
  todayFor,
} from '#libs/treatment/src/erasure.contract.js';
import type { ErasureMatter, Registration } from './erasure.decider.js';
import { erasureStream } from './erasure.events.js';
import { erasureFold } from './erasure.state.js';

/**
 * Everything that decides about the erasure of a person, under all of their registrations. All of it is guarded.
 * @throws PatientUnknown
 */
export async function loadMatter(
  reads: Reads,
  patientId: string,
  actor: string,
  streams: Pick<PatientStreams, 'of'>,
): Promise<ErasureMatter> {
  const person = await loadPerson(reads, patientId);
  const registrations = await Promise.all(
    person.patients.map(async (patient): Promise<Registration> => {
      const { state } = await reads.load(erasureStream(patient.patientId), erasureFold);
      const { patientId: id, erasureId, identity } = patient;
      return { patientId: id, erasureId, identity: isErased(identity) ? identity : born(identity), case: state };
    }),
  );
  const seen = await loadSeen(reads, person, streams);
  const [asked, ...others] = registrations;
  if (!asked) throw new Error('A person without a registration');
  return { registrations: [asked, ...others], seen, actor, now: reads.now, today: todayFor(reads.now) };
}

const born = ({ birthDate }: Exclude<RegisteredPatient['identity'], { erased: true }>) => ({ birthDate });
