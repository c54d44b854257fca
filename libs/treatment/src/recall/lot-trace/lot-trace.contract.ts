import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { personSchema, siteRefSchema } from '../../shared.contract.js';
import { recallCauseSchema, tellingSchema } from '../recall.events.js';

/** The course that a session belongs to; its protocol is not needed to find it. */
const courseOfSessionSchema = z.strictObject({ id: z.uuid(), code: z.string().nullable() });

/** A session that was performed with the lot, or is booked with it. */
export const tracedSessionSchema = z
  .strictObject({
    sessionId: z.uuid(),
    course: courseOfSessionSchema,
    patient: personSchema,
    site: siteRefSchema,
    practitioner: personSchema,
    /** Wall time at the site. */
    at: wallTimeSchema,
    /** Of the lot, over all areas; null where it was not written down, and before the session. */
    volumeMl: z.number().nonnegative().nullable(),
  })
  .meta({ id: 'TracedSession' });
export type TracedSession = z.infer<typeof tracedSessionSchema>;

const tellingViewSchema = z.strictObject({ on: localDateSchema, how: tellingSchema });

export const tracedPatientSchema = z
  .strictObject({
    patient: personSchema,
    sessions: z.int().positive(),
    /** Local dates of the first and the last session with the lot. */
    firstOn: localDateSchema,
    lastOn: localDateSchema,
    /** When the patient was last told of the recall; null: not yet. */
    told: tellingViewSchema.nullable(),
  })
  .meta({ id: 'TracedPatient' });
export type TracedPatient = z.infer<typeof tracedPatientSchema>;

export const tracedSiteSchema = z
  .strictObject({ site: siteRefSchema, sessions: z.int().positive(), patients: z.int().positive() })
  .meta({ id: 'TracedSite' });
export const tracedPractitionerSchema = z
  .strictObject({ practitioner: personSchema, sessions: z.int().positive(), patients: z.int().positive() })
  .meta({ id: 'TracedPractitioner' });

/** Reported of a patient on the day of the first session with the lot, or later. */
export const tracedAdverseEventSchema = z
  .strictObject({
    id: z.uuid(),
    patient: personSchema,
    site: siteRefSchema,
    /** The session after which it came, where somebody said so. */
    sessionId: z.uuid().nullable(),
    kind: z.string(),
    /** As it was last assessed; null: nobody said. */
    severity: z.string().nullable(),
    onsetOn: localDateSchema,
    status: z.enum(['open', 'closed']),
  })
  .meta({ id: 'TracedAdverseEvent' });

export const toldPatientSchema = z
  .strictObject({ entryId: z.uuid(), patient: personSchema, on: localDateSchema, how: tellingSchema })
  .meta({ id: 'ToldPatient' });

/** The lot as one site received it. */
export const tracedReceiptSchema = z
  .strictObject({
    lotId: z.uuid(),
    site: siteRefSchema,
    receivedOn: localDateSchema,
    expiresOn: localDateSchema,
    /** In ml; null where nobody counted. */
    receivedMl: z.number().positive().nullable(),
    usedMl: z.number().nonnegative(),
    wastedMl: z.number().nonnegative(),
    /** received + excess = used + wasted + left. */
    leftMl: z.number().nonnegative().nullable(),
    /** Used and wasted beyond what was received: where it is not 0, an entry is wrong. */
    excessMl: z.number().nonnegative().nullable(),
  })
  .meta({ id: 'TracedReceipt' });

