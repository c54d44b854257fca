import { wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { codeSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';
import {
  acceptedDeviationSchema,
  adverseEventKindSchema,
  deviceSchema,
  identifierSchema,
  plannedProductSchema,
  reactionSchema,
  sessionKindSchema,
  severitySchema,
  usedProductSchema,
} from './course.events.js';

/** Names a thing by its id or by the code that the chain gave it. */
export const referenceSchema = z.string().min(1).max(200);

/** A deviation that whoever decides accepts, with the reason. */
export const overrideSchema = z.strictObject({
  deviation: acceptedDeviationSchema,
  reason: z.string().trim().min(1).max(2000),
});

/** Fields that may be said anew; those that an entry need not have may be null as well, which takes the value away. */
function changing<Shape extends Record<string, z.ZodType>, Needed extends keyof Shape>(
  shape: Shape,
  needed: readonly Needed[],
) {
  return Object.fromEntries(
    Object.entries(z.strictObject(shape).partial().shape).map(([name, field]) => [
      name,
      (needed as readonly string[]).includes(name) ? field : field.nullable(),
    ]),
  ) as {
    [Name in keyof Shape]: z.ZodOptional<Name extends Needed ? Shape[Name] : z.ZodNullable<Shape[Name]>>;
  };
}

const reason = z.string().trim().min(1).max(2000);
/** Codes, since they stand open in events: what is about the person goes into the notes. */
const areaCodes = z.array(codeSchema).min(1).max(50);

/** ml; a lot has less. */
const VOLUME_ML_MAX = 100_000;

const usedProduct = usedProductSchema.extend({
  product: z.string().trim().min(1).max(200),
  lotNumber: z.string().trim().min(1).max(100),
  volumeMl: z.number().nonnegative().max(VOLUME_ML_MAX).optional(),
  depthMm: z.number().positive().max(100).optional(),
  area: codeSchema.optional(),
});

/** What a physician chooses inside the protocol's ranges. */
const choices = {
  plannedSessions: z.int().min(1).max(1000),
  areas: areaCodes.optional(),
  /** Names of products. */
  products: z.array(z.string().trim().min(1).max(200)).min(1).max(50).optional(),
  device: deviceSchema.optional(),
  /** Whole days between two course sessions. */
  intervalDays: z
    .strictObject({ min: z.int().min(0).max(10_000), max: z.int().min(0).max(10_000) })
    .refine(({ min, max }) => min <= max, { path: ['max'], message: 'not below `min`' })
    .optional(),
};

export const planCourseSchema = z
  .strictObject({
    code: z.string().min(1).max(100).optional(),
    consultation: z.uuid(),
    site: referenceSchema,
    practitioner: referenceSchema,
    /** Code of a published protocol; its newest version is taken, or what was the newest at `at`. */
    protocol: z.string().min(1),
    /**
     * Wall time at the site at which it was planned, for a course that is entered late, as from a record on paper; now when
     * left out.
     */
    at: wallTimeSchema.optional(),
    ...choices,
    /** The physician's reason for a number outside the protocol's range. */
    countReason: reason.optional(),
    /** The physician's reason for days between sessions outside the protocol's range. */
    intervalReason: reason.optional(),
  })
  .meta({ id: 'PlanCourse' });

/**
 * Wall time at the site at which it happened, for what is entered late, as from a record on paper; now when left out.
 */
const at = wallTimeSchema.optional();

/** The whole plan from now on, with the reason for the change (S2-F1). */
export const changeCoursePlanSchema = z
  .strictObject({
    ...choices,
    at,
    physician: referenceSchema,
    /** The follow-up after which it was decided. */
    followUp: z.uuid().optional(),
    reason,
  })
  .meta({ id: 'ChangeCoursePlan' });

export const renewConsultationSchema = z.strictObject({ consultation: z.uuid() }).meta({ id: 'RenewConsultation' });

const plannedProducts = z.array(plannedProductSchema).max(50);

export const planSessionProductsSchema = z
  .strictObject({ products: plannedProducts })
  .meta({ id: 'PlanSessionProducts' });

export const holdSessionSchema = z
  .strictObject({
    /** Who asked the questions. */
    practitioner: referenceSchema,
    /** Codes of the questions of the pre-treatment check that were answered with yes. */
    positive: z.array(codeSchema).min(1).max(50),
    /**
     * The substances that the patient is allergic to, where the answer is about an allergy. Without it each substance that is
     * planned counts as one of them, until the patient's record says otherwise.
     */
    substances: z.array(z.string().min(1).max(200)).min(1).max(50).optional(),
    notes: z.string().max(20_000).optional(),
  })
  .meta({ id: 'HoldSession' });

export const decideSessionHoldSchema = z
  .strictObject({ physician: referenceSchema, decision: z.enum(['proceed', 'do-not-treat']), reason })
  .meta({ id: 'DecideSessionHold' });

/** The adverse event that a review or a judgement found: it is reported with it, and blocks until a physician closes it. */
const foundAdverseEvent = z.strictObject({
  kind: adverseEventKindSchema,
  severity: severitySchema,
  /** The practitioner who sees to it. */
  owner: referenceSchema,
});

const NEEDS_ADVERSE_EVENT = {
  path: ['adverseEvent'],
  message: 'what was found, where and only where it is an adverse event',
};

export const reviewSessionSchema = z
  .strictObject({
    physician: referenceSchema,
    outcome: z.enum(['no-harm', 'to-be-followed', 'adverse-event']),
    note: reason,
    adverseEvent: foundAdverseEvent.optional(),
  })
  .refine(
    ({ outcome, adverseEvent }) => (outcome === 'adverse-event') === (adverseEvent !== undefined),
    NEEDS_ADVERSE_EVENT,
  )
  .meta({ id: 'ReviewSession' });

export const judgeReactionSchema = z
  .strictObject({
    practitioner: referenceSchema,
    reaction: reactionSchema,
    judgement: z.enum(['adverse-event', 'expected']),
    note: reason,
    adverseEvent: foundAdverseEvent.optional(),
  })
  .refine(
    ({ judgement, adverseEvent }) => (judgement === 'adverse-event') === (adverseEvent !== undefined),
    NEEDS_ADVERSE_EVENT,
  )
  .meta({ id: 'JudgeReaction' });

export const lapseCourseSchema = z
  .strictObject({ practitioner: referenceSchema, reason, at })
  .meta({ id: 'LapseCourse' });

export const bookSessionSchema = z
  .strictObject({
    kind: sessionKindSchema,
    site: referenceSchema,
    practitioner: referenceSchema,
    /** Wall time at the site. */
    at: wallTimeSchema,
    /** What it is planned with; a lot where it is set aside already. */
    products: plannedProducts.optional(),
  })
  .meta({ id: 'BookSession' });

export const rescheduleSessionSchema = z
  .strictObject({ site: referenceSchema.optional(), practitioner: referenceSchema.optional(), at: wallTimeSchema })
  .meta({ id: 'RescheduleSession' });

export const missSessionSchema = z.strictObject({ at }).meta({ id: 'MissSession' });

export const cancelSessionSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(2000), at })
  .meta({ id: 'CancelSession' });

