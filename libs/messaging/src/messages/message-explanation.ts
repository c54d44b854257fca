import { instantSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { contactCategorySchema } from '#libs/protocols/src/contact-category.js';
import { z } from 'zod';
import { causeSchema, messageKindSchema, transportSchema } from '../message/message.events.js';
import { MESSAGE_STATUSES } from './message.views.js';

const clockSpanSchema = z.strictObject({ from: z.string(), to: z.string() });

/** What was on record when something was decided, as far as it has a say in every message. */
const basisSchema = z
  .strictObject({
    contactConsent: z.boolean(),
    /** Null where the patient wants this kind on none. */
    channel: z.enum(['email', 'sms']).nullable(),
    language: z.string(),
    optedOut: z.array(contactCategorySchema),
    /** The last event of the patient's stream that was known then. */
    patientRevision: z.int(),
    /** Quiet hours are hours of this clock. */
    zone: z.string(),
    quietHours: clockSpanSchema,
    /** Whether the site had said when it is open. */
    opensKnown: z.boolean(),
    cap: z.strictObject({ count: z.int(), days: z.int() }).nullable(),
    siteRevision: z.int(),
  })
  .nullable();

/** One thing that happened to the message, in words and as it was decided. */
const stepSchema = z
  .strictObject({
    at: instantSchema,
    position: z.int(),
    type: z.string(),
    says: z.string(),
    /** Waits until then, where it waits. */
    until: zonedTimeSchema.nullable(),
    attempt: z
      .strictObject({
        number: z.int(),
        transport: transportSchema,
        channel: z.enum(['email', 'sms']),
        language: z.string(),
        templateHash: z.string(),
        idempotencyKey: z.string(),
      })
      .nullable(),
    /** Null where nothing was decided anew: an answer of the provider, or of the patient. */
    basis: basisSchema,
  })
  .meta({ id: 'MessageExplanationStep' });

/** Why a message was planned, when and how it went, or why it did not. */
export const messageExplanationSchema = z
  .strictObject({
    id: z.uuid(),
    kind: messageKindSchema,
    status: z.enum(MESSAGE_STATUSES),
    /** The same thing is told under the same key once, and never again. */
    key: z.strictObject({
      cause: causeSchema,
      recipient: z.uuid(),
      generation: z.int(),
      precaution: z.string().nullable(),
    }),
    rule: z.strictObject({
      protocol: z.string(),
      version: z.int(),
      /** The rule of the protocol that asks for it, as it stands there; null where the record itself does. */
      text: z.unknown().nullable(),
      facts: z.array(z.strictObject({ id: z.string(), statement: z.string().nullable() })),
    }),
    /** The event that it was planned from; null where that is not on record. */
    plannedFrom: z
      .strictObject({
        id: z.uuid(),
        type: z.string(),
        stream: z.string(),
        position: z.int(),
        occurredAt: instantSchema,
        recordedAt: instantSchema,
      })
      .nullable(),
    due: zonedTimeSchema,
    expiresAt: instantSchema,
    steps: z.array(stepSchema),
  })
  .meta({ id: 'MessageExplanation' });
export type MessageExplanation = z.infer<typeof messageExplanationSchema>;
export type ExplanationStep = z.infer<typeof stepSchema>;
export type DecisionBasis = z.infer<typeof basisSchema>;
