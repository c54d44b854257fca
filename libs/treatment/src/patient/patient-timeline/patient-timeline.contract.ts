import { instantSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { courseRefSchema, personSchema, siteRefSchema } from '../../shared.contract.js';

/** One event in the life of a patient. */
export const timelineItemSchema = z
  .strictObject({
    /** Position of the event in the chain's log. */
    position: z.int().positive(),
    type: z.string(),
    occurredAt: instantSchema,
    /** How exactly that is known. */
    precision: z.enum(['instant', 'day', 'derived', 'unknown']),
    /** What the clock at the site showed; null for what has no place. */
    wall: wallTimeSchema.nullable(),
    zone: z.string().nullable(),
    recordedAt: instantSchema,
    origin: z.enum(['live', 'import']),
    site: siteRefSchema.nullable(),
    course: courseRefSchema.nullable(),
    practitioner: personSchema.nullable(),
    /** An English sentence without personal data. */
    title: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
  })
  .meta({ id: 'TimelineItem' });
export type TimelineItem = z.infer<typeof timelineItemSchema>;

export const patientTimelineSchema = z
  .strictObject({ patient: personSchema, items: z.array(timelineItemSchema), next: z.string().nullable() })
  .meta({ id: 'PatientTimeline' });
export type PatientTimeline = z.infer<typeof patientTimelineSchema>;
