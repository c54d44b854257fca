import type { ErrorField } from '#libs/kernel/src/errors.js';
import { type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import { consultationField } from './consultation.errors.js';
import { ConsentSigned, ConsentWithdrawn, type ConsultationEvent } from './consultation.events.js';
import { afterWithdrawals } from './consent.rules.js';
import type { HeldConsultation } from './consultation.state.js';
import type { CommandFor } from './consultation-command.types.js';
import {
  afterDeath,
  inFuture,
  occurredThen,
  ofConsultation,
  onDay,
  refuseAll,
  withoutUndefined,
} from './consultation-entry.rules.js';

/** Records a signature under one exact version of a form. @throws ConsultationRefused `consent.refused` */
export function signConsent(
  command: CommandFor<'SignConsent'>,
  state: HeldConsultation,
  now: Instant,
): ConsultationEvent[] {
  const { type: _, known, ...signed } = command;
  const { procedure, signedOn, signedBy, validUntil } = signed;
  const isKnown = afterWithdrawals(state.consents, known.withdrawals ?? []).some(
    (each) =>
      each.procedure === procedure &&
      each.signedOn === signedOn &&
      each.validUntil === validUntil &&
      each.formHash === signed.formHash &&
      each.formId === signed.formId &&
      each.formVersion === signed.formVersion &&
      each.guardianSigned === (signedBy === 'guardian') &&
      !(each.withdrawnOn && each.withdrawnOn <= signedOn),
  );
  if (isKnown) return [];
  refuseAll('consent.refused', [
    ...signedAhead(signedOn, localDateAt(now, state.zone)),
    ...endsBeforeItBegins(signed),
    ...afterDeath('signedOn', signedOn, known.diedOn),
    ...withoutGuardian(signedBy, known),
  ]);
  return [ConsentSigned(onDay(signedOn, state.zone), { ...ofConsultation(state), ...withoutUndefined(signed) })];
}

export function signedAhead(signedOn: LocalDate, today: LocalDate): ErrorField[] {
  if (signedOn <= today) return [];
  const message = `A consent cannot be signed after today, ${today}: give the day on which it was signed.`;
  const accepted = `${today} or earlier`;
  return [consultationField('consent.in-future', 'signedOn', message, { seen: signedOn, accepted })];
}

export function endsBeforeItBegins({
  signedOn,
  validUntil,
}: Pick<CommandFor<'SignConsent'>, 'signedOn' | 'validUntil'>) {
  if (validUntil === null || validUntil >= signedOn) return [];
  const message = `A consent that was signed on ${signedOn} cannot have ended on ${validUntil}.`;
  const accepted = `${signedOn} or later`;
  return [consultationField('consent.validity', 'validUntil', message, { seen: validUntil, accepted })];
}

/** What a consent lacks of a guardian. */
export function withoutGuardian(
  signedBy: 'patient' | 'guardian',
  { isMinor, hasGuardian }: CommandFor<'SignConsent'>['known'],
): ErrorField[] {
  const field = (name: string, message: string, seen: string, accepted: string) =>
    consultationField('consent.guardian', name, message, { seen, accepted });
  if (isMinor && signedBy === 'patient') {
    return [field('signedBy', 'The patient was a minor on that day: a guardian signs.', 'patient', 'guardian')];
  }
  if (signedBy === 'patient' || hasGuardian) return [];
  return [field('patient', 'Name the guardian in the patient’s record first.', 'no guardian', 'a named guardian')];
}

/**
 * Ends the consents to a procedure that were signed until then, those that are entered later included.
 * @returns nothing where that was said, and no consent that it would end is in force
 * @throws ConsultationRefused `consent.refused`
 */
export function withdrawConsent(
  { procedure, at }: CommandFor<'WithdrawConsent'>,
  state: HeldConsultation,
  now: Instant,
): ConsultationEvent[] {
  const on = localDateAt(at?.instant ?? now, state.zone);
  const ends = state.consents.some(
    (each) => each.procedure === procedure && each.signedOn <= on && !(each.withdrawnOn && each.withdrawnOn <= on),
  );
  const isSaid = state.withdrawals?.some((each) => each.procedure === procedure && each.on === on) ?? false;
  if (isSaid && !ends) return [];
  refuseAll('consent.refused', inFuture('at', at, now));
  return [ConsentWithdrawn(occurredThen(at, now), { ...ofConsultation(state), procedure })];
}
