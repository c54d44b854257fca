import { correctionOf, retractionOf } from '#libs/event-store/src/correction.js';
import { type EventOf, eventType, type Upcaster } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { instantSchema, localDateSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
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
/** What lies outside a rule and may be accepted with a reason; it stands in events, so that it never loses a member. */
export const acceptedDeviationSchema = z.enum([
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
  'device',
  'steps',
  'lot-volume',
]);
export type AcceptedDeviation = z.infer<typeof acceptedDeviationSchema>;

/** Every kind of deviation that a session can turn out to have; those that nobody may accept beforehand stand last. */
export const deviationKindSchema = z.enum([...acceptedDeviationSchema.options, 'lot-recalled', 'order']);
export type DeviationKind = z.infer<typeof deviationKindSchema>;

/** Every event of a course names the course and the patient. */
const ofCourse = { courseId: z.uuid(), patientId: z.uuid() };

/** The new version only adds fields that may be left out. */
const unchanged: Upcaster = (data) => data;

const code = z.string().min(1).max(80);

/** One product in the syringes of a session; a product that went into several areas stands once for each. */
export const usedProductSchema = z.strictObject({
  product: z.string().min(1),
  lotNumber: z.string().min(1),
  volumeMl: z.number().nonnegative().optional(),
  /** The area that it went into; left out where one record covers all areas. */
  area: code.optional(),
  /** Where it differs from the session's depth. */
  depthMm: z.number().nonnegative().optional(),
  /** The opened vial that it came from. */
  vialId: z.uuid().optional(),
  /** The anaesthetic has a lot, too. Left out: the treatment itself. */
  purpose: z.enum(['treatment', 'anaesthetic']).optional(),
});
export type UsedProduct = z.infer<typeof usedProductSchema>;

/** A product that a session is planned with, and the lot where it is set aside already. */
export const plannedProductSchema = z.strictObject({
  product: z.string().min(1),
  lotNumber: z.string().min(1).optional(),
});
export type PlannedProduct = z.infer<typeof plannedProductSchema>;

/** A step of the procedure as it was done. */
export const stepDoneSchema = z.strictObject({
  code,
  practitionerId: z.uuid(),
  at: zonedTimeSchema.optional(),
});
export type StepDone = z.infer<typeof stepDoneSchema>;

/** By what the patient was recognised; two of them before each session. */
export const identifierSchema = z.enum(['name', 'birth-date', 'patient-code', 'photo', 'identity-document', 'phone']);

/** Days between two course sessions, as the physician chose them. */
const intervalDays = z.strictObject({ min: z.number().int().min(0), max: z.number().int().min(0) });

/** What a physician chooses inside the protocol's ranges. */
const planShape = {
  plannedSessions: z.number().int().positive(),
  areas: z.array(code).optional(),
  /** Names of products. */
  products: z.array(z.string().min(1)).optional(),
  device: deviceSchema.optional(),
  intervalDays: intervalDays.optional(),
};

/** Which version of which protocol: a course keeps the one it was planned with. */
export const protocolReferenceSchema = z.strictObject({
  code: z.string().min(1),
  version: z.number().int().positive(),
});

export const CoursePlanned = eventType('CoursePlanned', {
  version: 2,
  upcasters: [unchanged],
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    consultationId: z.uuid(),
    protocol: protocolReferenceSchema,
    ...planShape,
    /** The physician's reason for a number of sessions outside the protocol's range. */
    countReason: personal('clinical', z.string().min(1)).optional(),
    /** The physician's reason for days between sessions outside the protocol's range. */
    intervalReason: personal('clinical', z.string().min(1)).optional(),
  }),
});

/** The whole plan from now on (S2-F1); the plans before it stay in the history. */
export const CoursePlanChanged = eventType('CoursePlanChanged', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    ...planShape,
    /** The physician who decided. */
    practitionerId: z.uuid(),
    /** The follow-up after which it was decided. */
    followUpId: z.uuid().optional(),
    reason: personal('clinical', z.string().min(1)),
  }),
});

