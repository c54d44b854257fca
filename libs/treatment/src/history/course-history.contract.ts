import { z } from 'zod';
import { timelineItemSchema } from '../patient/patient-timeline/patient-timeline.contract.js';
import { courseRefSchema, personSchema } from '../shared.contract.js';

/** All entries of a course, each as it was entered and as it reads now. */
export const courseHistorySchema = z
  .strictObject({
    course: courseRefSchema,
    patient: personSchema,
    /** In the order in which they occurred. */
    items: z.array(timelineItemSchema),
  })
  .meta({ id: 'CourseHistory' });
export type CourseHistory = z.infer<typeof courseHistorySchema>;
