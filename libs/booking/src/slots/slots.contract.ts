import { instantSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { personSchema, siteRefSchema } from '#libs/treatment/src/shared.contract.js';
import { z } from 'zod';
import { releaseReasonSchema } from '../slot/slot.events.js';

export const SLOT_STATES = ['held', 'accepted', 'confirmed', 'released', 'exhausted'] as const;

/** A time that is, or was, held for a patient's maintenance; or that nothing more is held in a window. */
export const slotViewSchema = z
  .strictObject({
    id: z.uuid(),
    state: z.enum(SLOT_STATES),
    course: z.strictObject({ id: z.uuid(), code: z.string().nullable() }),
    patient: personSchema,
    site: siteRefSchema,
    /** The window, as the course's proposal counts it. */
    ordinal: z.int().positive(),
    /** Counts the times held in the window from 1; of an exhausted one, how many there were. */
    try: z.int().nonnegative(),
    /** At the site; null where nothing more is held. */
    at: wallTimeSchema.nullable(),
    durationMinutes: z.int().positive().nullable(),
    heldUntil: instantSchema.nullable(),
    /** Whose word books it; null where nothing more is held. */
    confirmedBy: z.enum(['patient', 'staff']).nullable(),
    /** Ids of the rules that kept a yes from booking it. */
    against: z.array(z.string()),
    /** Why it was released, or nothing more is held; else null. */
    reason: z.union([releaseReasonSchema, z.enum(['no-free-time'])]).nullable(),
    /** The patient said yes after it was released. */
    answeredLate: z.boolean(),
    /** The session that it has become; else null. */
    sessionId: z.uuid().nullable(),
  })
  .meta({ id: 'Slot' });
export type SlotView = z.infer<typeof slotViewSchema>;
