import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { courseRefSchema, personSchema, siteRefSchema } from '../../shared.contract.js';

/** A window in which a patient's maintenance session should take place. */
export const maintenanceDueSchema = z
  .strictObject({
    course: courseRefSchema,
    patient: personSchema,
    /** The site of the course. */
    site: siteRefSchema,
    /** Counts the windows of the course from 1. */
    ordinal: z.int().positive(),
    /** First and last day, both included. */
    opens: localDateSchema,
    closes: localDateSchema,
    state: z.enum(['upcoming', 'due', 'overdue']),
    /** The next booked maintenance session of the course. */
    booked: z.strictObject({ sessionId: z.uuid(), at: wallTimeSchema }).nullable(),
    /** The window was over already when an import brought the course, and its first message waits for the site's release. */
    imported: z.boolean(),
  })
  .meta({ id: 'MaintenanceDue' });
export type MaintenanceDue = z.infer<typeof maintenanceDueSchema>;
