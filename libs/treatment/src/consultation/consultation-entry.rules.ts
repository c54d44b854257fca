import type { ErrorField } from '#libs/kernel/src/errors.js';
import { type Occurred, occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, type LocalDate, localDateAt, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import { ConsultationRefused, consultationField } from './consultation.errors.js';
import type { HeldConsultation } from './consultation.state.js';
import type { Moment } from './consultation-command.types.js';

/** What the decisions about a consultation have in common. */

/** The ids that every entry names. */
export const ofConsultation = ({ consultationId, patientId }: HeldConsultation) => ({ consultationId, patientId });

/** @throws ConsultationRefused with all of them, if there is any */
export const refuseAll = (code: string, fields: readonly ErrorField[]): void => {
  if (fields.length > 0) throw new ConsultationRefused(code, fields);
};

export function inFuture(field: string, at: Moment, now: Instant): ErrorField[] {
  if (at === undefined || at.instant <= now) return [];
  const message = `${at.wall} is still to come.`;
  return [
    consultationField('consultation.in-future', field, message, { seen: at.wall, accepted: `${now} or earlier` }),
  ];
}

/** Nobody is consulted, and nobody consents, on a day after they died. */
export function afterDeath(field: string, on: LocalDate, diedOn: LocalDate | null): ErrorField[] {
  if (diedOn === null || on <= diedOn) return [];
  const message = `It is on record that the patient died on ${diedOn}, before ${on}: correct what is wrong of the two.`;
  return [
    consultationField('consultation.patient-died', field, message, { seen: on, accepted: `${diedOn} or earlier` }),
  ];
}

/** Nobody is consulted before they were born: a year was typed wrongly, here or in the record. */
export function beforeBirth(field: string, on: LocalDate, bornOn: LocalDate | null | undefined): ErrorField[] {
  if (!bornOn || on >= bornOn) return [];
  const message = `It is on record that the patient was born on ${bornOn}, after ${on}: correct what is wrong of the two.`;
  return [consultationField('consultation.before-birth', field, message, { seen: on, accepted: `${bornOn} or later` })];
}

export function unregistered(practitioner: PractitionerState): ErrorField[] {
  if (practitioner.status === 'registered') return [];
  const message = 'Name a practitioner who is registered.';
  return [
    consultationField('consultation.practitioner', 'practitioner', message, {
      seen: 'unknown',
      accepted: 'a registered practitioner',
    }),
  ];
}

export const occurredThen = (at: Moment, now: Instant): Occurred => (at ? occurredAt(at) : occurredNow(now));

/** Entered late, it happened when it did: after the consultation began, and not in time to come. */
export function outOfTime(at: Moment, { heldOn, zone }: HeldConsultation, now: Instant): ErrorField[] {
  if (at === undefined) return [];
  const on = localDateAt(at.instant, zone);
  if (on >= heldOn) return inFuture('at', at, now);
  const message = `The consultation was held on ${heldOn}, after ${on}.`;
  return [consultationField('consultation.order', 'at', message, { seen: on, accepted: `${heldOn} or later` })];
}

/** After a clearance or a refusal nothing is added that it was not judged by. */
export function closed({ conclusion }: HeldConsultation): ErrorField[] {
  if (conclusion === undefined || conclusion.outcome === 'deferred') return [];
  const { outcome } = conclusion;
  const message = `The consultation ended ${outcome}. Enter what is learned later in the patient's health record, correct an entry that is wrong, or hold a new consultation.`;
  return [
    consultationField('consultation.concluded', 'consultation', message, { seen: outcome, accepted: OPEN_OR_DEFERRED }),
  ];
}

const OPEN_OR_DEFERRED = 'open or deferred';

/** What is known to the day occurred at its local midnight. */
export const onDay = (on: LocalDate, zone: string): Occurred => occurredAt(wallToInstant(`${on}T00:00`, zone), 'day');

/** Stored events have no undefined fields. */
export function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
