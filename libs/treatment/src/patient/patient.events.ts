import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const patientStream = (patientId: string) => `patient-${patientId}`;

export const sexSchema = z.enum(['female', 'male', 'other', 'unknown']);
export const channelSchema = z.enum(['email', 'sms', 'none']);

export const identitySchema = z.strictObject({
  familyName: z.string().min(1),
  givenName: z.string().min(1),
  birthDate: localDateSchema,
  sex: sexSchema,
  phone: z.string().optional(),
  email: z.string().optional(),
});
export type Identity = z.infer<typeof identitySchema>;

/** What speaks against treatment, as far as it is known (S0-C1 to S0-C8, S4-C1). Codes where a list knows them, text otherwise. */
export const healthSchema = z.strictObject({
  allergies: z.array(z.string().min(1)),
  conditions: z.array(z.string().min(1)),
  medications: z.array(z.string().min(1)),
});
export type Health = z.infer<typeof healthSchema>;

/** How the patient wants to be told things, and whether they may be. */
export const contactPreferenceSchema = z.strictObject({
  /** BCP 47. */
  language: z.string().min(2),
  channel: channelSchema,
  contactConsent: z.boolean(),
});
export type ContactPreference = z.infer<typeof contactPreferenceSchema>;

export const PatientRegistered = eventType('PatientRegistered', {
  subject: 'patientId',
  schema: z.strictObject({
    patientId: z.uuid(),
    preference: contactPreferenceSchema,
    identity: personal('contact', identitySchema),
    health: personal('clinical', healthSchema),
  }),
});

export const PatientContactPreferenceChanged = eventType('PatientContactPreferenceChanged', {
  schema: z.strictObject({ patientId: z.uuid(), preference: contactPreferenceSchema }),
});

/** The whole of what is known of the patient's health from now on; what was known before stays in the history. */
export const PatientHealthRecorded = eventType('PatientHealthRecorded', {
  subject: 'patientId',
  schema: z.strictObject({ patientId: z.uuid(), health: personal('clinical', healthSchema) }),
});

export const PATIENT_EVENTS = [PatientRegistered, PatientContactPreferenceChanged, PatientHealthRecorded] as const;
export type PatientEvent = EventOf<(typeof PATIENT_EVENTS)[number]>;
