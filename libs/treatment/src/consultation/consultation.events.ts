import { correctionOf, retractionOf } from '#libs/event-store/src/correction.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { codeSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';
import { readAsItStands } from './consultation.upcasters.js';

export const consultationStream = (consultationId: string) => `consultation-${consultationId}`;

/** Every event of a consultation names the consultation and the patient. */
const ofConsultation = { consultationId: z.uuid(), patientId: z.uuid() };

/**
 * What the patient said and what was found, by topic (S2-V1: goals, expectations, concerns; S3-V1: complaints,
 * examination, health condition; further topics where a protocol asks for them). Free text, so all of it is closed.
 */
const notesSchema = z.record(z.string(), z.string());
export type ConsultationNotes = z.infer<typeof notesSchema>;

export const conclusionSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('cleared') }),
  z.strictObject({ outcome: z.literal('deferred'), until: localDateSchema }),
  z.strictObject({ outcome: z.literal('refused') }),
]);
export type Conclusion = z.infer<typeof conclusionSchema>;

/** One question of the health questionnaire, which is a contraindication of the protocol, and what was answered. */
export const questionnaireAnswerSchema = z.strictObject({
  /** Code of the contraindication. */
  code: codeSchema,
  answer: z.enum(['yes', 'no', 'unknown']),
  /** The conditions, medicines or substances that were named, one each. */
  details: z.array(z.string().min(1)).optional(),
  /** Since when it is so, as far as the patient knows. */
  since: localDateSchema.optional(),
});
export type QuestionnaireAnswer = z.infer<typeof questionnaireAnswerSchema>;

/** One value of a test's result, as the laboratory reported it. */
export const testValueSchema = z.strictObject({
  name: z.string().min(1),
  value: z.string().min(1),
  unit: z.string().min(1).optional(),
});
export type TestValue = z.infer<typeof testValueSchema>;

/** SHA-256 of a form as it was signed, in hex. */
export const formHashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'the SHA-256 of the form, as 64 hexadecimal digits');

export const ConsultationHeld = eventType('ConsultationHeld', {
  version: 2,
  upcasters: [readAsItStands],
  subject: 'patientId',
  schema: z.strictObject({
    ...ofConsultation,
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    /** Code of the protocol that was talked about. */
    procedure: z.string().min(1),
    notes: personal('clinical', notesSchema),
  }),
});

/** More was said or found; a topic that was noted before is noted anew. */
export const ConsultationNoted = eventType('ConsultationNoted', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofConsultation,
    practitionerId: z.uuid(),
    notes: personal('clinical', notesSchema),
  }),
});

/** Answers to questions of the protocol's health questionnaire (S0-C1 to S0-C8, S4-C1); the latest to each counts. */
export const QuestionnaireAnswered = eventType('QuestionnaireAnswered', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofConsultation,
    /** Which questions were answered, without how: completeness is judged without opening anything. */
    answeredCodes: z.array(codeSchema).min(1),
    answers: personal('clinical', z.array(questionnaireAnswerSchema)),
  }),
});

/** The products that are planned, all of them, and what is known of their ingredients (S0-C5). */
export const ProductsConsidered = eventType('ProductsConsidered', {
  schema: z.strictObject({
    ...ofConsultation,
    products: z.array(z.string().min(1)),
    /** What each of them is made of; products about which nothing is known are left out. */
    ingredients: z.array(z.strictObject({ product: z.string().min(1), ingredients: z.array(z.string().min(1)) })),
  }),
});

/** A test was asked for (S3-L1). */
export const TestRequested = eventType('TestRequested', {
  schema: z.strictObject({ ...ofConsultation, test: codeSchema }),
});

/** The result of a test and what it means for the treatment (S3-L1). */
export const TestResultRecorded = eventType('TestResultRecorded', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofConsultation,
    test: codeSchema,
    /** The day of the sample. */
    on: localDateSchema,
    /** Whether it allows the treatment. */
    acceptable: z.boolean(),
    values: personal('clinical', z.array(testValueSchema)),
  }),
});

