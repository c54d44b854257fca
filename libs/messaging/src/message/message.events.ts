import { type EventOf, eventType, type Upcaster } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { instantSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
import { z } from 'zod';

export const messageStream = (messageId: string) => `message-${messageId}`;

export const messageKindSchema = z.enum([
  'aftercare',
  'all-clear',
  'check-in',
  'session-reminder',
  /** Another time, or none any more, for a session that the patient was reminded of. */
  'session-moved',
  'session-called-off',
  /** No aspirin or NSAID from now on (S0-P1). */
  'aspirin-notice',
  /** Any other thing to leave off ahead of a session, where a chain's protocol names one. */
  'precaution-notice',
  'maintenance-due-soon',
  'maintenance-due',
  'maintenance-overdue',
  /** A time is held for the patient, who says whether it suits. */
  'maintenance-proposal',
]);
export type MessageKind = z.infer<typeof messageKindSchema>;

/** By what patients choose which messages they want, and on which channel. */
const CATEGORIES: Readonly<Record<MessageKind, ContactCategory>> = {
  aftercare: 'clinical',
  'all-clear': 'clinical',
  'check-in': 'clinical',
  'aspirin-notice': 'clinical',
  'precaution-notice': 'clinical',
  'session-reminder': 'appointment',
  'session-moved': 'appointment',
  'session-called-off': 'appointment',
  'maintenance-due-soon': 'recall',
  'maintenance-due': 'recall',
  'maintenance-overdue': 'recall',
  'maintenance-proposal': 'recall',
};
export const categoryOf = (kind: MessageKind): ContactCategory => CATEGORIES[kind];

/** What a message is about: a session, a maintenance window of a course, or a time that is held in one. */
export const causeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('session'), sessionId: z.uuid() }),
  z.strictObject({ kind: z.literal('maintenance-window'), ordinal: z.number().int().positive() }),
  /** A time that is held in a window. */
  z.strictObject({
    kind: z.literal('maintenance-slot'),
    ordinal: z.number().int().positive(),
    slotId: z.uuid(),
  }),
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
  /** The patient wants none of this kind. */
  'opted-out',
  /** The time that was held is not held any more. */
  'slot-released',
]);
export type SuppressionReason = z.infer<typeof suppressionReasonSchema>;

/** Who carries it out of the house. */
export const transportSchema = z.enum(['outbox', 'smtp', 'twilio', 'webhook']);
export type Transport = z.infer<typeof transportSchema>;

/** Of a version that only allows more than the one before. */
const unchanged: Upcaster = (data) => data;

const ofMessage = { messageId: z.uuid() };

/** Planned once for each key: cause, kind, recipient, generation. Codes and dates only; the text is made when it leaves. */
export const MessagePlanned = eventType('MessagePlanned', {
  // Version 2 knows more kinds and causes.
  version: 2,
  upcasters: [unchanged],
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

export const deferralReasonSchema = z.enum([
  'quiet-hours',
  /** It asks the patient to call, and nobody is there. */
  'opening-hours',
  /** The patient has heard enough of us lately. */
  'frequency-cap',
  /** Rules of a zone have changed: the same wall time is another instant now. */
  'zone-rules',
]);
export type DeferralReason = z.infer<typeof deferralReasonSchema>;

/** It is not the hour for it, and it waits for one that is. */
export const MessageDeferred = eventType('MessageDeferred', {
  // Version 2 knows more reasons.
  version: 2,
  upcasters: [unchanged],
  schema: z.strictObject({ ...ofMessage, until: zonedTimeSchema, reason: deferralReasonSchema }),
});

/** It is planned for another instant, sooner or later: what it was planned by has changed, and nothing of what it says. */
export const MessageReplanned = eventType('MessageReplanned', {
  schema: z.strictObject({
    ...ofMessage,
    due: zonedTimeSchema,
    expiresAt: instantSchema,
    /** Rules of a zone have changed: the same wall time is another instant now. */
    reason: z.enum(['zone-rules']),
  }),
});

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
  // Version 2 knows more transports.
  version: 2,
  upcasters: [unchanged],
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

/** The provider has certainly not taken it, and may later. It is due again at `retryAt`. */
export const MessageRefused = eventType('MessageRefused', {
  schema: z.strictObject({
    ...ofMessage,
    attempt: z.number().int().positive(),
    problem: z.string(),
    retryAt: zonedTimeSchema,
  }),
});

export const MessageSent = eventType('MessageSent', {
  // Version 2 knows more transports.
  version: 2,
  upcasters: [unchanged],
  schema: z.strictObject({
    ...ofMessage,
    attempt: z.number().int().positive(),
    transport: transportSchema,
    channel: z.enum(['email', 'sms']),
    providerReference: z.string(),
  }),
});

export const MessageSuppressed = eventType('MessageSuppressed', {
  // Versions 2 and 3 know more reasons.
  version: 3,
  upcasters: [unchanged, unchanged],
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

/** The provider may or may not have accepted it; or the system that would know was restored from a backup. */
export const MessageOutcomeUnknown = eventType('MessageOutcomeUnknown', {
  schema: z.strictObject({ ...ofMessage, attempt: z.number().int().positive(), problem: z.string() }),
});

/** Somebody lets a message go again of which nobody knows whether it was sent. */
export const MessageReopened = eventType('MessageReopened', { schema: z.strictObject(ofMessage) });

/** What the provider says of a message that it had taken. Said twice or late, it comes to the same. */
export const MessageDeliveryReported = eventType('MessageDeliveryReported', {
  schema: z.strictObject({
    ...ofMessage,
    reference: z.string(),
    status: z.enum(['delivered', 'undelivered']),
    problem: z.string().optional(),
  }),
});

export const replyMeaningSchema = z.enum([
  /** No more of it, no more of anything. */
  'stop',
  'start',
  /** The time that was proposed suits. */
  'confirm',
  /** Another time, please. */
  'cancel',
  'well',
  'worried',
  'other',
]);
export type ReplyMeaning = z.infer<typeof replyMeaningSchema>;

/** The patient answered, by text message or by a link. */
export const MessageReplied = eventType('MessageReplied', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofMessage,
    patientId: z.uuid(),
    meaning: replyMeaningSchema,
    via: z.enum(['sms', 'link']),
    /** What a text message said; null for a link. */
    text: personal('contact', z.string().nullable()),
  }),
});

export const MESSAGE_EVENTS = [
  MessagePlanned,
  MessageDeferred,
  MessageReplanned,
  MessageHeld,
  MessageReleased,
  MessageAttempted,
  MessageRefused,
  MessageSent,
  MessageSuppressed,
  MessageExpired,
  MessageFailed,
  MessageOutcomeUnknown,
  MessageReopened,
  MessageDeliveryReported,
  MessageReplied,
] as const;
export type MessageEvent = EventOf<(typeof MESSAGE_EVENTS)[number]>;
