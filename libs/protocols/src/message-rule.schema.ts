import { dateDurationSchema, dayDurationSchema, isoDurationSchema } from '#libs/kernel/src/iso-duration.js';
import { z } from 'zod';
import { codeSchema, rule } from './rule.schema.js';

/** How long after its due time a message is still worth sending; null: until what it announces is there or gone. */
const usefulFor = { usefulFor: isoDurationSchema.nullable() };

/** Which messages a course brings, and when each falls due. */
export const messageRuleSchema = z.discriminatedUnion('kind', [
  /** At the end of each performed session. */
  rule({ kind: z.literal('aftercare'), ...usefulFor }),
  /** At the latest end of the session's aftercare. */
  rule({ kind: z.literal('all-clear'), ...usefulFor }),
  /** How is it going, so long after each performed session. */
  rule({ kind: z.literal('check-in'), after: isoDurationSchema, ...usefulFor }),
  /** Ahead of each booked session. */
  rule({ kind: z.literal('session-reminder'), before: isoDurationSchema, ...usefulFor }),
  /** Ahead of each booked session, what to leave off from now on. */
  rule({
    kind: z.literal('precaution-notice'),
    precaution: codeSchema,
    before: dayDurationSchema,
    ...usefulFor,
  }),
  /** Ahead of the day on which the maintenance window opens. */
  rule({ kind: z.literal('maintenance-due-soon'), before: dateDurationSchema, ...usefulFor }),
  /** On the day on which the maintenance window opens. */
  rule({ kind: z.literal('maintenance-due'), ...usefulFor }),
  /** So long after the day on which the maintenance window closes. */
  rule({ kind: z.literal('maintenance-overdue'), after: dateDurationSchema, ...usefulFor }),
]);
export type MessageRule = z.infer<typeof messageRuleSchema>;
export type MessageKind = MessageRule['kind'];