export const recallViewSchema = z
  .strictObject({
    id: z.uuid(),
    product: z.string(),
    lotNumber: z.string(),
    status: z.enum(['recalled', 'lifted']),
    /** Every recall of the lot, the oldest first. */
    notices: z.array(
      z.strictObject({
        entryId: z.uuid(),
        gtin: z.string().nullable(),
        recalledOn: localDateSchema,
        reference: z.string(),
        cause: recallCauseSchema,
        /** From the day of it on the lot may be used again. */
        lift: z.strictObject({ entryId: z.uuid(), liftedOn: localDateSchema, reference: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'Recall' });
export type RecallView = z.infer<typeof recallViewSchema>;

const firstPage = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

/** Everything that a lot touched: counts over all of it, and the first page of each list. */
export const lotTraceSchema = z
  .strictObject({
    product: z.string(),
    lotNumber: z.string(),
    /** Null: it was never recalled. */
    recall: recallViewSchema.nullable(),
    counts: z.strictObject({
      sessions: z.int().nonnegative(),
      patients: z.int().nonnegative(),
      sites: z.int().nonnegative(),
      practitioners: z.int().nonnegative(),
      /** Sessions that are booked with it. */
      planned: z.int().nonnegative(),
      adverseEvents: z.int().nonnegative(),
      /** Of the touched patients. */
      told: z.int().nonnegative(),
      notTold: z.int().nonnegative(),
      /** Sessions in which a volume was not written down. */
      volumeUnknown: z.int().nonnegative(),
    }),
    /** In performed sessions, as far as it was written down. */
    volumeMl: z.number().nonnegative(),
    receipts: z.array(tracedReceiptSchema),
    sessions: firstPage(tracedSessionSchema),
    patients: firstPage(tracedPatientSchema),
    sites: firstPage(tracedSiteSchema),
    practitioners: firstPage(tracedPractitionerSchema),
    planned: firstPage(tracedSessionSchema),
    adverseEvents: firstPage(tracedAdverseEventSchema),
    told: firstPage(toldPatientSchema),
  })
  .meta({ id: 'LotTrace' });
export type LotTrace = z.infer<typeof lotTraceSchema>;

/** A recall with everything that its lot touched. */
export const recallDetailSchema = lotTraceSchema.extend({ recall: recallViewSchema }).meta({ id: 'RecallDetail' });

/** The lists of a trace, each of which can be asked for page by page. */
export const TRACE_LISTS = {
  sessions: tracedSessionSchema,
  patients: tracedPatientSchema,
  'not-told': tracedPatientSchema,
  sites: tracedSiteSchema,
  practitioners: tracedPractitionerSchema,
  planned: tracedSessionSchema,
  'adverse-events': tracedAdverseEventSchema,
  told: toldPatientSchema,
} as const;
export type TraceList = keyof typeof TRACE_LISTS;

/** What is on record of one lot at one site. */
export const lotStockSchema = z
  .strictObject({
    id: z.uuid(),
    /** For If-Match. */
    revision: z.int().nonnegative(),
    site: siteRefSchema,
    product: z.string(),
    lotNumber: z.string(),
    gtin: z.string().nullable(),
    serial: z.string().nullable(),
    receivedOn: localDateSchema,
    expiresOn: localDateSchema,
    ingredients: z.array(z.string()),
    /** Id of the entry of the receipt, which corrections name. */
    entryId: z.uuid(),
    /** Packages that it came in; null where nobody counted. */
    units: z.int().positive().nullable(),
    /** In ml; null where nobody counted. */
    receivedMl: z.number().positive().nullable(),
    usedMl: z.number().nonnegative(),
    wastedMl: z.number().nonnegative(),
    /** received + excess = used + wasted + left. */
    leftMl: z.number().nonnegative().nullable(),
    /** Used and wasted beyond what was received: where it is not 0, an entry is wrong. */
    excessMl: z.number().nonnegative().nullable(),
    /** Sessions with it in which a volume was not written down. */
    volumeUnknown: z.int().nonnegative(),
    /** `expired`: after its last day at the site; `recalled` today, whatever else. */
    status: z.enum(['usable', 'expired', 'recalled']),
    vials: z.array(
      z.strictObject({
        vialId: z.uuid(),
        entryId: z.uuid(),
        /** Wall times at the site. */
        openedAt: wallTimeSchema,
        usableUntil: wallTimeSchema,
        isUsable: z.boolean(),
      }),
    ),
    wastes: z.array(
      z.strictObject({
        wasteId: z.uuid(),
        entryId: z.uuid(),
        vialId: z.uuid().nullable(),
        volumeMl: z.number().positive(),
        cause: z.string(),
        on: localDateSchema,
      }),
    ),
  })
  .meta({ id: 'LotStock' });
export type LotStock = z.infer<typeof lotStockSchema>;
