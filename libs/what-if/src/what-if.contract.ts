import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { messageKindSchema } from '#libs/messaging/src/plan.contract.js';
import { deviationKindSchema } from '#libs/treatment/src/what-if.contract.js';
import { z } from 'zod';

/** What to replay: a draft by its id, or a protocol that is not stored at all. */
export const whatIfSchema = z
  .strictObject({
    /** Id of a draft. */
    draft: z.uuid().optional(),
    /** A protocol, whole; its version does not matter. */
    protocol: z.record(z.string(), z.unknown()).optional(),
    /** First and last day of the period, in the zone of each site. */
    from: localDateSchema,
    to: localDateSchema,
    /** Code of the protocol whose courses are replayed; left out, it is that of the draft. */
    over: z.string().min(1).max(80).optional(),
    /** Only the courses of a site, by id or code; sessions of theirs that took place elsewhere count as well. */
    site: z.string().min(1).max(200).optional(),
    /** Whether each course that would differ is told, or only the sums. */
    details: z.boolean().default(true),
  })
  .refine(({ draft, protocol }) => (draft === undefined) !== (protocol === undefined), {
    path: ['draft'],
    message: 'either a draft or a protocol',
  })
  .refine(({ from, to }) => from <= to, { path: ['to'], message: 'not before `from`' })
  .meta({ id: 'WhatIf' });
export type WhatIfRequest = z.output<typeof whatIfSchema>;

export const planDeviationSchema = z.enum(['session-count', 'interval', 'device']);
export const dueKindSchema = z.enum(['next-session', 'maintenance', 'new-course', 'check-up']);

const judged = <Kind extends z.ZodType>(kind: Kind) => ({
  /** What would stand against it under the draft, and did not. */
  blocked: z.array(kind),
  /** What stood against it, and would not under the draft. */
  freed: z.array(kind),
});

/** Both days belong to it; `opens` is null where only the last day is known. */
const dueDatesSchema = z.strictObject({ opens: localDateSchema.nullable(), closes: localDateSchema });

/** What would differ in a course. */
export const courseDifferenceSchema = z
  .strictObject({
    courseId: z.uuid(),
    /** The chain's own number of the course. */
    code: z.string().nullable(),
    /** What of the plan would need a reason; null where it was not made in the period, or nothing differs. */
    plan: z.strictObject(judged(planDeviationSchema)).nullable(),
    sessions: z.array(
      z.strictObject({
        sessionId: z.uuid(),
        /** A booked one is judged by the days since the session before it, and by nothing else. */
        status: z.enum(['performed', 'booked']),
        on: localDateSchema,
        ...judged(deviationKindSchema),
      }),
    ),
    due: z.array(
      z.strictObject({
        kind: dueKindSchema,
        /** The performed session that it follows. */
        sessionId: z.uuid(),
        before: dueDatesSchema.nullable(),
        after: dueDatesSchema.nullable(),
      }),
    ),
    messages: z.array(
      z.strictObject({
        kind: messageKindSchema,
        /** By the clock at the course's site; null: it would be new. */
        before: wallTimeSchema.nullable(),
        /** Null: there would be none. The same as before: it would say something else. */
        after: wallTimeSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'WhatIfCourse' });

const counts = z.partialRecord(deviationKindSchema, z.int().positive());
const count = z.int().nonnegative();

export const whatIfSummarySchema = z
  .strictObject({
    /** Courses of the protocol with something in the period. */
    courses: count,
    /** Of them, those in which something would differ. */
    differing: count,
    /** Plans made in the period that would need a reason, or would need none any more. */
    plansBlocked: count,
    plansFreed: count,
    /** Performed in the period. */
    sessions: count,
    /** Sessions, performed or booked, that the draft would refuse without a reason, and for what. */
    sessionsBlocked: count,
    blocked: counts,
    /** Sessions that needed a reason, and would not; and what for. */
    sessionsFreed: count,
    freed: counts,
    /** Next sessions, maintenance windows, new courses and check-ups that would fall due on other days, or only before or after. */
    dueDatesMoved: count,
    messagesAdded: count,
    messagesDropped: count,
    messagesMoved: count,
    /** At the same time, with other words. */
    messagesReworded: count,
  })
  .meta({ id: 'WhatIfSummary' });
export type WhatIfSummary = z.infer<typeof whatIfSummarySchema>;

/** One line of the answer. */
export const whatIfLineSchema = z
  .union([
    /** In courses that were looked at. */
    z.strictObject({ progress: z.strictObject({ done: count, total: count }) }),
    z.strictObject({ course: courseDifferenceSchema }),
    z.strictObject({ summary: whatIfSummarySchema }),
  ])
  .meta({ id: 'WhatIfLine' });
