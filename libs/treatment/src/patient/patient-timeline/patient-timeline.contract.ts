import { instantSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { correctionSchema, retractionSchema } from '../../history/history.contract.js';
import { courseRefSchema, personSchema, siteRefSchema } from '../../shared.contract.js';

const detailsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]));
const precisionSchema = z.enum(['instant', 'day', 'derived', 'unknown']);

/** One event in the life of a patient, as it reads now. */
export const timelineItemSchema = z
  .strictObject({
    /** By which it is corrected or taken back. */
    eventId: z.uuid(),
    /** Position of the event in the chain's log. */
    position: z.int().positive(),
    type: z.string(),
    occurredAt: instantSchema,
    /** How exactly that is known. */
    precision: precisionSchema,
    /** What the clock at the site showed; null for what has no place. */
    wall: wallTimeSchema.nullable(),
    zone: z.string().nullable(),
    recordedAt: instantSchema,
    origin: z.enum(['live', 'import']),
    /** Who was signed in, or which part of the system it was. */
    actor: z.string(),
    /** The registration that it is about: one person may have several. */
    patientId: z.uuid(),
    site: siteRefSchema.nullable(),
    course: courseRefSchema.nullable(),
    practitioner: personSchema.nullable(),
    /** An English sentence without personal data. */
    title: z.string(),
    details: detailsSchema,
    /** What corrected it, in the order in which it was recorded; what was taken back again stays. */
    corrections: z.array(correctionSchema),
    /** As it was entered; null where nothing has corrected it. */
    entered: z
      .strictObject({
        occurredAt: instantSchema,
        precision: precisionSchema,
        wall: wallTimeSchema.nullable(),
        title: z.string(),
        details: detailsSchema,
      })
      .nullable(),
    /** What took it back: it never happened. Null: it stands. */
    retracted: retractionSchema.nullable(),
  })
  .meta({ id: 'TimelineItem' });
export type TimelineItem = z.infer<typeof timelineItemSchema>;

export const patientTimelineSchema = z
  .strictObject({
    patient: personSchema,
    /** Whose events are shown: the patient, and with `person=true` every registration that is linked. */
    registrations: z.array(personSchema),
    items: z.array(timelineItemSchema),
    next: z.string().nullable(),
  })
  .meta({ id: 'PatientTimeline' });
export type PatientTimeline = z.infer<typeof patientTimelineSchema>;
