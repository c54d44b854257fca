import { instantSchema, localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { personSchema, siteRefSchema } from '../../shared.contract.js';
import {
  adverseEventKindSchema,
  deviationKindSchema,
  deviceSchema,
  reactionSchema,
  sessionKindSchema,
  severitySchema,
} from '../course.events.js';
import { suggestedCourseSchema } from '../maintenance-due/maintenance-due.contract.js';

export const courseStatusSchema = z.enum(['active', 'completed', 'stopped', 'lapsed']);
export const maintenanceStateSchema = z.enum(['upcoming', 'due', 'overdue']);

/** How often each kind of deviation occurred; a kind that did not is left out. */
export const deviationCountsSchema = z.partialRecord(deviationKindSchema, z.int().positive());

const courseProgressShape = {
  id: z.uuid(),
  /** The chain's own number of the course. */
  course: z.string().nullable(),
  patient: personSchema,
  site: siteRefSchema,
  /** Who the course was planned by. */
  practitioner: personSchema,
  protocol: z.string(),
  protocolVersion: z.int().positive(),
  planned: z.int().positive(),
  performed: z.int().nonnegative(),
  maintenancePerformed: z.int().nonnegative(),
  status: courseStatusSchema,
  /** Local dates of the first and the last performed course session. */
  first: localDateSchema.nullable(),
  last: localDateSchema.nullable(),
  /** First day for the next course session, of an active course with sessions left. */
  nextEarliest: localDateSchema.nullable(),
  /** The next window of a completed course under a rhythm; both days belong to it. */
  maintenance: z
    .strictObject({ opens: localDateSchema, closes: localDateSchema, state: maintenanceStateSchema })
    .nullable(),
  /** A whole new course, suggested after a completed one (S1-M1); null where the protocol suggests none. */
  suggestedCourse: suggestedCourseSchema.nullable(),
  deviations: deviationCountsSchema,
  /** Performed sessions that wait for a physician's review: something became known that speaks against them. */
  reviews: z.int().nonnegative(),
  /** Reactions that lasted longer than expected, and that nobody has judged. */
  lastingReactions: z.int().nonnegative(),
  /** The last day on which a session would have been in time, where an active course had none since (flagged only). */
  lapsingSince: localDateSchema.nullable(),
  /** The next booked session that is still to come. */
  booked: z.strictObject({ sessionId: z.uuid(), at: wallTimeSchema, site: siteRefSchema }).nullable(),
};

/** Where a course stands. */
export const courseProgressSchema = z.strictObject(courseProgressShape).meta({ id: 'CourseProgress' });
export type CourseProgress = z.infer<typeof courseProgressSchema>;

export const courseSessionSchema = z
  .strictObject({
    id: z.uuid(),
    kind: sessionKindSchema,
    /** Counts from 1 within the kind. */
    number: z.int().positive(),
    status: z.enum(['booked', 'performed', 'missed', 'cancelled']),
    /** When it took place; else when it is, or was, booked for. */
    at: wallTimeSchema.nullable(),
    zone: z.string().nullable(),
    instant: instantSchema.nullable(),
    localDate: localDateSchema.nullable(),
    site: siteRefSchema,
    practitioner: personSchema,
    durationMinutes: z.int().nonnegative().nullable(),
    areas: z.array(z.string()),
    device: deviceSchema.nullable(),
    depthMm: z.number().nonnegative().nullable(),
    products: z.array(
      z.strictObject({
        product: z.string(),
        lotNumber: z.string(),
        volumeMl: z.number().nonnegative().nullable(),
        area: z.string().nullable(),
        depthMm: z.number().nonnegative().nullable(),
        vialId: z.uuid().nullable(),
        purpose: z.enum(['treatment', 'anaesthetic']),
      }),
    ),
    /** When it ended, at the site. */
    endedAt: wallTimeSchema.nullable(),
    /** The physician on whose order a nurse treated. */
    orderedBy: personSchema.nullable(),
    /** In the order in which they were done; null where they were not recorded. */
    steps: z
      .array(z.strictObject({ code: z.string(), practitioner: personSchema, at: wallTimeSchema.nullable() }))
      .nullable(),
    /** What it is, or was, planned with. */
    plannedProducts: z.array(z.strictObject({ product: z.string(), lotNumber: z.string().nullable() })),
    /** Whether the check before it found something, and what a physician decided. */
    hold: z.enum(['undecided', 'proceed', 'do-not-treat']).nullable(),
    needsReview: z.boolean(),
    /**
     * A correction says that a question of the check before it was answered with yes, and no physician had let it go on with
     * that by the time at which it began: a physician reviews it.
     */
    checkUndecided: z.boolean(),
    /** When a physician last reviewed it. */
    reviewedAt: instantSchema.nullable(),
    painScore: z.int().min(0).max(10).nullable(),
    reactions: z.array(reactionSchema),
    deviations: z.array(deviationKindSchema),
  })
  .meta({ id: 'CourseSession' });
export type CourseSessionView = z.infer<typeof courseSessionSchema>;

export const courseFollowUpSchema = z
  .strictObject({
    id: z.uuid(),
    at: wallTimeSchema,
    kind: z.enum(['remote', 'in-person']),
    site: siteRefSchema,
    reactions: z.array(reactionSchema),
    adverseEvent: z.strictObject({ kind: adverseEventKindSchema, severity: severitySchema.nullable() }).nullable(),
    /** 1 (worse) to 5 (very much better). */
    outcomeScore: z.int().min(1).max(5).nullable(),
    resolvedReactions: z.array(reactionSchema),
    /** Of its reactions, those that lasted longer than the protocol expects and wait for somebody to judge. */
    lasting: z.array(
      z.strictObject({
        reaction: reactionSchema,
        sessionId: z.uuid(),
        /** Whole days since the session. */
        days: z.int().nonnegative(),
        /** Within how many days the protocol expects it to pass; null: it does not name it. */
        withinDays: z.int().nonnegative().nullable(),
      }),
    ),
  })
  .meta({ id: 'CourseFollowUp' });

/** A course with its sessions in the order of their times, and its follow-ups. */
export const courseDetailSchema = z
  .strictObject({
    ...courseProgressShape,
    /** For If-Match. */
    revision: z.int().nonnegative(),
    /** The consent for the course's procedure that was signed last and not withdrawn. */
    consent: z.strictObject({ signedOn: localDateSchema }).nullable(),
    /** Shortest and longest time between course sessions; null while the protocol is not known. */
    intervalDays: z.strictObject({ min: z.int(), max: z.int() }).nullable(),
    /** What the physician chose; null where it was left to the protocol. */
    plan: z.strictObject({
      areas: z.array(z.string()).nullable(),
      products: z.array(z.string()).nullable(),
      device: deviceSchema.nullable(),
      intervalDays: z.strictObject({ min: z.int(), max: z.int() }).nullable(),
    }),
    consultationId: z.uuid(),
    sessions: z.array(courseSessionSchema),
    followUps: z.array(courseFollowUpSchema),
  })
  .meta({ id: 'CourseDetail' });
export type CourseDetail = z.infer<typeof courseDetailSchema>;
