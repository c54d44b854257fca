import { type EventOf, eventType, type Upcaster } from '#libs/event-store/src/event-type.js';
import { instantSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const messageStream = (messageId: string) => `message-${messageId}`;

export const messageKindSchema = z.enum([
  'aftercare',
  'all-clear',
  'check-in',
  'session-reminder',
  /** No aspirin or NSAID from now on (S0-P1). */
  'aspirin-notice',
  /** Any other thing to leave off ahead of a session, where a chain's protocol names one. */
  'precaution-notice',
  'maintenance-due-soon',
  'maintenance-due',
  'maintenance-overdue',
]);
export type MessageKind = z.infer<typeof messageKindSchema>;

/** What a message is about: a session, or a maintenance window of a course. */
export const causeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('session'), sessionId: z.uuid() }),
  z.strictObject({ kind: z.literal('maintenance-window'), ordinal: z.number().int().positive() }),
]);
export type Cause = z.infer<typeof causeSchema>;

export const suppressionReasonSchema = z.enum([
  /** A newer message about the same thing has taken its place. */
  'superseded',
  'session-cancelled',
  'session-missed',
  'session-performed',
  'session-rescheduled',
  'course-stopped',
  /** No session for longer than the protocol allows, and a person has decided that the course is over. */
  'course-lapsed',
  'course-completed',
  'maintenance-declined',
  'maintenance-window-moved',
  'maintenance-booked',
  /** A later course of the patient under the same protocol has begun: the former one's rhythm is over. */
  'rhythm-ended',
  /** The consent to the treatment itself was withdrawn. */
  'consent-withdrawn',
  /** The patient may not be written to. */
  'no-consent',
  'no-channel',
  'patient-erased',
  'patient-died',
  'patient-moved-away',
  /** What it rests on was entered by mistake, and was taken back. */
  'cause-retracted',
  /** The same was told before a correction changed it: what was sent stays sent. */
  'already-told',
]);
export type SuppressionReason = z.infer<typeof suppressionReasonSchema>;

export const transportSchema = z.enum(['outbox']);

const ofMessage = { messageId: z.uuid() };

/** Planned once for each key: cause, kind, recipient, generation. Codes and dates only; the text is made when it leaves. */
export const MessagePlanned = eventType('MessagePlanned', {
  schema: z.strictObject({
    ...ofMessage,
    kind: messageKindSchema,
    courseId: z.uuid(),
    patientId: z.uuid(),
    /** Whose zone and quiet hours apply. */
    siteId: z.uuid(),
    cause: causeSchema,
    /** Raised only by a domain event that changes what the recipient must be told. */
    generation: z.number().int().nonnegative(),
    /** Code of the protocol's precaution that a notice is about. */
    precaution: z.string().optional(),
    /** When it should leave, by the chain's clock; wall time, zone and tz-database version are kept. */
    due: zonedTimeSchema,
    /** After this instant it would be useless. */
    expiresAt: instantSchema,
    /** Ids of the published facts that the rule behind it rests on. */
    facts: z.array(z.string()),
  }),
});

/** It was due in quiet hours and waits until they end. */
export const MessageDeferred = eventType('MessageDeferred', {
  schema: z.strictObject({ ...ofMessage, until: zonedTimeSchema, reason: z.literal('quiet-hours') }),
});

const unchanged: Upcaster = (data) => data;

/**
 * What stands against the session that it is about. It is not lost: it is looked at again until nothing stands against
 * the session any more, or the message is of no use any more.
 */
export const MessageHeld = eventType('MessageHeld', {
  schema: z.strictObject({
    ...ofMessage,
    /** Ids of the rules that stand against the session, in order; never personal data. */
    reasons: z.array(z.string().min(1)).min(1),
  }),
});

/** Nothing stands against the session any more. */
export const MessageReleased = eventType('MessageReleased', { schema: z.strictObject(ofMessage) });

/** Committed before the provider is called: from here on it may have been sent. */
export const MessageAttempted = eventType('MessageAttempted', {
  schema: z.strictObject({
    ...ofMessage,
    /** Counts from 1. */
    attempt: z.number().int().positive(),
    transport: transportSchema,
    /** The channel that the patient chose. */
    channel: z.enum(['email', 'sms']),
    language: z.string(),
    /** SHA-256 of the template that was rendered, in hex. */
    templateHash: z.string(),
    /** What the provider tells repeats by; derived from the message, so the same for every attempt. */
    idempotencyKey: z.string(),
  }),
});

export const MessageSent = eventType('MessageSent', {
  schema: z.strictObject({
    ...ofMessage,
    attempt: z.number().int().positive(),
    transport: transportSchema,
    channel: z.enum(['email', 'sms']),
    providerReference: z.string(),
  }),
});

export const MessageSuppressed = eventType('MessageSuppressed', {
  // Version 2 knows more reasons.
  version: 2,
  upcasters: [unchanged],
  schema: z.strictObject({ ...ofMessage, reason: suppressionReasonSchema }),
});

export const MessageExpired = eventType('MessageExpired', {
  version: 2,
  upcasters: [unchanged],
  schema: z.strictObject({
    ...ofMessage,
    /** What it was held for to the end, where it was. */
    heldFor: z.array(z.string().min(1)).min(1).optional(),
  }),
});

export const MessageFailed = eventType('MessageFailed', {
  schema: z.strictObject({ ...ofMessage, attempt: z.number().int().positive(), problem: z.string() }),
});

/** The provider may or may not have accepted it. */
export const MessageOutcomeUnknown = eventType('MessageOutcomeUnknown', {
  schema: z.strictObject({ ...ofMessage, attempt: z.number().int().positive(), problem: z.string() }),
});

export const MESSAGE_EVENTS = [
  MessagePlanned,
  MessageDeferred,
  MessageHeld,
  MessageReleased,
  MessageAttempted,
  MessageSent,
  MessageSuppressed,
  MessageExpired,
  MessageFailed,
  MessageOutcomeUnknown,
] as const;
export type MessageEvent = EventOf<(typeof MESSAGE_EVENTS)[number]>;
