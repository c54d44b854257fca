import { listQueryOf, pageSchemaOf, queryOf } from '#libs/http/src/validation.js';
import { instantSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { courseRefSchema, personSchema } from '#libs/treatment/src/shared.contract.js';
import { z } from 'zod';
import { causeSchema, messageKindSchema, replyMeaningSchema } from '../message/message.events.js';

export const MESSAGE_STATUSES = ['pending', 'sent', 'suppressed', 'expired', 'failed', 'unknown'] as const;

/** What a clock at the course's site showed. */
const siteTimeSchema = z.strictObject({ wall: wallTimeSchema, zone: z.string() }).meta({ id: 'SiteTime' });

/** A message as it stands. `pending` counts one that is held, and one whose provider has not answered yet. */
export const messageViewSchema = z
  .strictObject({
    id: z.uuid(),
    kind: messageKindSchema,
    status: z.enum(MESSAGE_STATUSES),
    patient: personSchema,
    course: courseRefSchema,
    /** As it was planned, shown in the zone of the course's site. */
    due: z.strictObject({ wall: wallTimeSchema, zone: z.string(), instant: instantSchema }),
    /** When it may leave: later than `due` after quiet hours; null once it is settled. */
    nextDue: instantSchema.nullable(),
    sentAt: instantSchema.nullable(),
    /** The same in the zone of the course's site. */
    sentWall: siteTimeSchema.nullable(),
    channel: z.enum(['email', 'sms']).nullable(),
    /** What stands against the session that it is about, by ids of rules, while it is held for that; else empty. */
    heldFor: z.array(z.string()),
    /** Why it was suppressed, has failed or is unknown. */
    reason: z.string().nullable(),
    /** What the provider has said since it took it; null: nothing. */
    delivery: z.enum(['delivered', 'undelivered']).nullable(),
    /** What the patient answered last. */
    reply: replyMeaningSchema.nullable(),
  })
  .meta({ id: 'Message' });
export type MessageView = z.infer<typeof messageViewSchema>;

/** One event of a message: its type, when it was recorded, and what it says. */
export const messageStepSchema = z.looseObject({ type: z.string(), at: instantSchema }).meta({ id: 'MessageStep' });

/** What the patient answered, in their own words where it came as an SMS. */
const messageAnswerSchema = z
  .strictObject({
    at: instantSchema,
    meaning: replyMeaningSchema,
    via: z.enum(['sms', 'link']),
    /** Null for a link, and where the patient was erased. */
    text: z.string().nullable(),
  })
  .meta({ id: 'MessageAnswer' });

/** What became of a message and why, from its own events. */
export const messageDetailSchema = z
  .strictObject({
    ...messageViewSchema.shape,
    history: z.array(messageStepSchema),
    /** Oldest first. */
    answers: z.array(messageAnswerSchema),
    facts: z.array(z.string()),
    cause: causeSchema,
    generation: z.number().int(),
    expiresAt: instantSchema,
  })
  .meta({ id: 'MessageDetail' });
export type MessageDetail = z.infer<typeof messageDetailSchema>;

const count = z.number().int().nonnegative();
/** planned = sent + suppressed + expired + failed + unknown + pending, each counted from its own rows. */
export const messageBalanceSchema = z
  .strictObject({
    planned: count,
    sent: count,
    suppressed: count,
    expired: count,
    failed: count,
    unknown: count,
    pending: count,
  })
  .meta({ id: 'MessageBalance' });
export type MessageBalance = z.infer<typeof messageBalanceSchema>;

/** How many messages there are of each kind in each status; a pair that there is none of is left out. */
export const messageCountsSchema = z
  .strictObject({
    items: z.array(z.strictObject({ kind: messageKindSchema, status: z.enum(MESSAGE_STATUSES), messages: count })),
  })
  .meta({ id: 'MessageCounts' });
export type MessageCounts = z.infer<typeof messageCountsSchema>;

export const outboxItemSchema = z
  .strictObject({
    messageId: z.uuid(),
    kind: messageKindSchema,
    channel: z.enum(['email', 'sms']),
    /** Address or number; null where the patient was erased. */
    to: z.string().nullable(),
    language: z.string(),
    /** Null for an SMS, and where the patient was erased. */
    subject: z.string().nullable(),
    /** Plain text; null where the patient was erased. */
    body: z.string().nullable(),
    /** By the chain's clock. */
    sentAt: instantSchema,
    /** The same in the zone of the course's site. */
    sentWall: siteTimeSchema,
    patient: personSchema,
    course: courseRefSchema,
  })
  .meta({ id: 'OutboxItem' });
export type OutboxItem = z.infer<typeof outboxItemSchema>;

export const messageListSchema = pageSchemaOf(messageViewSchema).meta({ id: 'MessageList' });
export const outboxListSchema = pageSchemaOf(outboxItemSchema).meta({ id: 'OutboxList' });

/** `patient`, `course` and `site` take an id or a code. */
export const messageListParamsSchema = listQueryOf({
  status: z.enum(MESSAGE_STATUSES).optional(),
  kind: messageKindSchema.optional(),
  patient: z.string().min(1).optional(),
  course: z.string().min(1).optional(),
  site: z.string().min(1).optional(),
});
export const messageCountsParamsSchema = queryOf({ site: z.string().min(1).optional() });
export const outboxParamsSchema = listQueryOf({
  site: z.string().min(1).optional(),
  message: z.uuid().optional().describe('That one alone.'),
});
