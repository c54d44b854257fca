import { codedCorrectionOf, codedRetractionOf } from '#libs/event-store/src/correction.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { entryReasonSchema } from '../lot/lot.events.js';
import { foldName } from '../lot/lot-name.js';

/**
 * One recall for each product and lot number of a chain, whichever sites received it, and also where none did yet. The
 * id follows from them, so that whoever plans or records a session knows where to look. U+0000 is in no stored text.
 */
export const recallIdOf = (chainId: Id, product: string, lotNumber: string): Id =>
  derivedId(chainId, `recall ${product}\0${lotNumber}`);
export const recallStreamOf = (recallId: Id) => `recall-${recallId}`;
export const recallStream = (chainId: Id, product: string, lotNumber: string) =>
  recallStreamOf(recallIdOf(chainId, product, lotNumber));

export const recallCauseSchema = z.enum([
  'contamination',
  'sterility',
  'composition',
  'labelling',
  'packaging',
  'cold-chain',
  'adverse-events',
  'counterfeit',
  'authority',
  'precaution',
  'other',
]);
export type RecallCause = z.infer<typeof recallCauseSchema>;

/** How a patient was told. */
export const tellingSchema = z.enum(['phone', 'in-person', 'letter', 'email', 'sms']);
export type Telling = z.infer<typeof tellingSchema>;

const ofRecall = { recallId: z.uuid(), product: z.string().min(1), lotNumber: z.string().min(1) };

export const LotRecalled = eventType('LotRecalled', {
  schema: z.strictObject({
    ...ofRecall,
    gtin: z.string().optional(),
    /** From this day on it is not used. */
    recalledOn: localDateSchema,
    /** Number of the manufacturer's or the authority's notice. */
    reference: z.string().min(1),
    cause: recallCauseSchema,
  }),
});

export const LotRecallLifted = eventType('LotRecallLifted', {
  schema: z.strictObject({
    ...ofRecall,
    /** From this day on it may be used again. */
    liftedOn: localDateSchema,
    reference: z.string().min(1),
  }),
});

/** Somebody has told a patient of the recall. */
export const RecallPatientTold = eventType('RecallPatientTold', {
  schema: z.strictObject({ ...ofRecall, patientId: z.uuid(), on: localDateSchema, how: tellingSchema }),
});

export const LotRecalledCorrected = codedCorrectionOf(LotRecalled, entryReasonSchema);
export const LotRecallLiftedCorrected = codedCorrectionOf(LotRecallLifted, entryReasonSchema);
export const RecallPatientToldCorrected = codedCorrectionOf(RecallPatientTold, entryReasonSchema);
/** An entry of a recall that never happened. */
export const RecallEntryRetracted = codedRetractionOf('RecallEntryRetracted', ofRecall, entryReasonSchema);

/**
 * The recalls of a lot number, however it and its product are written: a notice writes them otherwise than the package. A
 * stream for each number as it is compared, which names the recalls; what they say stands in their own.
 */
export const recallsOfNumberStream = (chainId: Id, lotNumber: string) =>
  `lotnumber-${derivedId(chainId, `lot number ${foldName(lotNumber)}`)}`;

/** A recall of the number, under whatever spelling. */
export const LotNumberRecalled = eventType('LotNumberRecalled', { schema: z.strictObject({ recallId: z.uuid() }) });

/** Ids of the recalls of a number, in the order in which they came. */
export const recallsOfNumberFold = {
  initial: [] as readonly Id[],
  evolve: (ids: readonly Id[], { data }: RecordedEvent<EventOf<typeof LotNumberRecalled>>): readonly Id[] =>
    ids.includes(data.recallId) ? ids : [...ids, data.recallId],
};

/** What folds see: corrections and retractions are applied before (`effectiveHistory`). */
export const RECALL_ENTRIES = [LotRecalled, LotRecallLifted, RecallPatientTold] as const;
export type RecallEvent = EventOf<(typeof RECALL_ENTRIES)[number]>;

export const RECALL_CORRECTIONS = [
  LotRecalledCorrected,
  LotRecallLiftedCorrected,
  RecallPatientToldCorrected,
  RecallEntryRetracted,
] as const;
export type RecallStreamEvent = RecallEvent | EventOf<(typeof RECALL_CORRECTIONS)[number]>;

export const RECALL_EVENTS = [...RECALL_ENTRIES, ...RECALL_CORRECTIONS] as const;
/** Where recalls are found. */
export const RECALL_LIST_EVENTS = [LotNumberRecalled] as const;
