import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

/** What took an entry, or a correction of one, back. */
export const retractionSchema = z
  .strictObject({
    eventId: z.uuid(),
    recordedAt: instantSchema,
    /** Who was signed in. */
    actor: z.string(),
    /** Why, in words; null where it was erased. */
    reason: z.string().nullable(),
  })
  .meta({ id: 'EntryRetraction' });
export type RetractionView = z.infer<typeof retractionSchema>;

export const correctionSchema = z
  .strictObject({
    eventId: z.uuid(),
    recordedAt: instantSchema,
    /** Who was signed in. */
    actor: z.string(),
    /** Why, in words; null where it was erased. */
    reason: z.string().nullable(),
    /** Against what stood before it. A value is null where nothing was said, or where it was erased. */
    changed: z.array(z.strictObject({ field: z.string(), before: z.unknown(), after: z.unknown() })),
    /** Null: it stands. */
    retracted: retractionSchema.nullable(),
  })
  .meta({ id: 'EntryCorrection' });
export type CorrectionView = z.infer<typeof correctionSchema>;
