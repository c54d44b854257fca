import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { unlessErased } from '#libs/event-store/src/personal-data.js';
import { queryOf } from '#libs/http/src/validation.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { earliestDayAt, latestDayAt } from '../day-anywhere.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import type { People } from '../directory/people.js';
import type { PatientPerson, PersonHealth } from './person.contract.js';
import { endOfPerson, healthOn, isMinorOn, loadPerson, openReports, type Person } from './person.js';

export const personHealthParamsSchema = queryOf({
  on: localDateSchema.optional().describe('The day in question; today when left out.'),
});
export type PersonHealthParams = z.output<typeof personHealthParamsSchema>;

/**
 * A person over all registrations, read from their streams: what stops or allows a session is answered as it stands, not
 * as a read model has it.
 */
export class PersonQuery {
  /** Names and codes come from there. */
  static readonly reads = [DIRECTORY.name] as const;

  constructor(
    private readonly runner: CommandRunner,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /** @throws NotFound `patient.unknown` */
  async person(chain: Chain, reference: string): Promise<PatientPerson> {
    const person = await this.load(chain, reference);
    const { patients } = person;
    const named = await this.people.patients(
      chain,
      patients.map(({ patientId }) => patientId),
    );
    const now = await this.chains.now(chain);
    return {
      registrations: patients.map((patient) => ({
        patient: named(patient.patientId),
        links: patient.links.map(({ linkId, otherPatientId }) => ({ linkId, otherPatientId })),
        courseIds: [...patient.courseIds],
        openAdverseEventIds: openReports(patient).map(({ adverseEventId }) => adverseEventId),
      })),
      ...endOfPerson(person),
      isMinor: isMinorOn(person, earliestDayAt(now)),
      hasGuardian: patients.some(({ guardian }) => guardian !== null),
    };
  }

  /** What holds of a person's health on a day, and everything that was learned one by one. @throws NotFound `patient.unknown` */
  async health(chain: Chain, patient: string, params: PersonHealthParams): Promise<PersonHealth> {
    const person = await this.load(chain, patient);
    const on = params.on ?? latestDayAt(await this.chains.now(chain));
    const health = healthOn(person, on);
    const facts = person.patients.flatMap(({ patientId, healthFacts }) =>
      healthFacts.map(({ factId, kind, value, since, until, recordedAt }) => {
        const statement = unlessErased(value, null);
        return { id: factId, patientId, kind, statement, since, until, recordedAt };
      }),
    );
    if (health === 'erased') return { on, health: null, facts };
    const { allergies, conditions, medications } = health;
    return {
      on,
      health: { allergies: [...allergies], conditions: [...conditions], medications: [...medications] },
      facts,
    };
  }

  private async load(chain: Chain, patient: string): Promise<Person> {
    const id = await this.references.resolve(chain, 'patient', patient);
    return loadPerson({ load: (stream, fold) => this.runner.read(chain, stream, fold) }, id);
  }
}
