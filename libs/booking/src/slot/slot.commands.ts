import { z } from 'zod';

export const confirmSlotSchema = z
  .strictObject({
    /** Who is to treat, by id or code; without it, whoever treated in the course. */
    practitioner: z.string().min(1).max(200).optional(),
  })
  .meta({ id: 'ConfirmSlot' });
export type ConfirmSlotData = z.infer<typeof confirmSlotSchema>;

export const releaseSlotSchema = z
  .strictObject({
    /** Whether another day is proposed to the patient; else staff see to this window from now on. */
    proposeAnother: z.boolean(),
  })
  .meta({ id: 'ReleaseSlot' });
export type ReleaseSlotData = z.infer<typeof releaseSlotSchema>;
