import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, LocalDate, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { LotEvent, WasteCause } from './lot.events.js';

export interface OpenedVial {
  /** Id of the entry, which corrections name. */
  readonly entryId: string;
  readonly vialId: string;
  readonly openedAt: ZonedTime;
  /** The first moment at which it may be used no more. */
  readonly usableUntil: ZonedTime;
}

export interface Waste {
  readonly entryId: string;
  readonly wasteId: string;
  readonly vialId: string | null;
  readonly volumeMl: number;
  readonly cause: WasteCause;
  readonly on: LocalDate;
}

export interface ReceivedLot {
  readonly status: 'received';
  /** Id of the entry of the receipt. */
  readonly entryId: string;
  readonly lotId: string;
  readonly siteId: string;
  readonly product: string;
  readonly lotNumber: string;
  readonly gtin: string | null;
  readonly serial: string | null;
  readonly expiresOn: LocalDate;
  readonly receivedOn: LocalDate;
  readonly ingredients: readonly string[];
  /** Received in total, in ml; null where nobody counted. */
  readonly volumeMl: number | null;
  /** Packages that it came in; null where nobody counted. */
  readonly units: number | null;
  /** In the order in which they were entered. */
  readonly vials: readonly OpenedVial[];
  readonly wastes: readonly Waste[];
  /** Sum of `wastes`, in ml. */
  readonly wastedMl: number;
}

export type LotState = { readonly status: 'none' } | ReceivedLot;

export const lotFold = { initial: { status: 'none' } as LotState, evolve };

function evolve(state: LotState, event: RecordedEvent<LotEvent>): LotState {
  if (event.type === 'LotReceived') {
    const { gtin, serial, volumeMl, units, ...lot } = event.data;
    return {
      status: 'received',
      entryId: event.header.id,
      ...lot,
      gtin: gtin ?? null,
      serial: serial ?? null,
      volumeMl: volumeMl ?? null,
      units: units ?? null,
      vials: [],
      wastes: [],
      wastedMl: 0,
    };
  }
  // A receipt is taken back only once nothing stands on it, so that nothing is lost here.
  if (state.status === 'none') return state;
  const entryId = event.header.id;
  switch (event.type) {
    case 'VialOpened': {
      const { vialId, openedAt, usableUntil } = event.data;
      return { ...state, vials: [...state.vials, { entryId, vialId, openedAt, usableUntil }] };
    }
    case 'LotWasted': {
      const { wasteId, vialId, volumeMl, cause, on } = event.data;
      const wastes = [...state.wastes, { entryId, wasteId, vialId: vialId ?? null, volumeMl, cause, on }];
      return { ...state, wastes, wastedMl: totalMl(wastes.map((waste) => waste.volumeMl)) };
    }
    default:
      return assertNever(event, 'lot event');
  }
}

/** Volumes are added in whole microlitres: a hundred times 0.1 ml is 10 ml. */
const MICROLITRES = 1_000;

/** The sum of volumes, in ml, exact to the microlitre. */
export const totalMl = (volumesMl: readonly number[]): number =>
  volumesMl.reduce((sum, volumeMl) => sum + Math.round(volumeMl * MICROLITRES), 0) / MICROLITRES;

/**
 * What is left of a lot: received = used + wasted + left. Below zero more was used and wasted than was received, which
 * is a mistake in the entries that somebody has to find.
 * @param usedMl used in performed sessions at the lot's site
 * @returns in ml; null where nobody counted what was received
 */
export const volumeLeft = (lot: ReceivedLot, usedMl: number): number | null =>
  lot.volumeMl === null ? null : totalMl([lot.volumeMl, -lot.wastedMl, -usedMl]);

/**
 * What is left as an answer shows it. Below nothing there is a discrepancy: an entry is wrong, and somebody has to look.
 * @param left by `volumeLeft`
 */
export const stockOf = (left: number | null): { leftMl: number | null; excessMl: number | null } => ({
  leftMl: left === null ? null : Math.max(0, left),
  excessMl: left === null ? null : Math.max(0, -left),
});

/** Whether a lot may be used on a day at its site: from the day it came to the last day named on it, both included. */
export const isUsableOn = (lot: LotState, on: LocalDate): boolean =>
  lot.status === 'received' && lot.receivedOn <= on && on <= lot.expiresOn;

/** Whether an opened vial of a lot may be used at a moment: it was opened by then, and its own expiry has not come. */
export function vialUsableAt(lot: LotState, vialId: string, instant: Instant): boolean {
  const vial = lot.status === 'received' ? lot.vials.find((each) => each.vialId === vialId) : undefined;
  return vial !== undefined && vial.openedAt.instant <= instant && instant < vial.usableUntil.instant;
}
