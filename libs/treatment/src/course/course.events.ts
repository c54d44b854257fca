import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { localDateSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const courseStream = (courseId: string) => `course-${courseId}`;

export const sessionKindSchema = z.enum(['course', 'maintenance']);
export type SessionKind = z.infer<typeof sessionKindSchema>;
export const deviceSchema = z.enum(['needle', 'microneedle-device', 'mechanical-gun', 'needle-free']);
export const reactionSchema = z.enum(['redness', 'swelling', 'bruising', 'pain', 'itching']);
export const adverseEventKindSchema = z.enum([
  'infection',
  'scarring',
  'allergic-reaction',
  'haematoma',
  'necrosis',
  'other',
]);
export const severitySchema = z.enum(['mild', 'moderate', 'severe']);
export const deviationKindSchema = z.enum([
  'session-count',
  'interval-short',
  'interval-long',
  'depth',
  'duration',
  'lot-expired',
  'lot-not-received',
  'credential',
  'consent',
  'contraindication',
]);
export type DeviationKind = z.infer<typeof deviationKindSchema>;

/** Every event of a course names the course and the patient. */
const ofCourse = { courseId: z.uuid(), patientId: z.uuid() };

/** One product in the syringes of a session. */
export const usedProductSchema = z.strictObject({
  product: z.string().min(1),
  lotNumber: z.string().min(1),
  volumeMl: z.number().nonnegative().optional(),
});
export type UsedProduct = z.infer<typeof usedProductSchema>;

/** Which version of which protocol: a course keeps the one it was planned with. */
export const protocolReferenceSchema = z.strictObject({
  code: z.string().min(1),
  version: z.number().int().positive(),
});

export const CoursePlanned = eventType('CoursePlanned', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    consultationId: z.uuid(),
    protocol: protocolReferenceSchema,
    plannedSessions: z.number().int().positive(),
    /** The physician's reason for a number of sessions outside the protocol's range. */
    countReason: personal('clinical', z.string().min(1)).optional(),
  }),
});

export const SessionBooked = eventType('SessionBooked', {
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    kind: sessionKindSchema,
    /** Counts from 1 within the kind. */
    number: z.number().int().positive(),
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    at: zonedTimeSchema,
  }),
});

export const SessionRescheduled = eventType('SessionRescheduled', {
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    at: zonedTimeSchema,
  }),
});

export const SessionPerformed = eventType('SessionPerformed', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    kind: sessionKindSchema,
    number: z.number().int().positive(),
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    /** When it began. */
    at: zonedTimeSchema,
    durationMinutes: z.number().int().nonnegative().optional(),
    areas: z.array(z.string().min(1)),
    device: deviceSchema,
    depthMm: z.number().nonnegative().optional(),
    products: z.array(usedProductSchema).min(1),
    /** 0 to 10. */
    painScore: z.number().int().min(0).max(10).optional(),
    reactions: z.array(reactionSchema),
    /** Why each deviation was accepted by whoever performed it; without the kind's name nothing was overridden. */
    overridden: z.array(deviationKindSchema),
    /** The reasons for `overridden`, in words. */
    overrideReasons: personal('clinical', z.record(z.string(), z.string())),
    notes: personal('clinical', z.string()).optional(),
    /** References to pictures, which are never in an event. */
    pictures: personal('pictures', z.array(z.string().min(1))).optional(),
  }),
});

export const SessionMissed = eventType('SessionMissed', {
  schema: z.strictObject({ ...ofCourse, sessionId: z.uuid() }),
});

export const SessionCancelled = eventType('SessionCancelled', {
  subject: 'patientId',
  schema: z.strictObject({ ...ofCourse, sessionId: z.uuid(), reason: personal('clinical', z.string()) }),
});

export const FollowUpHeld = eventType('FollowUpHeld', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    followUpId: z.uuid(),
    siteId: z.uuid(),
    kind: z.enum(['remote', 'in-person']),
    at: zonedTimeSchema,
    reactions: z.array(reactionSchema),
    adverseEvent: z.strictObject({ kind: adverseEventKindSchema, severity: severitySchema.optional() }).optional(),
    /** 1 (worse) to 5 (very much better). */
    outcomeScore: z.number().int().min(1).max(5).optional(),
    notes: personal('clinical', z.string()).optional(),
  }),
});

export const CourseCompleted = eventType('CourseCompleted', { schema: z.strictObject(ofCourse) });

export const CourseStopped = eventType('CourseStopped', {
  subject: 'patientId',
  schema: z.strictObject({ ...ofCourse, reason: personal('clinical', z.string()) }),
});

/** The engine proposes the next maintenance session inside a window of local dates at the course's site. */
export const MaintenanceProposed = eventType('MaintenanceProposed', {
  schema: z.strictObject({
    ...ofCourse,
    /** Counts the windows of the course from 1. */
    ordinal: z.number().int().positive(),
    /** First and last day of the window; both belong to it. */
    opens: localDateSchema,
    closes: localDateSchema,
  }),
});

/** The patient wants no (more) maintenance. */
export const MaintenanceDeclined = eventType('MaintenanceDeclined', { schema: z.strictObject(ofCourse) });

export const COURSE_EVENTS = [
  CoursePlanned,
  SessionBooked,
  SessionRescheduled,
  SessionPerformed,
  SessionMissed,
  SessionCancelled,
  FollowUpHeld,
  CourseCompleted,
  CourseStopped,
  MaintenanceProposed,
  MaintenanceDeclined,
] as const;
export type CourseEvent = EventOf<(typeof COURSE_EVENTS)[number]>;
