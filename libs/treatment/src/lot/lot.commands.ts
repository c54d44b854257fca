import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { entryReasonSchema, wasteCauseSchema } from './lot.events.js';

/** Volumes are told to the microlitre. */
const volumeMl = z
  .number()
  .positive()
  .max(100_000)
  .refine((value) => Math.abs(value * 1_000 - Math.round(value * 1_000)) < 1e-6, 'ml with at most three decimals');

const counted = {
  /** Digits of the GTIN; kept with 14 of them. */
  gtin: z.string().regex(/^\d+$/, 'the digits of a GTIN').max(14).optional(),
  /** Received in total, in ml. */
  volumeMl: volumeMl.optional(),
  /** Packages (vials, syringes) that it came in. */
  units: z.int().positive().max(100_000).optional(),
  serial: z.string().trim().min(1).max(100).optional(),
};

export const receiveLotSchema = z
  .strictObject({
    /** Id or code of the site. */
    site: z.string().min(1).max(200),
    product: z.string().trim().min(1).max(200),
    /** What a scanner read from the package: a GS1 element string, its human readable form, or a GS1 Digital Link. */
    scan: z.string().min(1).max(2_000).optional(),
    /** Lot number and expiry are needed where nothing was scanned. */
    lotNumber: z.string().trim().min(1).max(100).optional(),
    expiresOn: localDateSchema.optional(),
    receivedOn: localDateSchema,
    ingredients: z.array(z.string().trim().min(1)).max(200),
    ...counted,
  })
  .superRefine(({ scan, lotNumber, expiresOn, receivedOn }, context) => {
    const missing = (field: string) =>
      context.addIssue({ code: 'custom', path: [field], message: 'needed where nothing was scanned' });
    if (scan === undefined && lotNumber === undefined) missing('lotNumber');
    if (scan === undefined && expiresOn === undefined) missing('expiresOn');
    if (expiresOn !== undefined && expiresOn < receivedOn) {
      const message = 'the last day on which it may be used, not before the day it was received';
      context.addIssue({ code: 'custom', path: ['expiresOn'], message });
    }
  })
  .meta({ id: 'ReceiveLot' });

export const openVialSchema = z
  .strictObject({
    /** Wall time at the site; now, without it. */
    openedAt: wallTimeSchema.optional(),
    /** Wall time at the site at which it may be used no more. */
    usableUntil: wallTimeSchema,
  })
  .meta({ id: 'OpenVial' });

export const wasteLotSchema = z
  .strictObject({
    /** The opened vial that it was in; left out for what was never opened. */
    vialId: z.uuid().optional(),
    volumeMl,
    cause: wasteCauseSchema,
    /** Day at the site; today, without it. */
    on: localDateSchema.optional(),
  })
  .meta({ id: 'WasteLot' });

const correctReceiptSchema = z.strictObject({
  expiresOn: localDateSchema,
  receivedOn: localDateSchema,
  ingredients: z.array(z.string().trim().min(1)).max(200),
  ...counted,
});
const correctVialSchema = z.strictObject({ openedAt: wallTimeSchema, usableUntil: wallTimeSchema });
const correctWasteSchema = z.strictObject({
  vialId: z.uuid().optional(),
  volumeMl,
  cause: wasteCauseSchema,
  on: localDateSchema,
});

/**
 * The whole entry anew, as its kind: a receipt (but for site, product and lot number, which make another lot: take such
 * a receipt back and enter it anew), an opened vial, or waste.
 */
export const correctLotEntrySchema = z
  .strictObject({
    data: z.union([correctReceiptSchema, correctVialSchema, correctWasteSchema]),
    reason: entryReasonSchema,
  })
  .meta({ id: 'CorrectLotEntry' });

export const retractLotEntrySchema = z.strictObject({ reason: entryReasonSchema }).meta({ id: 'RetractLotEntry' });

export type ReceiveLotData = z.infer<typeof receiveLotSchema>;
export type OpenVialData = z.infer<typeof openVialSchema>;
export type WasteLotData = z.infer<typeof wasteLotSchema>;
export type CorrectLotEntryData = z.infer<typeof correctLotEntrySchema>;
export type ReceiptData = z.infer<typeof correctReceiptSchema>;
export type VialData = z.infer<typeof correctVialSchema>;
export type WasteData = z.infer<typeof correctWasteSchema>;
