import { correctionOf, retractionOf } from '#libs/event-store/src/correction.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { instantSchema, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { ADVERSE_EVENT_EVENTS, type AdverseEventEvent } from '../adverse-event/adverse-event.events.js';
import { CONTACT_EVENTS, type ContactEvent } from '../contact/contact.events.js';

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

export const healthFactKindSchema = z.enum(['condition', 'medication', 'allergy']);
export type HealthFactKind = z.infer<typeof healthFactKindSchema>;

/**
 * One thing about a patient's health that was learned, whenever, with the time in which it holds. Occurred on the first
 * day of it; where nobody knows that, when it was recorded.
 */
export const HealthFactRecorded = eventType('HealthFactRecorded', {
  subject: 'patientId',
  version: 2,
  // Under version 1 nobody said where it came from, and it says no more than it said.
  upcasters: [(data) => data],
  schema: z.strictObject({
    patientId: z.uuid(),
    factId: z.uuid(),
    kind: healthFactKindSchema,
    /** The first day on which it holds; null: as long as anybody knows. */
    since: localDateSchema.nullable(),
    /** The last day on which it holds; null: it goes on. */
    until: localDateSchema.nullable(),
    /** A code where a list knows it, text otherwise. */
    statement: personal('clinical', z.string().min(1)),
    /** The consultation whose answers or results say it; left out where it was recorded by itself. */
    consultationId: z.uuid().optional(),
  }),
});

export const HealthFactEnded = eventType('HealthFactEnded', {
  schema: z.strictObject({
    patientId: z.uuid(),
    factId: z.uuid(),
    /** The last day on which it holds. */
    until: localDateSchema,
  }),
});

/** A course was planned for the patient: written in one append with it, so that a person's courses are found from here. */
export const CourseEntered = eventType('CourseEntered', {
  schema: z.strictObject({ patientId: z.uuid(), courseId: z.uuid() }),
});

/**
 * The withdrawals of consents that stand in a consultation, all of them: what a patient has withdrawn ends the consents
 * for the procedure in every consultation of the person. Written in one append with the entry that changes them, a
 * correction or a retraction of one included; the latest of a consultation counts.
 */
export const ConsentWithdrawalsEntered = eventType('ConsentWithdrawalsEntered', {
  schema: z.strictObject({
    patientId: z.uuid(),
    consultationId: z.uuid(),
    withdrawals: z.array(
      z.strictObject({
        procedure: z.string().min(1),
        /** The day at the site of the consultation. */
        on: localDateSchema,
        at: instantSchema,
      }),
    ),
  }),
});

/**
 * How a consultation ended that did not end cleared, as it stands; null: it ended otherwise since, or was not concluded
 * after all. Nothing rests on a clearance that came before it. Written in one append with the entry that changes it, a
 * correction or a retraction of one included; the latest of a consultation counts.
 */
export const ConsultationOutcomeEntered = eventType('ConsultationOutcomeEntered', {
  schema: z.strictObject({
    patientId: z.uuid(),
    consultationId: z.uuid(),
    ended: z
      .strictObject({
        procedure: z.string().min(1),
        outcome: z.enum(['deferred', 'refused']),
        /** Of a deferral: the day from which on it may be thought of again; null: of a refusal. */
        until: localDateSchema.nullable(),
        /** The day at the site of the consultation. */
        on: localDateSchema,
        /** Left out where only the day is known. */
        at: instantSchema.optional(),
      })
      .nullable(),
  }),
});

/** Two registrations are one person. Written to both streams in one append, each naming the other. */
export const PatientLinked = eventType('PatientLinked', {
  subject: 'patientId',
  schema: z.strictObject({
    patientId: z.uuid(),
    otherPatientId: z.uuid(),
    linkId: z.uuid(),
    reason: personal('clinical', z.string().min(1)),
  }),
});