/** What a session's record holds, whoever enters it when. */
const sessionRecord = {
  /** Wall time at which it began; the chain's present time when left out. */
  at: wallTimeSchema.optional(),
  /** Wall time at which it ended. */
  endedAt: wallTimeSchema.optional(),
  site: referenceSchema.optional(),
  practitioner: referenceSchema.optional(),
  /** The physician on whose order a nurse treats. */
  orderedBy: referenceSchema.optional(),
  durationMinutes: z.int().min(1).max(1440).optional(),
  areas: areaCodes,
  device: deviceSchema,
  depthMm: z.number().positive().max(100).optional(),
  products: z.array(usedProduct).min(1).max(200),
  /** In the order in which they were done. */
  steps: z
    .array(
      z.strictObject({
        code: codeSchema,
        /** Who did it; the session's practitioner when left out. */
        practitioner: referenceSchema.optional(),
        at: wallTimeSchema.optional(),
      }),
    )
    .max(50)
    .optional(),
  painScore: z.int().min(0).max(10).optional(),
  notes: z.string().max(20_000).optional(),
  pictures: z.array(z.string().min(1).max(500)).max(200).optional(),
};

const performedRecord = {
  ...sessionRecord,
  reactions: z.array(reactionSchema).max(20).default([]),
  /** By what the patient was recognised: two at least. */
  identifiers: z.array(identifierSchema).max(10).default([]),
  /** The answer to each question of the protocol's pre-treatment check, by its code. */
  check: z.record(codeSchema, z.enum(['yes', 'no'])).default({}),
  overrides: z.array(overrideSchema).max(20).default([]),
};

