import { wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import {
  adverseEventKindSchema,
  deviationKindSchema,
  deviceSchema,
  reactionSchema,
  sessionKindSchema,
  severitySchema,
  usedProductSchema,
} from './course.events.js';

/** Names a thing by its id or by the code that the chain gave it. */
export const referenceSchema = z.string().min(1).max(200);

/** A deviation that whoever decides accepts, with the reason. */
export const overrideSchema = z.strictObject({
  deviation: deviationKindSchema,
  reason: z.string().trim().min(1).max(2000),
});

export const planCourseSchema = z
  .strictObject({
    code: z.string().min(1).max(100).optional(),
    consultation: z.uuid(),
    site: referenceSchema,
    practitioner: referenceSchema,
    /** Code of a published protocol; its newest version is taken. */
    protocol: z.string().min(1),
    plannedSessions: z.int().min(1).max(1000),
    /** The physician's reason for a number outside the protocol's range. */
    countReason: z.string().trim().min(1).max(2000).optional(),
  })
  .meta({ id: 'PlanCourse' });

export const bookSessionSchema = z
  .strictObject({
    kind: sessionKindSchema,
    site: referenceSchema,
    practitioner: referenceSchema,
    /** Wall time at the site. */
    at: wallTimeSchema,
  })
  .meta({ id: 'BookSession' });

export const rescheduleSessionSchema = z
  .strictObject({ site: referenceSchema.optional(), practitioner: referenceSchema.optional(), at: wallTimeSchema })
  .meta({ id: 'RescheduleSession' });

export const missSessionSchema = z.strictObject({}).meta({ id: 'MissSession' });

export const cancelSessionSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(2000) })
  .meta({ id: 'CancelSession' });

export const performSessionSchema = z
  .strictObject({
    /** Wall time at which it began; the chain's present time when left out. */
    at: wallTimeSchema.optional(),
    site: referenceSchema.optional(),
    practitioner: referenceSchema.optional(),
    durationMinutes: z.int().min(1).max(1440).optional(),
    areas: z.array(z.string().trim().min(1)).min(1).max(50),
    device: deviceSchema,
    depthMm: z.number().positive().max(100).optional(),
    products: z.array(usedProductSchema).min(1).max(50),
    painScore: z.int().min(0).max(10).optional(),
    reactions: z.array(reactionSchema).max(20).default([]),
    notes: z.string().max(20_000).optional(),
    pictures: z.array(z.string().min(1).max(500)).max(200).optional(),
    overrides: z.array(overrideSchema).max(20).default([]),
  })
  .meta({ id: 'PerformSession' });

export const holdFollowUpSchema = z
  .strictObject({
    site: referenceSchema,
    kind: z.enum(['remote', 'in-person']),
    at: wallTimeSchema,
    reactions: z.array(reactionSchema).max(20).default([]),
    adverseEvent: z.strictObject({ kind: adverseEventKindSchema, severity: severitySchema }).optional(),
    outcomeScore: z.int().min(1).max(5).optional(),
    notes: z.string().max(20_000).optional(),
  })
  .meta({ id: 'HoldFollowUp' });

export const completeCourseSchema = z.strictObject({}).meta({ id: 'CompleteCourse' });

export const stopCourseSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(2000) })
  .meta({ id: 'StopCourse' });

export const declineMaintenanceSchema = z.strictObject({}).meta({ id: 'DeclineMaintenance' });
