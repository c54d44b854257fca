import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { courseRefSchema, personSchema, siteRefSchema } from '../../shared.contract.js';

export const maintenanceDueStateSchema = z.enum(['upcoming', 'due', 'overdue', 'unscheduled']);
export type MaintenanceDueState = z.infer<typeof maintenanceDueStateSchema>;

/** When a whole new course is suggested (S1-M1): first and last day, both included, and how that stands today. */
export const suggestedCourseSchema = z
  .strictObject({ opens: localDateSchema, closes: localDateSchema, state: z.enum(['upcoming', 'open', 'over']) })
  .meta({ id: 'SuggestedCourse' });

/** A window in which a patient's maintenance session should take place, or one that a physician is still to set. */
export const maintenanceDueSchema = z
  .strictObject({
    course: courseRefSchema,
    patient: personSchema,
    /** The site of the course. */
    site: siteRefSchema,
    /** Counts the windows of the course from 1. */
    ordinal: z.int().positive(),
    /** First and last day, both included; null while a physician is still to set them. */
    opens: localDateSchema.nullable(),
    closes: localDateSchema.nullable(),
    /** The day by which maintenance should take place where the physician has set no window yet; else null. */
    latest: localDateSchema.nullable(),
    state: maintenanceDueStateSchema,
    /** A whole new course, suggested beside the window; null where the protocol suggests none. */
    suggestedCourse: suggestedCourseSchema.nullable(),
    /** The next booked maintenance session of the course. */
    booked: z.strictObject({ sessionId: z.uuid(), at: wallTimeSchema }).nullable(),
    /** The window was over already when an import brought the course, and its first message waits for the site's release. */
    imported: z.boolean(),
  })
  .meta({ id: 'MaintenanceDue' });
export type MaintenanceDue = z.infer<typeof maintenanceDueSchema>;
