import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { afterWithdrawals } from '../consultation/consent.rules.js';
import type { Consent, ConsultationState } from '../consultation/consultation.state.js';
import { withdrawalsOf } from '../patient/person.js';
import type { SessionWorld } from './session-finding.js';

/** On what a course rested on a day. It may have moved to a newer consultation since: what was true before it stays true. */

type Consulted = Pick<SessionWorld, 'consultation' | 'formerConsultations'>;

const inTurn = ({ consultation, formerConsultations = [] }: Consulted): readonly ConsultationState[] => [
  ...formerConsultations,
  consultation,
];

/** The latest consultation of the course that was concluded by a day; the present one where there was none. */
export const consultationOn = (world: Consulted, on: LocalDate): ConsultationState =>
  inTurn(world).findLast(
    (each) => each.status !== 'none' && each.concludedOn !== undefined && each.concludedOn <= on,
  ) ?? world.consultation;

/** Every consent of the course's consultations, as the person's withdrawals leave them. */
export const consentsOf = (world: Consulted & Pick<SessionWorld, 'person'>): readonly Consent[] =>
  afterWithdrawals(
    inTurn(world).flatMap((each) => (each.status === 'none' ? [] : each.consents)),
    withdrawalsOf(world.person),
  );
