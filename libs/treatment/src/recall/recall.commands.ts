import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { entryReasonSchema } from '../lot/lot.events.js';
import { recallCauseSchema, tellingSchema } from './recall.events.js';

/** A short number of a notice; a recall is about nobody, and says nothing of anybody. */
const reference = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{N}._/#: -]{1,100}$/u, 'a reference of 1 to 100 letters, digits, blanks and . _ / # : -');
const gtin = z.string().regex(/^\d+$/, 'the digits of a GTIN').max(14);

export const recallLotSchema = z
  .strictObject({
    product: z.string().trim().min(1).max(200),
    lotNumber: z.string().trim().min(1).max(100),
    gtin: gtin.optional(),
    /** From this day on it is not used. */
    recalledOn: localDateSchema,
    /** Number of the manufacturer's or the authority's notice. */
    reference,
    cause: recallCauseSchema,
  })
  .meta({ id: 'RecallLot' });

export const liftRecallSchema = z
  .strictObject({
    /** From this day on it may be used again. */
    liftedOn: localDateSchema,
    reference,
  })
  .meta({ id: 'LiftRecall' });

/** Each patient is looked at before it is recorded; a longer list is sent in parts. */
const PATIENTS_MAX = 200;

export const tellPatientsSchema = z
  .strictObject({
    /** Ids or codes of those who were told. */
    patients: z.array(z.string().min(1).max(200)).min(1).max(PATIENTS_MAX),
    on: localDateSchema,
    how: tellingSchema,
  })
  .meta({ id: 'TellRecallPatients' });

const correctNoticeSchema = z.strictObject({
  gtin: gtin.optional(),
  recalledOn: localDateSchema,
  reference,
  cause: recallCauseSchema,
});
const correctLiftSchema = z.strictObject({ liftedOn: localDateSchema, reference });
const correctToldSchema = z.strictObject({ on: localDateSchema, how: tellingSchema });

/**
 * The whole entry anew, as its kind: a recall (but for product and lot number, which make another recall: take such a
 * one back), its lifting, or the telling of a patient.
 */
export const correctRecallEntrySchema = z
  .strictObject({
    data: z.union([correctNoticeSchema, correctLiftSchema, correctToldSchema]),
    reason: entryReasonSchema,
  })
  .meta({ id: 'CorrectRecallEntry' });

export const retractRecallEntrySchema = z
  .strictObject({ reason: entryReasonSchema })
  .meta({ id: 'RetractRecallEntry' });

export type RecallLotData = z.infer<typeof recallLotSchema>;
export type LiftRecallData = z.infer<typeof liftRecallSchema>;
export type TellPatientsData = z.infer<typeof tellPatientsSchema>;
export type CorrectRecallEntryData = z.infer<typeof correctRecallEntrySchema>;