/** A link was a mistake, or the two are to be kept apart again. Written to both streams in one append. */
export const PatientUnlinked = eventType('PatientUnlinked', {
  subject: 'patientId',
  schema: z.strictObject({
    patientId: z.uuid(),
    otherPatientId: z.uuid(),
    linkId: z.uuid(),
    reason: personal('clinical', z.string().min(1)),
  }),
});

export const PatientDied = eventType('PatientDied', {
  schema: z.strictObject({ patientId: z.uuid(), on: localDateSchema }),
});

export const PatientMovedAway = eventType('PatientMovedAway', {
  schema: z.strictObject({ patientId: z.uuid(), on: localDateSchema }),
});

export const PatientReturned = eventType('PatientReturned', {
  schema: z.strictObject({ patientId: z.uuid(), on: localDateSchema }),
});

export const guardianSchema = z.strictObject({
  name: z.string().min(1),
  /** To the patient: mother, guardian by court … */
  relation: z.string().min(1),
  phone: z.string().min(1).optional(),
});
export type Guardian = z.infer<typeof guardianSchema>;

/** Who consents for a patient under age; takes the place of whoever was named before. */
export const GuardianNamed = eventType('GuardianNamed', {
  subject: 'patientId',
  schema: z.strictObject({ patientId: z.uuid(), guardian: personal('contact', guardianSchema) }),
});

/**
 * The person was erased under this registration: from here on nothing that was said of them is read, whether or not their
 * keys are destroyed already. Decided by libs/erasure; a registration that is linked has an event of its own.
 */
export const PatientErased = eventType('PatientErased', {
  schema: z.strictObject({ patientId: z.uuid(), erasureId: z.uuid() }),
});

const PATIENT_BASE = [
  PatientRegistered,
  PatientContactPreferenceChanged,
  PatientHealthRecorded,
  HealthFactRecorded,
  HealthFactEnded,
  CourseEntered,
  ConsentWithdrawalsEntered,
  ConsultationOutcomeEntered,
  PatientLinked,
  PatientUnlinked,
  PatientDied,
  PatientMovedAway,
  PatientReturned,
  GuardianNamed,
  PatientErased,
] as const;
/** What the fold of a patient's stream sees: corrections and retractions were applied before. */
export type PatientEvent = EventOf<(typeof PATIENT_BASE)[number]> | AdverseEventEvent | ContactEvent;

const ofPatient = { subject: 'patientId' } as const;
export const PatientRegisteredCorrected = correctionOf(PatientRegistered);
export const PatientHealthRecordedCorrected = correctionOf(PatientHealthRecorded);
export const HealthFactRecordedCorrected = correctionOf(HealthFactRecorded);
export const HealthFactEndedCorrected = correctionOf(HealthFactEnded, ofPatient);
export const PatientDiedCorrected = correctionOf(PatientDied, ofPatient);
export const PatientMovedAwayCorrected = correctionOf(PatientMovedAway, ofPatient);
export const PatientReturnedCorrected = correctionOf(PatientReturned, ofPatient);

/** An entry of the patient's stream, or a correction of one, is taken back. */
export const PatientEntryRetracted = retractionOf(
  'PatientEntryRetracted',
  {
    patientId: z.uuid(),
    /** The physician by whom an adverse event that was open is taken back. */
    physicianId: z.uuid().optional(),
    /** The consultation in which an entry was corrected, or taken back, that this one rested on. */
    consultationId: z.uuid().optional(),
  },
  // What was written under version 1 names no physician, under version 2 no consultation; neither said more than it says.
  { ...ofPatient, version: 3, upcasters: [(data) => data, (data) => data] },
);

/** Every type of event of a patient's stream. */
export const PATIENT_EVENTS = [
  ...PATIENT_BASE,
  PatientRegisteredCorrected,
  PatientHealthRecordedCorrected,
  HealthFactRecordedCorrected,
  HealthFactEndedCorrected,
  PatientDiedCorrected,
  PatientMovedAwayCorrected,
  PatientReturnedCorrected,
  PatientEntryRetracted,
  ...ADVERSE_EVENT_EVENTS,
  ...CONTACT_EVENTS,
] as const;