/** A physician accepts a contraindication that was found, in writing. */
export const ContraindicationOverridden = eventType('ContraindicationOverridden', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofConsultation,
    practitionerId: z.uuid(),
    /** Which one it is says what the patient has. */
    code: personal('clinical', codeSchema),
    reason: personal('clinical', z.string().min(1)),
  }),
});

export const ConsultationConcluded = eventType('ConsultationConcluded', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofConsultation,
    practitionerId: z.uuid(),
    conclusion: conclusionSchema,
    /** Why it was deferred or refused; empty otherwise. */
    reason: personal('clinical', z.string()),
  }),
});

/** The signature under one exact version of a form, for one procedure. */
export const ConsentSigned = eventType('ConsentSigned', {
  version: 2,
  upcasters: [readAsItStands],
  schema: z.strictObject({
    ...ofConsultation,
    procedure: z.string().min(1),
    signedOn: localDateSchema,
    /** SHA-256 of the form as it was signed, in hex; missing for a signature from an old history. */
    formHash: formHashSchema.optional(),
    /** What the chain calls the form, and which version of it. */
    formId: z.string().min(1).optional(),
    formVersion: z.string().min(1).optional(),
    /** Missing where an old history does not say. */
    signedBy: z.enum(['patient', 'guardian']).optional(),
    /** The last valid day; null: until withdrawn. */
    validUntil: localDateSchema.nullable(),
  }),
});

export const ConsentWithdrawn = eventType('ConsentWithdrawn', {
  schema: z.strictObject({ ...ofConsultation, procedure: z.string().min(1) }),
});

const BASE = [
  ConsultationHeld,
  ConsultationNoted,
  QuestionnaireAnswered,
  ProductsConsidered,
  TestRequested,
  TestResultRecorded,
  ContraindicationOverridden,
  ConsultationConcluded,
  ConsentSigned,
  ConsentWithdrawn,
] as const;

/** What happened in a consultation, corrections apart: folds are given histories in which those are applied. */
export type ConsultationEvent = EventOf<(typeof BASE)[number]>;

const subject = 'patientId';
export const ConsultationHeldCorrected = correctionOf(ConsultationHeld);
export const ConsultationNotedCorrected = correctionOf(ConsultationNoted);
export const QuestionnaireAnsweredCorrected = correctionOf(QuestionnaireAnswered);
export const ProductsConsideredCorrected = correctionOf(ProductsConsidered, { subject });
export const TestRequestedCorrected = correctionOf(TestRequested, { subject });
export const TestResultRecordedCorrected = correctionOf(TestResultRecorded);
export const ContraindicationOverriddenCorrected = correctionOf(ContraindicationOverridden);
export const ConsultationConcludedCorrected = correctionOf(ConsultationConcluded);
export const ConsentSignedCorrected = correctionOf(ConsentSigned, { subject });
export const ConsentWithdrawnCorrected = correctionOf(ConsentWithdrawn, { subject });
/** An entry of a consultation never happened. */
export const ConsultationEntryRetracted = retractionOf('ConsultationEntryRetracted', ofConsultation, { subject });

const CORRECTIONS = [
  ConsultationHeldCorrected,
  ConsultationNotedCorrected,
  QuestionnaireAnsweredCorrected,
  ProductsConsideredCorrected,
  TestRequestedCorrected,
  TestResultRecordedCorrected,
  ContraindicationOverriddenCorrected,
  ConsultationConcludedCorrected,
  ConsentSignedCorrected,
  ConsentWithdrawnCorrected,
  ConsultationEntryRetracted,
] as const;

export const CONSULTATION_EVENTS = [...BASE, ...CORRECTIONS] as const;
/** What may stand in a consultation's stream. */
export type ConsultationEntry = EventOf<(typeof CONSULTATION_EVENTS)[number]>;
