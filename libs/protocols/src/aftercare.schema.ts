import { exactDurationMs, exactDurationSchema } from '#libs/kernel/src/iso-duration.js';
import { z } from 'zod';
import { codeSchema, rule, textsSchema } from './rule.schema.js';

/** ISO 8601, from the end of the session; a range holds to its longer side; null has no end. */
export const holdsForSchema = z.union([
  exactDurationSchema,
  z.strictObject({ min: exactDurationSchema, max: exactDurationSchema }),
  z.null(),
]);
export type HoldsFor = z.infer<typeof holdsForSchema>;

const shared = {
  id: codeSchema,
  /** The act or thing it is about. Items about the same one become one line. */
  subject: codeSchema,
  text: textsSchema,
};

export const aftercareItemSchema = z.discriminatedUnion('act', [
  /** To leave off until the end. */
  rule({
    act: z.literal('avoid'),
    ...shared,
    lasts: holdsForSchema,
    /** What the all-clear says once the end is reached; null where there is nothing to announce. */
    free: textsSchema.nullable(),
  }),
  /** To do until the end. */
  rule({ act: z.literal('do'), ...shared, lasts: holdsForSchema }),
  /** Explicitly permitted, from a time after the session on. */
  rule({ act: z.literal('allow'), ...shared, after: exactDurationSchema }),
]);
export type AftercareItem = z.infer<typeof aftercareItemSchema>;

/** The length that counts, in ms; null has no end. */
export function longestMs(lasts: HoldsFor): number | null {
  if (lasts === null) return null;
  if (typeof lasts === 'string') return exactDurationMs(lasts);
  return Math.max(exactDurationMs(lasts.min), exactDurationMs(lasts.max));
}