export const SessionBooked = eventType('SessionBooked', {
  version: 2,
  upcasters: [unchanged],
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    kind: sessionKindSchema,
    /** Counts from 1 within the kind. */
    number: z.number().int().positive(),
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    at: zonedTimeSchema,
    /** What it is planned with. */
    products: z.array(plannedProductSchema).optional(),
  }),
});

/** From now on the course rests on a newer consultation of the patient about the procedure: findings go stale. */
export const CourseConsultationRenewed = eventType('CourseConsultationRenewed', {
  schema: z.strictObject({ ...ofCourse, consultationId: z.uuid() }),
});

/** What a booked session is planned with from now on. */
export const SessionProductsPlanned = eventType('SessionProductsPlanned', {
  schema: z.strictObject({ ...ofCourse, sessionId: z.uuid(), products: z.array(plannedProductSchema) }),
});

/** The pre-treatment check gave a positive answer: the session waits for a physician's written decision. */
export const SessionHeld = eventType('SessionHeld', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    /** Who asked. */
    practitionerId: z.uuid(),
    /** Codes of the questions that were answered with yes. */
    positive: personal('clinical', z.array(code).min(1)),
    notes: personal('clinical', z.string()).optional(),
  }),
});

/** A physician's decision on a session that was held. */
export const SessionHoldDecided = eventType('SessionHoldDecided', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    physicianId: z.uuid(),
    decision: z.enum(['proceed', 'do-not-treat']),
    reason: personal('clinical', z.string().min(1)),
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

/**
 * The rules of the zone have changed since it was booked: the wall time that was agreed on is another instant now. It is
 * no new booking, and nobody is told anything new.
 */
export const SessionZoneRulesApplied = eventType('SessionZoneRulesApplied', {
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    at: zonedTimeSchema,
    /** By the rules that it was booked under. */
    was: z.strictObject({ instant: instantSchema, tzdb: z.string().min(1) }),
  }),
});

export const SessionPerformed = eventType('SessionPerformed', {
  version: 4,
  // Version 3 knows one kind of deviation more.
  upcasters: [unchanged, unchanged, unchanged],
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
    endedAt: zonedTimeSchema.optional(),
    /** The physician on whose order a nurse treated. */
    orderedBy: z.uuid().optional(),
    identifiers: z.array(identifierSchema).optional(),
    /** The answers of the pre-treatment check by question. */
    check: personal('clinical', z.record(z.string(), z.enum(['yes', 'no']))).optional(),
    /**
     * In a correction alone: by its answers a question was answered with yes for which no physician had let the session go
     * on by the time at which it began. Which one, the answers say; that there is one stands open, since it waits for a
     * review.
     */
    checkUndecided: z.literal(true).optional(),
    /** In the order in which they were done. */
    steps: z.array(stepDoneSchema).optional(),
    durationMinutes: z.number().int().nonnegative().optional(),
    areas: z.array(z.string().min(1)),
    device: deviceSchema,
    depthMm: z.number().nonnegative().optional(),
    products: z.array(usedProductSchema).min(1),
    /** 0 to 10. */
    painScore: z.number().int().min(0).max(10).optional(),
    reactions: z.array(reactionSchema),
    /** Why each deviation was accepted by whoever performed it; without the kind's name nothing was overridden. */
    overridden: z.array(acceptedDeviationSchema),
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

/** A physician has looked at a performed session in the light of what became known after it. */
export const SessionReviewed = eventType('SessionReviewed', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    sessionId: z.uuid(),
    physicianId: z.uuid(),
    outcome: z.enum(['no-harm', 'to-be-followed', 'adverse-event']),
    note: personal('clinical', z.string().min(1)),
  }),
});

