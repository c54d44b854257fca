import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { instantSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const slotStream = (slotId: string) => `slot-${slotId}`;

/** The nth time (from 1) that is held in a window of a course: the same in every process, so that none is held twice. */
export const slotIdOf = (courseId: Id, ordinal: number, nth: number): Id =>
  derivedId(courseId, `slot ${ordinal} ${nth}`);

/** The session that a slot becomes. */
export const sessionIdOfSlot = (slotId: Id): Id => derivedId(slotId, 'session');

export const releaseReasonSchema = z.enum([
  /** Nobody has said anything until the end of the hold. */
  'no-answer',
  /** The patient, or somebody for them, wants another time. */
  'another-day',
  /** The patient wants no maintenance. */
  'declined',
  /** The window is another one now, or there is none. */
  'window-moved',
  /** A maintenance session was booked beside it. */
  'booked-otherwise',
  /** The course was stopped or has lapsed, or a later one has begun. */
  'course-ended',
  /** The patient has died, moved away or was erased. */
  'patient-gone',
  /** The consent to the treatment was withdrawn. */
  'consent-withdrawn',
  /** The site is not open at that time any more. */
  'site-closed',
  /** The patient agreed, and nobody of the staff confirmed it before the time had come. */
  'not-confirmed',
  /** The session that it had become was given another time. */
  'session-moved',
  /** The session that it had become was called off. */
  'session-called-off',
  /** Somebody of the staff sees to this window. */
  'by-staff',
]);
export type ReleaseReason = z.infer<typeof releaseReasonSchema>;

const ofSlot = { slotId: z.uuid(), courseId: z.uuid(), patientId: z.uuid() };

/** A time is held for a patient in a maintenance window, and proposed to them in the same append. */
export const SlotHeld = eventType('SlotHeld', {
  schema: z.strictObject({
    ...ofSlot,
    siteId: z.uuid(),
    /** The window, as the course's proposal counts it. */
    ordinal: z.number().int().positive(),
    /** Counts the times held in this window from 1. */
    try: z.number().int().positive(),
    at: zonedTimeSchema,
    durationMinutes: z.number().int().positive(),
    /** From this instant on it is not held any more. */
    heldUntil: instantSchema,
    /** Whether the patient's yes books the session, or somebody of the staff confirms it. */
    confirmedBy: z.enum(['patient', 'staff']),
  }),
});

/** The patient said yes, and somebody of the staff is to confirm it. */
export const SlotAccepted = eventType('SlotAccepted', {
  schema: z.strictObject({
    ...ofSlot,
    /** Ids of the rules that stood against booking it at once; none where the site leaves it to staff anyway. */
    against: z.array(z.string().min(1)),
  }),
});

/** It has become a booked session. */
export const SlotConfirmed = eventType('SlotConfirmed', {
  schema: z.strictObject({ ...ofSlot, by: z.enum(['patient', 'staff']), sessionId: z.uuid() }),
});

/** It is not held any more. */
export const SlotReleased = eventType('SlotReleased', {
  schema: z.strictObject({ ...ofSlot, reason: releaseReasonSchema }),
});

/** The patient said yes to a time that was not held any more: somebody should call them. */
export const SlotAnsweredLate = eventType('SlotAnsweredLate', {
  schema: z.strictObject({ ...ofSlot, siteId: z.uuid(), reason: releaseReasonSchema }),
});

/**
 * Nothing more is proposed in this window: somebody should call the patient. It stands in the stream of the slot that would
 * have come next, so that none can be held after it.
 */
export const SlotsExhausted = eventType('SlotsExhausted', {
  schema: z.strictObject({
    ...ofSlot,
    siteId: z.uuid(),
    ordinal: z.number().int().positive(),
    /** How many times were held in this window. */
    tries: z.number().int().nonnegative(),
    reason: z.enum(['no-answer', 'no-free-time']),
  }),
});

export const SLOT_EVENTS = [
  SlotHeld,
  SlotAccepted,
  SlotConfirmed,
  SlotReleased,
  SlotAnsweredLate,
  SlotsExhausted,
] as const;
export type SlotEvent = EventOf<(typeof SLOT_EVENTS)[number]>;
