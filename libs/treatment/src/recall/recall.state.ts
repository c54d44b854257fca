import type { Correctness } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { RecallCause, RecallEvent, Telling } from './recall.events.js';

/** One recall of the lot; a lot may be recalled again after a recall was lifted. */
export interface RecallNotice {
  /** Id of the entry, which corrections name. */
  readonly entryId: string;
  readonly gtin: string | null;
  /** From this day on it is not used. */
  readonly recalledOn: LocalDate;
  /** When it was entered as it reads: where it was corrected, when its latest correction was. */
  readonly recordedAt: Instant;
  /** Number of the manufacturer's or the authority's notice. */
  readonly reference: string;
  readonly cause: RecallCause;
  /** From the day of it on the lot may be used again; null while the recall holds. */
  readonly lift: { readonly entryId: string; readonly liftedOn: LocalDate; readonly reference: string } | null;
}

export interface ToldPatient {
  /** Id of the entry, which corrections name. */
  readonly entryId: string;
  readonly patientId: string;
  readonly on: LocalDate;
  readonly how: Telling;
}

interface Recall {
  readonly recallId: string;
  readonly product: string;
  readonly lotNumber: string;
  /** Every recall of the lot, in the order in which they were entered; `latest` is the last one. */
  readonly notices: readonly RecallNotice[];
  readonly latest: RecallNotice;
  /** Of the latest. */
  readonly recalledOn: LocalDate;
  readonly reference: string;
  readonly told: readonly ToldPatient[];
}

export type RecallState =
  | { readonly status: 'none' }
  | (Recall & { readonly status: 'recalled' })
  | (Recall & { readonly status: 'lifted'; readonly liftedOn: LocalDate });

export const recallFold = { initial: { status: 'none' } as RecallState, evolve };

function evolve(
  state: RecallState,
  event: RecordedEvent<RecallEvent> & { readonly correctness?: Correctness },
): RecallState {
  const entryId = event.header.id;
  if (event.type === 'LotRecalled') {
    const { recallId, product, lotNumber, gtin, recalledOn, reference, cause } = event.data;
    const before = state.status === 'none' ? { notices: [], told: [] } : state;
    const recordedAt = event.correctness?.correctedBy.at(-1)?.recordedAt ?? event.recordedAt;
    const said = { recalledOn, recordedAt, reference, cause };
    const latest: RecallNotice = { entryId, gtin: gtin ?? null, ...said, lift: null };
    const notices = [...before.notices, latest];
    const { told } = before;
    return { status: 'recalled', recallId, product, lotNumber, notices, latest, recalledOn, reference, told };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'LotRecallLifted': {
      const { liftedOn, reference } = event.data;
      const latest: RecallNotice = { ...state.latest, lift: { entryId, liftedOn, reference } };
      return { ...state, status: 'lifted', notices: [...state.notices.slice(0, -1), latest], latest, liftedOn };
    }
    case 'RecallPatientTold': {
      const { patientId, on, how } = event.data;
      return { ...state, told: [...state.told, { entryId, patientId, on, how }] };
    }
    default:
      return assertNever(event, 'recall event');
  }
}

/** Whether a recall keeps a lot from being used on a day. One that was lifted goes on to hold for its own days. */
export const isRecalledOn = (recall: RecallState, on: LocalDate): boolean => noticeOn(recall, on) !== undefined;

/** The notice that keeps a lot from being used on a day. */
export const noticeOn = (recall: RecallState, on: LocalDate): RecallNotice | undefined =>
  recall.status === 'none'
    ? undefined
    : recall.notices.find(({ recalledOn, lift }) => recalledOn <= on && (lift === null || on < lift.liftedOn));
