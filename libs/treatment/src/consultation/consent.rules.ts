import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { PersonsWithdrawal } from '../patient/patient.state.js';
import { isMinorOn, type Person } from '../patient/person.js';
import type { Consent } from './consultation.state.js';

/**
 * Whether a consent needs the signature of a guardian and has that of the patient: the person is under age on a day. Whom
 * a registration says to be born earlier or later than was thought is judged by what is known now. A consent from an old
 * history that does not say who signed is taken as it is.
 * @param on the day at the site on which the consent is used, or was signed
 */
export const guardianMissing = (person: Person, { signedBy }: Consent, on: LocalDate): boolean =>
  signedBy === 'patient' && isMinorOn(person, on);

/** What of a consent decides whether it holds. */
export interface ConsentTerms {
  readonly procedure: string;
  readonly signedOn: LocalDate;
  /** The last valid day; null: until withdrawn. */
  readonly validUntil: LocalDate | null;
  readonly withdrawnOn?: LocalDate | null;
  readonly withdrawnAt?: Instant | null;
  readonly position?: number;
}

/**
 * The consent for a procedure that holds on a day: of those signed until then the latest decides, for it took the place
 * of the others; its last valid day still counts.
 * @param at the moment on that day: a consent that was withdrawn in the afternoon held in the morning. Without it the day
 *   of the withdrawal counts as without consent.
 */
export function consentOn<Given extends ConsentTerms>(
  consents: readonly Given[],
  procedure: string,
  on: LocalDate,
  at?: Instant,
): Given | undefined {
  const latest = consents
    .filter((consent) => consent.procedure === procedure && consent.signedOn <= on)
    .reduce<Given | undefined>((last, each) => (last && last.signedOn > each.signedOn ? last : each), undefined);
  if (!latest) return undefined;
  const isValid = latest.validUntil === null || on <= latest.validUntil;
  return isValid && !isWithdrawn(latest, on, at) ? latest : undefined;
}

function isWithdrawn({ withdrawnOn, withdrawnAt }: ConsentTerms, on: LocalDate, at: Instant | undefined): boolean {
  if (withdrawnAt === null) return false;
  if (at !== undefined && withdrawnAt) return withdrawnAt <= at;
  return withdrawnOn ? withdrawnOn <= on : false;
}

/** Consents with what the person has withdrawn in other consultations: a withdrawal ends every consent before it. */
export const afterWithdrawals = <Given extends ConsentTerms>(
  consents: readonly Given[],
  withdrawals: readonly Pick<PersonsWithdrawal, 'procedure' | 'on' | 'at' | 'position'>[],
): readonly Given[] =>
  withdrawals.length === 0
    ? consents
    : consents.map((consent) =>
        withdrawals.reduce((given, { procedure, on, at, position }) => {
          const isBefore = given.signedOn < on || (given.signedOn === on && (given.position ?? 0) < position);
          const isEarlier = !given.withdrawnAt || at < given.withdrawnAt;
          const ends = given.procedure === procedure && isBefore && isEarlier;
          return ends ? { ...given, withdrawnOn: on, withdrawnAt: at } : given;
        }, consent),
      );