export const FollowUpHeld = eventType('FollowUpHeld', {
  version: 2,
  upcasters: [unchanged],
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
    practitionerId: z.uuid().optional(),
    /** Reactions that were there before and have passed. */
    resolvedReactions: z.array(reactionSchema).optional(),
    pictures: personal('pictures', z.array(z.string().min(1))).optional(),
  }),
});

/** Somebody has judged a reaction that lasted longer than the protocol expects. */
export const LastingReactionJudged = eventType('LastingReactionJudged', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofCourse,
    /** The follow-up that found it. */
    followUpId: z.uuid(),
    reaction: reactionSchema,
    practitionerId: z.uuid(),
    judgement: z.enum(['adverse-event', 'expected']),
    note: personal('clinical', z.string().min(1)),
  }),
});

export const CourseCompleted = eventType('CourseCompleted', { schema: z.strictObject(ofCourse) });

export const CourseStopped = eventType('CourseStopped', {
  subject: 'patientId',
  schema: z.strictObject({ ...ofCourse, reason: personal('clinical', z.string()) }),
});

/** No session for longer than the protocol allows: the engine flags it, a person decides. */
export const CourseLapsed = eventType('CourseLapsed', {
  subject: 'patientId',
  schema: z.strictObject({ ...ofCourse, practitionerId: z.uuid(), reason: personal('clinical', z.string().min(1)) }),
});

/** The physician has set the window of the next maintenance session, where the protocol leaves it to them. */
export const MaintenanceScheduled = eventType('MaintenanceScheduled', {
  schema: z.strictObject({
    ...ofCourse,
    physicianId: z.uuid(),
    /** First and last day of the window; both belong to it. */
    opens: localDateSchema,
    closes: localDateSchema,
  }),
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

/** The patient wants maintenance again. */
export const MaintenanceResumed = eventType('MaintenanceResumed', { schema: z.strictObject(ofCourse) });

const ofPatient = { subject: 'patientId' } as const;

export const CoursePlannedCorrected = correctionOf(CoursePlanned);
export const CoursePlanChangedCorrected = correctionOf(CoursePlanChanged);
export const SessionPerformedCorrected = correctionOf(SessionPerformed);
export const FollowUpHeldCorrected = correctionOf(FollowUpHeld);
/** An entry of a course that never happened, or a correction that is taken back. */
export const CourseEntryRetracted = retractionOf(
  'CourseEntryRetracted',
  {
    ...ofCourse,
    /** Who takes back what a physician had decided. */
    physicianId: z.uuid().optional(),
  },
  { ...ofPatient, version: 2, upcasters: [unchanged] },
);

/** What folds see: corrections and retractions are applied before (`effectiveHistory`). */
export const COURSE_ENTRIES = [
  CoursePlanned,
  CoursePlanChanged,
  CourseConsultationRenewed,
  SessionBooked,
  SessionProductsPlanned,
  SessionRescheduled,
  SessionZoneRulesApplied,
  SessionHeld,
  SessionHoldDecided,
  SessionPerformed,
  SessionMissed,
  SessionCancelled,
  SessionReviewed,
  FollowUpHeld,
  LastingReactionJudged,
  CourseCompleted,
  CourseStopped,
  CourseLapsed,
  MaintenanceScheduled,
  MaintenanceProposed,
  MaintenanceDeclined,
  MaintenanceResumed,
] as const;
/** What was entered, and so what folds see. */
export type CourseEvent = EventOf<(typeof COURSE_ENTRIES)[number]>;

export const COURSE_CORRECTIONS = [
  CoursePlannedCorrected,
  CoursePlanChangedCorrected,
  SessionPerformedCorrected,
  FollowUpHeldCorrected,
  CourseEntryRetracted,
] as const;
export type CourseCorrection = EventOf<(typeof COURSE_CORRECTIONS)[number]>;

export const COURSE_EVENTS = [...COURSE_ENTRIES, ...COURSE_CORRECTIONS] as const;
export type CourseStreamEvent = CourseEvent | CourseCorrection;