export const performSessionSchema = z.strictObject(performedRecord).meta({ id: 'PerformSession' });

/** A session that nobody had booked here: when, where and by whom is said. */
export const recordSessionSchema = z
  .strictObject({
    ...performedRecord,
    kind: sessionKindSchema,
    /** Wall time at which it began. */
    at: wallTimeSchema,
    site: referenceSchema,
    practitioner: referenceSchema,
  })
  .meta({ id: 'RecordSession' });

const followUpRecord = {
  site: referenceSchema,
  practitioner: referenceSchema.optional(),
  kind: z.enum(['remote', 'in-person']),
  at: wallTimeSchema,
  adverseEvent: z.strictObject({ kind: adverseEventKindSchema, severity: severitySchema }).optional(),
  outcomeScore: z.int().min(1).max(5).optional(),
  /** Reactions that were there before and have passed. */
  resolvedReactions: z.array(reactionSchema).max(20).optional(),
  notes: z.string().max(20_000).optional(),
  pictures: z.array(z.string().min(1).max(500)).max(200).optional(),
};

export const holdFollowUpSchema = z
  .strictObject({ ...followUpRecord, reactions: z.array(reactionSchema).max(20).default([]) })
  .meta({ id: 'HoldFollowUp' });

/**
 * What is said anew of an entry, by the entry's type. Only what changes is named; null takes an optional value away. The
 * session, the course and the patient of an entry never change: one that was entered for the wrong patient is retracted.
 */
export const correctCourseEntrySchema = z
  .strictObject({
    data: z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('SessionPerformed'),
        ...changing(sessionRecord, ['at', 'site', 'practitioner', 'areas', 'device', 'products']),
        reactions: z.array(reactionSchema).max(20).optional(),
        /** By what the patient was recognised: all of them, two at least. */
        identifiers: z.array(identifierSchema).max(10).optional(),
        /** The answers of the pre-treatment check that were others, by question; those that are not named stay. */
        check: z.record(codeSchema, z.enum(['yes', 'no'])).optional(),
      }),
      z.strictObject({
        type: z.literal('FollowUpHeld'),
        ...changing(followUpRecord, ['at', 'site', 'kind']),
        reactions: z.array(reactionSchema).max(20).optional(),
      }),
      z.strictObject({
        type: z.literal('CoursePlanned'),
        /** Wall time at the site at which it was planned; judged as a plan that is entered late. */
        at: wallTimeSchema.optional(),
        ...changing(choices, ['plannedSessions']),
        /** The physician's reasons, where the plan leaves the protocol's ranges by what is said anew. */
        countReason: reason.optional(),
        intervalReason: reason.optional(),
      }),
      z.strictObject({ type: z.literal('CoursePlanChanged'), ...changing(choices, ['plannedSessions']) }),
    ]),
    /** Who decides: needed for a change of plan, and for a plan outside the protocol's ranges. */
    physician: referenceSchema.optional(),
    reason,
  })
  .meta({ id: 'CorrectCourseEntry' });
export type CourseEntryChange = z.infer<typeof correctCourseEntrySchema>['data'];

export const retractCourseEntrySchema = z
  .strictObject({
    /** Who takes back what a physician had decided; needed for that alone. */
    physician: referenceSchema.optional(),
    reason,
  })
  .meta({ id: 'RetractCourseEntry' });

export const completeCourseSchema = z.strictObject({ at }).meta({ id: 'CompleteCourse' });

export const stopCourseSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(2000), at })
  .meta({ id: 'StopCourse' });

export const declineMaintenanceSchema = z.strictObject({ at }).meta({ id: 'DeclineMaintenance' });
