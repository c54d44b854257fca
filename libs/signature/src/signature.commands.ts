import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { MEANINGS } from './signature.events.js';

export const signEntrySchema = z
  .strictObject({
    /** Of the entry, as histories and timelines show it. */
    position: z.int().min(1),
    meaning: z.enum(MEANINGS),
  })
  .meta({ id: 'SignEntry' });
export type SignEntryData = z.output<typeof signEntrySchema>;

export const signatureViewSchema = z
  .strictObject({
    signatureId: z.uuid(),
    position: z.int(),
    /** Type of the entry that it stands under. */
    entry: z.string(),
    meaning: z.enum(MEANINGS),
    signer: z.string(),
    /** Of the signer; null where nobody knows it (any more). */
    name: z.string().nullable(),
    signedAt: instantSchema,
    authenticatedAt: instantSchema,
    /** Whether the entry has the very bytes still that were signed. */
    intact: z.boolean(),
  })
  .meta({ id: 'Signature' });
export type SignatureView = z.output<typeof signatureViewSchema>;
