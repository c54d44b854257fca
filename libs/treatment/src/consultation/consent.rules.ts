import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
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
