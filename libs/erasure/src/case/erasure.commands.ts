import { z } from 'zod';
import { erasureGroundSchema } from './erasure.events.js';

const REASON_CHARACTERS_MAX = 4_000;
const reason = z.string().trim().min(1).max(REASON_CHARACTERS_MAX);

/**
 * A sandbox has one user who is signed in by themselves. There, and nowhere else, a decision may be given as that of a
 * second person, so that an erasure can be walked through.
 */
const asSecondPerson = z.boolean().optional();

export const requestErasureSchema = z
  .strictObject({ ground: erasureGroundSchema, reason })
  .meta({ id: 'RequestErasure' });
export type RequestErasureData = z.infer<typeof requestErasureSchema>;

export const confirmErasureSchema = z
  .strictObject({ erasure: z.uuid(), asSecondPerson })
  .meta({ id: 'ConfirmErasure' });
export type ConfirmErasureData = z.infer<typeof confirmErasureSchema>;

export const declineErasureSchema = z
  .strictObject({ erasure: z.uuid(), reason, asSecondPerson })
  .meta({ id: 'DeclineErasure' });
export type DeclineErasureData = z.infer<typeof declineErasureSchema>;

export const setLegalHoldSchema = z.strictObject({ reason }).meta({ id: 'SetLegalHold' });
export type SetLegalHoldData = z.infer<typeof setLegalHoldSchema>;

export const liftLegalHoldSchema = z.strictObject({ reason }).meta({ id: 'LiftLegalHold' });
export type LiftLegalHoldData = z.infer<typeof liftLegalHoldSchema>;
