import type { CommandMeta, Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { HealthFactRecorded, patientStream } from '../patient/patient.events.js';
import { requirePatient } from '../patient/patient.service.js';
import { healthOn } from '../patient/person.js';
import type { PlannedProduct } from './course.events.js';
import type { PlannedCourse } from './course.state.js';
import { knowledgeOfCheck } from './held-knowledge.rules.js';
import { ingredientsIn } from './session-lots.rules.js';
import { ingredientsPlanned } from './planned-ingredients.rules.js';
import {
  compositionsOf,
  consultationsOf,
  lotsAt,
  type LotsFound,
  protocolOfCourse,
  withoutLot,
} from './session-standing.js';

/** Positive answers of the pre-treatment check of a session. */
interface Answered {
  readonly positive: readonly string[];
  readonly substances?: readonly string[] | undefined;
  /** What the session is planned with, or used, and where. */
  readonly siteId: Id;
  readonly products: readonly PlannedProduct[];
  /** The day from which on it is known to hold. */
  readonly since: LocalDate;
}

/**
 * What positive answers of the pre-treatment check say of the patient beyond the session, for the patient's own record: it
 * is written with whatever says the answers, and so holds in all courses of the person. What is on record for the day
 * already is not said again; of an erased person nothing is.
 * @throws NotFound where the patient is not registered
 */
export async function knowledgeOfAnswers(
  { chain, commandId }: CommandMeta,
  reads: Reads,
  { codes, products: latest }: LotsFound,
  state: PlannedCourse,
  { siteId, products, since, ...answers }: Answered,
): Promise<StreamEvents> {
  const { patientId } = state;
  const [protocol, patient, { consultation }, lots] = await Promise.all([
    protocolOfCourse(reads, chain, state),
    requirePatient(reads, patientId),
    consultationsOf(reads, state),
    lotsAt(reads, chain, codes, siteId, products),
  ]);
  const known = healthOn({ patients: [patient] }, since);
  const unknown = withoutLot(products, lots);
  const compositions = await compositionsOf(reads, chain, latest, consultation, unknown);
  const ofLots = [...ingredientsPlanned({ consultation, protocol, compositions }, unknown), ...ingredientsIn(lots)];
  const planned = ofLots.length > 0 ? ofLots : (protocol.ingredients?.items.map(({ name }) => name) ?? []);
  const said = known === 'erased' ? [] : knowledgeOfCheck(protocol, answers, [...new Set(planned)], known);
  const events = said.map(({ kind, statement }) => {
    const factId = derivedId(commandId, `fact ${statement}`);
    return HealthFactRecorded(occurredNow(reads.now), { patientId, factId, kind, since, until: null, statement });
  });
  return { stream: patientStream(patientId), events };
}
