import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { consultationStream } from '../consultation/consultation.events.js';
import { consultationFold } from '../consultation/consultation.state.js';
import { loadPerson } from '../patient/person.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold } from '../practitioner/practitioner.state.js';
import { protocolStream } from '../protocol/protocol.events.js';
import { protocolFold, versionOf } from '../protocol/protocol.state.js';
import { recallStream } from '../recall/recall.events.js';
import { recallFold } from '../recall/recall.state.js';
import type { OpenSession, PlannedCourse } from './course.state.js';
import { type Finding, standingFindings } from './session.rules.js';

/** The protocol's version that a course was planned with. @throws Error when it was never published */
export async function protocolOfCourse(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  { protocol: { code, version } }: Pick<PlannedCourse, 'protocol'>,
): Promise<Protocol> {
  const { state } = await reads.load(protocolStream(chain.id, code), protocolFold);
  const protocol = versionOf(state, version);
  if (!protocol) throw new Error(`Version ${version} of protocol ${code} was never published`);
  return protocol;
}

/**
 * What stands against a booked session as far as it can be known before it: what is known of the person's health by now
 * for the day of the session, open adverse events, a consent or credential that has gone, findings that no longer hold,
 * a recalled lot that it is planned on. While there is any, the session is blocked and its messages are held.
 * @param reads whatever was loaded through it is guarded
 */
export async function loadStanding(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  course: PlannedCourse,
  session: OpenSession,
): Promise<readonly Finding[]> {
  const { bookedFor: at } = session;
  if (session.status !== 'booked' || !at) return [];
  const lotsOf = (session.plannedProducts ?? []).flatMap(({ product, lotNumber }) =>
    lotNumber === undefined ? [] : [recallStream(chain.id, product, lotNumber)],
  );
  const [protocol, person, { state: practitioner }, { state: consultation }, recalls] = await Promise.all([
    protocolOfCourse(reads, chain, course),
    loadPerson(reads, course.patientId),
    reads.load(practitionerStream(session.practitionerId), practitionerFold),
    reads.load(consultationStream(course.consultationId), consultationFold),
    Promise.all(lotsOf.map(async (stream) => (await reads.load(stream, recallFold)).state)),
  ]);
  const world = { protocol, person, practitioner, consultation };
  return standingFindings(course, world, { kind: session.kind, at, plannedLots: recalls });
}
