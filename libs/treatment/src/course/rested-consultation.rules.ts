import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import { afterWithdrawals } from '../consultation/consent.rules.js';
import type { Consent, ConsultationState, HeldConsultation } from '../consultation/consultation.state.js';
import type { PersonsOutcome } from '../patient/patient.state.js';
import { type Person, withdrawalsOf } from '../patient/person.js';
import type { SessionWorld } from './session-finding.js';
import { hasComeBy } from './session-times.rules.js';

/** On what a course rested on a day. It may have moved to a newer consultation since: what was true before it stays true. */

type Consulted = Pick<SessionWorld, 'consultation' | 'formerConsultations'>;

const inTurn = ({ consultation, formerConsultations = [] }: Consulted): readonly ConsultationState[] => [
  ...formerConsultations,
  consultation,
];

/**
 * Whether a consultation was concluded by a day, and by a moment of it where both are known.
 * @param by left out: the day counts
 */
export const isConcludedBy = (
  { concludedOn, concludedAt }: Pick<HeldConsultation, 'concludedOn' | 'concludedAt'>,
  on: LocalDate,
  by?: Instant,
): boolean =>
  concludedOn !== undefined &&
  concludedOn <= on &&
  (by === undefined || concludedAt === undefined || hasComeBy(concludedAt, by));

/** The latest consultation of the course that was concluded by then; the present one where there was none. */
export const consultationOn = (world: Consulted, on: LocalDate, by?: Instant): ConsultationState =>
  inTurn(world).findLast((each) => each.status !== 'none' && isConcludedBy(each, on, by)) ?? world.consultation;

/** Every consent of the course's consultations, as the person's withdrawals leave them. */
export const consentsOf = (world: Consulted & Pick<SessionWorld, 'person'>): readonly Consent[] =>
  afterWithdrawals(
    inTurn(world).flatMap((each) => (each.status === 'none' ? [] : each.consents)),
    withdrawalsOf(world.person),
  );

/**
 * A later consultation of the person for the same procedure, in whichever registration, that was refused by a day, or
 * deferred beyond it: nothing rests on what was cleared before it, until a newer one is cleared.
 * @param by the moment of that day; left out: the day counts
 */
export function refusedSince(
  { patients }: Person,
  { consultationId, procedure, concludedOn, concludedAt }: HeldConsultation,
  on: LocalDate,
  by?: Instant,
): PersonsOutcome | undefined {
  const isLater = (each: PersonsOutcome): boolean => {
    if (concludedOn === undefined || each.on !== concludedOn) return concludedOn === undefined || each.on > concludedOn;
    return each.at !== undefined && concludedAt !== undefined && each.at > concludedAt;
  };
  return patients
    .flatMap(({ outcomes = [] }) => outcomes)
    .filter((each) => each.consultationId !== consultationId && each.procedure === procedure && isLater(each))
    .filter((each) => isConcludedBy({ concludedOn: each.on, ...(each.at && { concludedAt: each.at }) }, on, by))
    .find(({ until }) => until === null || on < until);
}
