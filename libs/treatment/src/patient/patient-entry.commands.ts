import { z } from 'zod';
import { ADVERSE_EVENT_CORRECTIONS } from '../adverse-event/adverse-event.commands.js';
import { PATIENT_CORRECTIONS } from './patient.commands.js';

const reasonSchema = z.string().trim().min(1).max(2000);

export const entryCorrectionSchema = z.discriminatedUnion('type', [
  ...PATIENT_CORRECTIONS,
  ...ADVERSE_EVENT_CORRECTIONS,
]);
/** What an entry of a patient's record should have said. */
export type EntryCorrection = z.infer<typeof entryCorrectionSchema>;

export const correctPatientEntrySchema = z
  .strictObject({ data: entryCorrectionSchema, reason: reasonSchema })
  .meta({ id: 'CorrectPatientEntry' });

export const retractPatientEntrySchema = z
  .strictObject({
    reason: reasonSchema,
    /** Who answers for it where an adverse event that is open goes with the entry, by id or code. */
    physician: z.string().min(1).optional(),
  })
  .meta({ id: 'RetractPatientEntry' });
