import { instantSchema, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { severitySchema } from '../../course/course.events.js';
import { correctionSchema, retractionSchema } from '../../history/history.contract.js';
import { personSchema, siteRefSchema } from '../../shared.contract.js';
import { adverseEventOutcomeSchema, causalitySchema } from '../adverse-event.events.js';

export const adverseEventViewSchema = z
  .strictObject({
    id: z.uuid(),
    state: z.enum(['open', 'closed']),
    /** `follow-up`: a follow-up found it, and its id is the follow-up's. */
    source: z.enum(['report', 'follow-up']),
    patient: personSchema,
    site: siteRefSchema,
    courseId: z.uuid().nullable(),
    sessionId: z.uuid().nullable(),
    followUpId: z.uuid().nullable(),
    kind: z.string(),
    /** Null where a follow-up did not say. */
    severity: severitySchema.nullable(),
    /** WHO-UMC; null until somebody has judged it. */
    causality: causalitySchema.nullable(),
    /** Who sees to it; of one that a follow-up found, the practitioner of the course. */
    owner: personSchema,
    onsetOn: localDateSchema,
    /** The last day for the report to the authority. */
    reportBy: localDateSchema,
    /** Days since `reportBy` at the site, where it is open and was not reported; else 0. */
    daysOverdue: z.int().nonnegative(),
    reportedToAuthority: z.strictObject({ on: localDateSchema, reference: z.string() }).nullable(),
    /** How a physician closed it last. */
    closure: z.strictObject({ physician: personSchema, outcome: adverseEventOutcomeSchema }).nullable(),
    /** As it was reported; null where it was erased, or where a follow-up found it. */
    description: z.string().nullable(),
  })
  .meta({ id: 'AdverseEvent' });
export type AdverseEventView = z.infer<typeof adverseEventViewSchema>;

/** One thing that was recorded about an adverse event. */
const adverseEventEntrySchema = z
  .strictObject({
    eventId: z.uuid(),
    type: z.string(),
    occurredAt: instantSchema,
    recordedAt: instantSchema,
    /** Who was signed in. */
    actor: z.string(),
    corrections: z.array(correctionSchema),
    /** Null: it stands. */
    retracted: retractionSchema.nullable(),
  })
  .meta({ id: 'AdverseEventEntry' });
export type AdverseEventEntryView = z.infer<typeof adverseEventEntrySchema>;

export const adverseEventDetailSchema = adverseEventViewSchema
  .extend({
    /** `retracted`: the report was taken back, or the follow-up says no more that it found one. The rest reads as before. */
    state: z.enum(['open', 'closed', 'retracted']),
    /** What took it back, and the physician by whom it was where it was open; null: it stands. */
    retracted: retractionSchema.extend({ physician: personSchema.nullable() }).nullable(),
    /** Everything that was recorded about it, in that order, with what corrected it or took it back. */
    history: z.array(adverseEventEntrySchema),
  })
  .meta({ id: 'AdverseEventDetail' });
export type AdverseEventDetail = z.infer<typeof adverseEventDetailSchema>;
