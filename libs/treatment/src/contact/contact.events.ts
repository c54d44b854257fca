import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { zoneSchema } from '#libs/kernel/src/zoned-time.js';
import { contactCategorySchema } from '#libs/protocols/src/contact-category.js';
import { z } from 'zod';

/** How a wish reached us: by a link in a message, by an answer to one, or told to somebody of the staff. */
export const wishedBySchema = z.enum(['link', 'reply', 'staff']);
export type WishedBy = z.infer<typeof wishedBySchema>;

const chosenChannelSchema = z.enum(['email', 'sms', 'none']);

/** Where the patient's general preference does not say enough. What is left out follows that preference. */
export const contactChoicesSchema = z.strictObject({
  channels: z
    .strictObject({
      clinical: chosenChannelSchema.optional(),
      appointment: chosenChannelSchema.optional(),
      recall: chosenChannelSchema.optional(),
    })
    .default({}),
  /** Where the patient lives: quiet hours go by it. Null: as at the site of the course. */
  timeZone: zoneSchema.nullable().default(null),
});
export type ContactChoices = z.infer<typeof contactChoicesSchema>;

const ofWish = {
  patientId: z.uuid(),
  categories: z.array(contactCategorySchema).min(1),
  by: wishedBySchema,
  /** The message that was answered, where one was. */
  messageId: z.uuid().nullable(),
};

/** The patient wants no more messages of these kinds, until told otherwise. */
export const PatientOptedOut = eventType('PatientOptedOut', { schema: z.strictObject(ofWish) });

/** The patient wants them again. */
export const PatientOptedIn = eventType('PatientOptedIn', { schema: z.strictObject(ofWish) });

/**
 * The patient sent STOP to a number of ours: nothing goes to them by SMS, whatever it is about. What they chose stays; by
 * e-mail they are told what they want to be told.
 */
export const PatientSmsStopped = eventType('PatientSmsStopped', {
  schema: z.strictObject({ patientId: z.uuid(), messageId: z.uuid() }),
});

/** The patient sent START to a number of ours. */
export const PatientSmsResumed = eventType('PatientSmsResumed', {
  schema: z.strictObject({ patientId: z.uuid(), messageId: z.uuid() }),
});

export const PatientContactChoicesSet = eventType('PatientContactChoicesSet', {
  schema: z.strictObject({ patientId: z.uuid(), choices: contactChoicesSchema }),
});

export const CONTACT_EVENTS = [
  PatientOptedOut,
  PatientOptedIn,
  PatientSmsStopped,
  PatientSmsResumed,
  PatientContactChoicesSet,
] as const;
export type ContactEvent = EventOf<(typeof CONTACT_EVENTS)[number]>;
