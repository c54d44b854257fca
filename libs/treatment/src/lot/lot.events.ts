import { codedCorrectionOf, codedRetractionOf } from '#libs/event-store/src/correction.js';
import { type EventOf, eventType, type Upcaster } from '#libs/event-store/src/event-type.js';
import { localDateSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

/** A stream for each lot at each site: the same lot received at two sites is two receipts. */
export const lotStream = (lotId: string) => `lot-${lotId}`;

/** The new version only adds fields that may be left out. */
const unchanged: Upcaster = (data) => data;

export const LotReceived = eventType('LotReceived', {
  version: 2,
  upcasters: [unchanged],
  schema: z.strictObject({
    lotId: z.uuid(),
    siteId: z.uuid(),
    product: z.string().min(1),
    lotNumber: z.string().min(1),
    gtin: z.string().optional(),
    /** The last day on which it may be used. */
    expiresOn: localDateSchema,
    receivedOn: localDateSchema,
    ingredients: z.array(z.string().min(1)),
    /** All of it together, in ml; left out where nobody counted. */
    volumeMl: z.number().positive().optional(),
    /** Packages (vials, syringes) that it came in. */
    units: z.number().int().positive().optional(),
    /** Serial number of the package that was scanned. */
    serial: z.string().min(1).optional(),
  }),
});

/** An opened vial has an expiry of its own. */
export const VialOpened = eventType('VialOpened', {
  schema: z.strictObject({
    lotId: z.uuid(),
    vialId: z.uuid(),
    openedAt: zonedTimeSchema,
    /** The first moment at which it may be used no more. */
    usableUntil: zonedTimeSchema,
  }),
});

export const wasteCauseSchema = z.enum([
  'expired',
  'vial-expired',
  'residue',
  'broken',
  'contaminated',
  'cold-chain',
  'recalled',
  'returned',
  'other',
]);
export type WasteCause = z.infer<typeof wasteCauseSchema>;

/** What went to nobody. */
export const LotWasted = eventType('LotWasted', {
  schema: z.strictObject({
    lotId: z.uuid(),
    wasteId: z.uuid(),
    /** The opened vial that it was in; left out for what was never opened. */
    vialId: z.uuid().optional(),
    volumeMl: z.number().positive(),
    cause: wasteCauseSchema,
    /** Day at the site. */
    on: localDateSchema,
  }),
});

/**
 * Why an entry was wrong. A lot is about nobody, so that no key could close a reason in words: it is a code, and a
 * reference (number of a form, of a ticket) to where the words are.
 */
export const entryReasonSchema = z.strictObject({
  code: z.enum(['typing-error', 'miscounted', 'wrong-time', 'wrong-lot', 'not-happened', 'duplicate', 'other']),
  /** Without blanks, so that it does not turn into prose. */
  reference: z
    .string()
    .regex(/^[\p{L}\p{N}._/#-]{1,60}$/u, 'a reference of 1 to 60 letters, digits and . _ / # -, without blanks')
    .optional(),
});
export type EntryReason = z.infer<typeof entryReasonSchema>;

export const LotReceivedCorrected = codedCorrectionOf(LotReceived, entryReasonSchema);
export const VialOpenedCorrected = codedCorrectionOf(VialOpened, entryReasonSchema);
export const LotWastedCorrected = codedCorrectionOf(LotWasted, entryReasonSchema);
/** An entry of a lot that never happened. */
export const LotEntryRetracted = codedRetractionOf('LotEntryRetracted', { lotId: z.uuid() }, entryReasonSchema);

/** What folds see: corrections and retractions are applied before (`effectiveHistory`). */
export const LOT_ENTRIES = [LotReceived, VialOpened, LotWasted] as const;
export type LotEvent = EventOf<(typeof LOT_ENTRIES)[number]>;

export const LOT_CORRECTIONS = [
  LotReceivedCorrected,
  VialOpenedCorrected,
  LotWastedCorrected,
  LotEntryRetracted,
] as const;
export type LotStreamEvent = LotEvent | EventOf<(typeof LOT_CORRECTIONS)[number]>;

export const LOT_EVENTS = [...LOT_ENTRIES, ...LOT_CORRECTIONS] as const;
