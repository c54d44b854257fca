import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { codeSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';
import { conclusionSchema, formHashSchema } from './consultation.events.js';

const reference = z.string().min(1).max(200);
const writtenReason = z.string().trim().min(1).max(5_000);

/** By topic: `goals`, `expectations`, `concerns`, `complaints`, `examination`, `health-condition`, and what a protocol adds. */
const notesSchema = z.record(codeSchema, z.string().trim().min(1).max(20_000));

/** Wall time at the site; the chain's present time when left out. */
const at = wallTimeSchema.optional();

const heldShape = {
  site: reference,
  practitioner: reference,
  /** Code of the protocol that is talked about. */
  procedure: z.string().min(1),
  notes: notesSchema.default({}),
};

export const holdConsultationSchema = z
  .strictObject({
    patient: reference,
    ...heldShape,
    at,
  })
  .meta({ id: 'HoldConsultation' });

export const noteConsultationSchema = z
  .strictObject({
    practitioner: reference,
    notes: notesSchema.refine((notes) => Object.keys(notes).length > 0, 'a note of at least one topic'),
    at,
  })
  .meta({ id: 'NoteConsultation' });

const answerSchema = z.strictObject({
  /** Code of a contraindication of the protocol. */
  code: codeSchema,
  answer: z.enum(['yes', 'no', 'unknown']),
  /** The conditions, medicines or substances that the patient names, one each. */
  details: z.array(z.string().trim().min(1).max(500)).min(1).max(100).optional(),
  /** Since when it is so, as far as the patient knows. */
  since: localDateSchema.optional(),
});

export const answerQuestionnaireSchema = z
  .strictObject({ answers: z.array(answerSchema).min(1).max(200), at })
  .meta({ id: 'AnswerQuestionnaire' });

export const considerProductsSchema = z
  .strictObject({
    products: z
      .array(
        z.strictObject({
          product: z.string().trim().min(1).max(200),
          /** Of a lot at the site of the consultation, whose ingredients count. */
          lotNumber: z.string().trim().min(1).max(200).optional(),
          /** As they stand on the package, where no lot says it. */
          ingredients: z.array(z.string().trim().min(1).max(200)).min(1).max(200).optional(),
        }),
      )
      .max(50),
    at,
  })
  .meta({ id: 'ConsiderProducts' });

export const requestTestSchema = z.strictObject({ test: codeSchema, at }).meta({ id: 'RequestTest' });

export const recordTestResultSchema = z
  .strictObject({
    test: codeSchema,
    /** The day of the sample. */
    on: localDateSchema,
    /** Whether it allows the treatment. */
    acceptable: z.boolean(),
    values: z
      .array(
        z.strictObject({
          name: z.string().trim().min(1).max(200),
          value: z.string().trim().min(1).max(500),
          unit: z.string().trim().min(1).max(50).optional(),
        }),
      )
      .max(500)
      .default([]),
  })
  .meta({ id: 'RecordTestResult' });

export const overrideContraindicationSchema = z
  .strictObject({
    code: codeSchema,
    /** The physician who accepts it. */
    practitioner: reference,
    reason: writtenReason,
    at,
  })
  .meta({ id: 'OverrideContraindication' });

export const concludeConsultationSchema = z
  .strictObject({
    practitioner: reference,
    conclusion: conclusionSchema,
    /** Why it is deferred or refused. */
    reason: z.string().trim().max(5_000).default(''),
    at,
  })
  .meta({ id: 'ConcludeConsultation' });

export const signConsentSchema = z
  .strictObject({
    procedure: z.string().min(1),
    signedOn: localDateSchema,
    formHash: formHashSchema,
    /** What the chain calls the form, and which version of it. */
    formId: z.string().trim().min(1).max(200).optional(),
    formVersion: z.string().trim().min(1).max(100).optional(),
    signedBy: z.enum(['patient', 'guardian']).default('patient'),
    validUntil: localDateSchema.nullable().default(null),
  })
  .meta({ id: 'SignConsent' });

export const withdrawConsentSchema = z
  .strictObject({
    procedure: z.string().min(1),
    at,
  })
  .meta({ id: 'WithdrawConsent' });

/**
 * The whole of an entry anew, in the form of the command that made it; `type` is that of the entry. `at` is when it
 * happened, and stays as it was where it is left out.
 */
export const CONSULTATION_CORRECTIONS = [
  z.strictObject({ type: z.literal('ConsultationHeld'), ...heldShape, at }),
  noteConsultationSchema.extend({ type: z.literal('ConsultationNoted') }),
  answerQuestionnaireSchema.extend({ type: z.literal('QuestionnaireAnswered') }),
  considerProductsSchema.extend({ type: z.literal('ProductsConsidered') }),
  requestTestSchema.extend({ type: z.literal('TestRequested') }),
  recordTestResultSchema.extend({ type: z.literal('TestResultRecorded') }),
  overrideContraindicationSchema.extend({ type: z.literal('ContraindicationOverridden') }),
  concludeConsultationSchema.extend({ type: z.literal('ConsultationConcluded') }),
  signConsentSchema.extend({
    type: z.literal('ConsentSigned'),
    // What an old history left out may stay left out.
    formHash: formHashSchema.optional(),
    signedBy: z.enum(['patient', 'guardian']).optional(),
  }),
  withdrawConsentSchema.extend({ type: z.literal('ConsentWithdrawn') }),
] as const;

export const correctConsultationEntrySchema = z
  .strictObject({ data: z.discriminatedUnion('type', CONSULTATION_CORRECTIONS), reason: writtenReason })
  .meta({ id: 'CorrectConsultationEntry' });

export const retractConsultationEntrySchema = z
  .strictObject({ reason: writtenReason })
  .meta({ id: 'RetractConsultationEntry' });

export type HoldConsultationData = z.infer<typeof holdConsultationSchema>;
export type NoteConsultationData = z.infer<typeof noteConsultationSchema>;
export type AnswerQuestionnaireData = z.infer<typeof answerQuestionnaireSchema>;
export type ConsiderProductsData = z.infer<typeof considerProductsSchema>;
export type RequestTestData = z.infer<typeof requestTestSchema>;
export type RecordTestResultData = z.infer<typeof recordTestResultSchema>;
export type OverrideContraindicationData = z.infer<typeof overrideContraindicationSchema>;
export type ConcludeConsultationData = z.infer<typeof concludeConsultationSchema>;
export type SignConsentData = z.infer<typeof signConsentSchema>;
export type WithdrawConsentData = z.infer<typeof withdrawConsentSchema>;
export type CorrectConsultationEntryData = z.infer<typeof correctConsultationEntrySchema>;
export type RetractConsultationEntryData = z.infer<typeof retractConsultationEntrySchema>;
