import { problemFieldSchema } from '#libs/http/src/problem-details.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { personSchema, siteRefSchema } from '../shared.contract.js';
import { conclusionSchema, questionnaireAnswerSchema, testValueSchema } from './consultation.events.js';

const code = z.string();
const facts = z.array(z.string()).describe('Ids of the published facts it rests on.');

/** A physician's written acceptance; null: there is none. */
const overrideSchema = z
  .strictObject({ practitioner: personSchema, on: localDateSchema, reason: z.string().nullable() })
  .nullable();

/** A consultation as it stands, opened; what was erased is null. */
export const consultationViewSchema = z
  .strictObject({
    id: z.uuid(),
    patient: personSchema,
    site: siteRefSchema,
    practitioner: personSchema,
    /** Code of the protocol. */
    procedure: code,
    heldOn: localDateSchema,
    status: z.enum(['open', 'cleared', 'deferred', 'refused']),
    /** By topic. */
    notes: z.record(z.string(), z.string()).nullable(),
    questionnaire: z.array(
      z.strictObject({
        code,
        /** The question, by language. */
        asks: z.record(z.string(), z.string()),
        blocking: z.boolean(),
        facts,
        /** Null: unanswered, or erased. */
        answer: questionnaireAnswerSchema.omit({ code: true }).nullable(),
      }),
    ),
    /** What is planned to be used; null: nobody has said. */
    products: z
      .array(
        z.strictObject({
          product: z.string(),
          /** Null: nobody knows; an allergy is checked against all that the protocol names. */
          ingredients: z.array(z.string()).nullable(),
        }),
      )
      .nullable(),
    tests: z.array(
      z.strictObject({
        test: code,
        /** Whether the protocol asks for it before the first session. */
        required: z.boolean(),
        /** Asked for, without a result since. */
        pending: z.boolean(),
        results: z.array(
          z.strictObject({
            on: localDateSchema,
            acceptable: z.boolean(),
            values: z.array(testValueSchema).nullable(),
          }),
        ),
      }),
    ),
    /** Blocking ones that were found; null: the health record was erased. */
    contraindications: z
      .array(
        z.strictObject({
          code,
          facts,
          /** `unknown`: the patient does not know. */
          source: z.enum(['answer', 'health-record', 'unknown']),
          overridable: z.boolean(),
          override: overrideSchema,
        }),
      )
      .nullable(),
    /** What a physician must have looked at; null: the health record was erased. */
    reviews: z.array(z.strictObject({ code, facts, override: overrideSchema })).nullable(),
    conclusion: z
      .strictObject({
        conclusion: conclusionSchema,
        on: localDateSchema,
        practitioner: personSchema,
        reason: z.string().nullable(),
        /** The last day on which the findings of a clearance hold; null: until something new is known, or not cleared. */
        validUntil: localDateSchema.nullable(),
      })
      .nullable(),
    consents: z.array(
      z.strictObject({
        procedure: code,
        signedOn: localDateSchema,
        validUntil: localDateSchema.nullable(),
        formHash: z.string().nullable(),
        formId: z.string().nullable(),
        formVersion: z.string().nullable(),
        guardianSigned: z.boolean(),
        withdrawnOn: localDateSchema.nullable(),
      }),
    ),
    /** What a clearance still lacks; empty: nothing, or the consultation is over. */
    missing: z.array(problemFieldSchema),
    /** What it was made of, as each reads now; corrections name the event. */
    entries: z.array(
      z.strictObject({
        event: z.uuid(),
        type: z.string(),
        occurredAt: z.string(),
        recordedAt: z.string(),
        /** Events of the corrections that were applied, in their order. */
        correctedBy: z.array(z.uuid()),
      }),
    ),
    /** For If-Match. */
    revision: z.int().nonnegative(),
  })
  .meta({ id: 'Consultation' });
export type ConsultationView = z.infer<typeof consultationViewSchema>;
