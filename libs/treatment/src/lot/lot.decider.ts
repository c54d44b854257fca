import { assertNever } from '#libs/kernel/src/assert-never.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import {
  dateOfWall,
  type Instant,
  type LocalDate,
  localDateAt,
  wallToInstant,
  type ZonedTime,
} from '#libs/kernel/src/zoned-time.js';
import { isRecalledOn, type RecallState } from '../recall/recall.state.js';
import type { SeenAndAccepted } from '../refusal.js';
import { GTIN_ACCEPTED, readGtin } from './gtin.js';
import {
  LotEntryRefused,
  LotExists,
  type LotField,
  LotUnknown,
  ReceiptRefused,
  VialRefused,
  WasteRefused,
} from './lot.errors.js';
import {
  type EntryReason,
  LotEntryRetracted,
  LotReceived,
  LotReceivedCorrected,
  type LotStreamEvent,
  LotWasted,
  LotWastedCorrected,
  VialOpened,
  VialOpenedCorrected,
  type WasteCause,
} from './lot.events.js';
import type { LotRule } from './lot.rule-book.js';
import { type LotState, type OpenedVial, type ReceivedLot, volumeLeft, type Waste } from './lot.state.js';

/** What was counted and read when a lot came, as it is asked for: the GTIN may have any of its lengths. */
export interface Receipt {
  readonly gtin?: string | undefined;
  readonly serial?: string | undefined;
  readonly expiresOn: LocalDate;
  readonly receivedOn: LocalDate;
  readonly ingredients: readonly string[];
  readonly volumeMl?: number | undefined;
  readonly units?: number | undefined;
}

/** The whole of an entry anew, as its kind. */
export type EntryData =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'vial'; readonly openedAt: ZonedTime; readonly usableUntil: ZonedTime }
  | {
      readonly kind: 'waste';
      readonly vialId: string | undefined;
      readonly volumeMl: number;
      readonly cause: WasteCause;
      readonly on: LocalDate;
    };

/** A command on a lot, with what it is judged by. */
export type LotCommand =
  | {
      readonly type: 'ReceiveLot';
      readonly lotId: string;
      readonly siteId: string;
      readonly product: string;
      readonly lotNumber: string;
      readonly receipt: Receipt;
    }
  | {
      readonly type: 'OpenVial';
      readonly vialId: string;
      readonly openedAt: ZonedTime;
      readonly usableUntil: ZonedTime;
      readonly recall: RecallState;
    }
  | {
      readonly type: 'WasteLot';
      readonly wasteId: string;
      readonly vialId: string | undefined;
      readonly volumeMl: number;
      readonly cause: WasteCause;
      readonly on: LocalDate;
      /** What performed sessions at the site used, as far as the read models know. */
      readonly usedMl: number;
    }
  | {
      readonly type: 'CorrectEntry';
      readonly entryId: string;
      readonly data: EntryData;
      readonly reason: EntryReason;
    }
  | { readonly type: 'RetractEntry'; readonly entryId: string; readonly reason: EntryReason };

/** When and where it is decided. */
export interface LotPlace {
  readonly now: Instant;
  /** Of the lot's site. */
  readonly timeZone: string;
}

/**
 * Decides what a command on a lot makes happen.
 * @throws the errors of lot.errors.ts; then nothing has happened
 */
export function decideLot(command: LotCommand, state: LotState, place: LotPlace): LotStreamEvent[] {
  if (command.type === 'ReceiveLot') return receive(command, state, place);
  if (state.status === 'none') throw new LotUnknown();
  switch (command.type) {
    case 'OpenVial':
      return openVial(command, state, place);
    case 'WasteLot':
      return waste(command, state, place);
    case 'CorrectEntry':
      return correct(command, state, place);
    case 'RetractEntry':
      return retract(command, state, place);
    default:
      return assertNever(command, 'lot command');
  }
}

type Of<Type extends LotCommand['type']> = Extract<LotCommand, { type: Type }>;

/** A rule that stands against it, with what was seen and what would be accepted. */
const against = (rule: LotRule, field: string, message: string, more: SeenAndAccepted): LotField => ({
  field,
  message,
  rule,
  facts: [],
  ...more,
});

const startOf = (day: LocalDate, timeZone: string) => occurredAt(wallToInstant(`${day}T00:00`, timeZone), 'day');

function receive(command: Of<'ReceiveLot'>, state: LotState, place: LotPlace): LotStreamEvent[] {
  const { lotId, siteId, product, lotNumber, receipt } = command;
  const data = receivedData(receipt);
  if (state.status === 'received') {
    if (isSame(data, receivedData(asReceipt(state)))) return [];
    throw new LotExists(lotNumber, product);
  }
  const fields = [...receiptFields(receipt, place), ...expiredAtReceipt(receipt)];
  if (fields.length > 0) throw new ReceiptRefused(fields);
  const at = startOf(receipt.receivedOn, place.timeZone);
  return [LotReceived(at, { lotId, siteId, product, lotNumber, ...data })];
}

/** A receipt as it is written: the GTIN with 14 digits, nothing for what was left out. */
function receivedData(receipt: Receipt) {
  const { gtin, serial, volumeMl, units, expiresOn, receivedOn, ingredients } = receipt;
  return {
    ...(gtin === undefined ? {} : { gtin: readGtin(gtin) ?? gtin }),
    expiresOn,
    receivedOn,
    ingredients: [...ingredients],
    ...(volumeMl === undefined ? {} : { volumeMl }),
    ...(units === undefined ? {} : { units }),
    ...(serial === undefined ? {} : { serial }),
  };
}

const asReceipt = ({ gtin, serial, volumeMl, units, ...lot }: ReceivedLot): Receipt => ({
  ...lot,
  gtin: gtin ?? undefined,
  serial: serial ?? undefined,
  volumeMl: volumeMl ?? undefined,
  units: units ?? undefined,
});

/** What must be so of any receipt, one that is corrected included. */
function receiptFields({ gtin, receivedOn }: Receipt, { now, timeZone }: LotPlace): LotField[] {
  const fields: LotField[] = [];
  if (gtin !== undefined && readGtin(gtin) === undefined) {
    const message = `${gtin} is no GTIN: its last digit does not fit the others, or digits are missing.`;
    fields.push(against('lot.gtin', 'gtin', message, { seen: gtin, accepted: GTIN_ACCEPTED }));
  }
  const today = localDateAt(now, timeZone);
  if (receivedOn > today) {
    const message = `${receivedOn} is still to come; it is ${today} at the site.`;
    fields.push(against('lot.in-future', 'receivedOn', message, { seen: receivedOn, accepted: `${today} or earlier` }));
  }
  return fields;
}

function expiredAtReceipt({ receivedOn, expiresOn }: Receipt): LotField[] {
  if (receivedOn <= expiresOn) return [];
  const message = `It expired on ${expiresOn}, before it was received on ${receivedOn}.`;
  return [
    against('lot.expired-at-receipt', 'expiresOn', message, { seen: expiresOn, accepted: `${receivedOn} or later` }),
  ];
}

function openVial(command: Of<'OpenVial'>, lot: ReceivedLot, { now }: LotPlace): LotStreamEvent[] {
  const { vialId, openedAt, usableUntil, recall } = command;
  if (lot.vials.some((vial) => vial.vialId === vialId)) return [];
  const on = dateOfWall(openedAt.wall);
  const fields = vialFields(lot, openedAt, usableUntil, now);
  if (on < lot.receivedOn) {
    const message = `The lot was received on ${lot.receivedOn} only.`;
    fields.push(
      against('lot.not-received', 'openedAt', message, { seen: openedAt.wall, accepted: `${lot.receivedOn} or later` }),
    );
  }
  if (on > lot.expiresOn) {
    const message = `The lot expired on ${lot.expiresOn}.`;
    fields.push(
      against('lot.expired', 'openedAt', message, { seen: openedAt.wall, accepted: `${lot.expiresOn} or earlier` }),
    );
  }
  if (recall.status !== 'none' && isRecalledOn(recall, on)) {
    const message = `The lot is recalled since ${recall.recalledOn} (${recall.reference}).`;
    fields.push(against('lot.recalled', 'lot', message, { seen: on, accepted: 'a lot that is not recalled' }));
  }
  if (lot.units !== null && lot.vials.length >= lot.units) {
    const message = `All ${lot.units} of it have been opened.`;
    fields.push(
      against('lot.vials-spent', 'lot', message, {
        seen: lot.vials.length,
        accepted: `fewer than ${lot.units} opened`,
      }),
    );
  }
  if (fields.length > 0) throw new VialRefused(fields);
  return [VialOpened(occurredAt(openedAt), { lotId: lot.lotId, vialId, openedAt, usableUntil })];
}

/** What must be so of any opened vial, one that is corrected included. */
function vialFields(lot: ReceivedLot, openedAt: ZonedTime, usableUntil: ZonedTime, now: Instant): LotField[] {
  const fields: LotField[] = [];
  if (openedAt.instant > now) {
    const message = `${openedAt.wall} is still to come.`;
    fields.push(against('lot.in-future', 'openedAt', message, { seen: openedAt.wall, accepted: 'now or earlier' }));
  }
  const last = dateOfWall(usableUntil.wall);
  if (usableUntil.instant <= openedAt.instant || last > lot.expiresOn) {
    const message = `It must end after its opening, and not after ${lot.expiresOn}, when its lot expires.`;
    const accepted = `after ${openedAt.wall}, until ${lot.expiresOn}`;
    fields.push(against('lot.vial-expiry', 'usableUntil', message, { seen: usableUntil.wall, accepted }));
  }
  return fields;
}

function waste(command: Of<'WasteLot'>, lot: ReceivedLot, place: LotPlace): LotStreamEvent[] {
  const { wasteId, vialId, volumeMl, cause, on, usedMl } = command;
  if (lot.wastes.some((each) => each.wasteId === wasteId)) return [];
  const fields = wasteFields(lot, { vialId, on }, place);
  if (on < lot.receivedOn) {
    const message = `The lot was received on ${lot.receivedOn} only.`;
    fields.push(against('lot.not-received', 'on', message, { seen: on, accepted: `${lot.receivedOn} or later` }));
  }
  fields.push(...beyondLeft(lot, volumeMl, usedMl));
  if (fields.length > 0) throw new WasteRefused(fields);
  const data = { lotId: lot.lotId, wasteId, ...(vialId === undefined ? {} : { vialId }), volumeMl, cause, on };
  return [LotWasted(startOf(on, place.timeZone), data)];
}

/** No more is wasted than is left: nothing real is lost by a refusal, for what is left can still be said. */
function beyondLeft(lot: ReceivedLot, volumeMl: number, usedMl: number): LotField[] {
  const left = volumeLeft(lot, usedMl);
  if (left === null || volumeMl <= left) return [];
  const accepted = Math.max(0, left);
  const message = `${accepted} ml of ${lot.volumeMl} ml are left: ${usedMl} ml were used and ${lot.wastedMl} ml wasted.`;
  return [against('lot.waste-exceeds', 'volumeMl', message, { seen: volumeMl, accepted: `up to ${accepted} ml` })];
}

/** What must be so of any waste, one that is corrected included. */
function wasteFields(
  lot: ReceivedLot,
  { vialId, on }: { readonly vialId: string | undefined; readonly on: LocalDate },
  { now, timeZone }: LotPlace,
): LotField[] {
  const fields: LotField[] = [];
  const today = localDateAt(now, timeZone);
  if (on > today) {
    const message = `${on} is still to come; it is ${today} at the site.`;
    fields.push(against('lot.in-future', 'on', message, { seen: on, accepted: `${today} or earlier` }));
  }
  const vial = lot.vials.find((each) => each.vialId === vialId);
  if (vialId !== undefined && (vial === undefined || dateOfWall(vial.openedAt.wall) > on)) {
    const message = 'No such vial of this lot was open on that day.';
    const accepted = 'the id of a vial of this lot that was opened by then';
    fields.push(against('lot.vial-unknown', 'vialId', message, { seen: vialId, accepted }));
  }
  return fields;
}

function entryUnknown(entryId: string): LotEntryRefused {
  const message = 'The lot has no such entry of this kind, or it was taken back.';
  const accepted = 'the id of an entry of this lot, with the data of its kind';
  return new LotEntryRefused([against('lot.entry-unknown', 'entry', message, { seen: entryId, accepted })]);
}

/**
 * Says an entry anew. What happened, happened: a corrected value is checked for being possible at all, and not refused
 * for a rule that somebody would have had to hold to then. Saying the same again adds nothing.
 */
function correct(command: Of<'CorrectEntry'>, lot: ReceivedLot, place: LotPlace): LotStreamEvent[] {
  const { entryId, data, reason } = command;
  switch (data.kind) {
    case 'receipt':
      return correctReceipt(lot, entryId, data.receipt, reason, place);
    case 'vial': {
      const vial = lot.vials.find((each) => each.entryId === entryId);
      if (!vial) throw entryUnknown(entryId);
      return correctVial(lot, vial, data, reason, place);
    }
    case 'waste': {
      const entry = lot.wastes.find((each) => each.entryId === entryId);
      if (!entry) throw entryUnknown(entryId);
      return correctWaste(lot, entry, data, reason, place);
    }
    default:
      return assertNever(data, 'kind of entry');
  }
}

function correctReceipt(
  lot: ReceivedLot,
  entryId: string,
  receipt: Receipt,
  reason: EntryReason,
  place: LotPlace,
): LotStreamEvent[] {
  if (entryId !== lot.entryId) throw entryUnknown(entryId);
  const fields = receiptFields(receipt, place);
  if (fields.length > 0) throw new LotEntryRefused(fields);
  const data = receivedData(receipt);
  if (isSame(data, receivedData(asReceipt(lot)))) return [];
  const { lotId, siteId, product, lotNumber } = lot;
  const correction = { corrects: entryId, correctionReason: reason };
  const at = startOf(receipt.receivedOn, place.timeZone);
  return [LotReceivedCorrected(at, { lotId, siteId, product, lotNumber, ...data, ...correction })];
}

function correctVial(
  lot: ReceivedLot,
  vial: OpenedVial,
  { openedAt, usableUntil }: Extract<EntryData, { kind: 'vial' }>,
  reason: EntryReason,
  { now }: LotPlace,
): LotStreamEvent[] {
  const fields = vialFields(lot, openedAt, usableUntil, now);
  if (fields.length > 0) throw new LotEntryRefused(fields);
  const isKnown = vial.openedAt.instant === openedAt.instant && vial.usableUntil.instant === usableUntil.instant;
  if (isKnown) return [];
  const data = { lotId: lot.lotId, vialId: vial.vialId, openedAt, usableUntil };
  const correction = { corrects: vial.entryId, correctionReason: reason };
  return [VialOpenedCorrected(occurredAt(openedAt), { ...data, ...correction })];
}

function correctWaste(
  lot: ReceivedLot,
  entry: Waste,
  { vialId, volumeMl, cause, on }: Extract<EntryData, { kind: 'waste' }>,
  reason: EntryReason,
  place: LotPlace,
): LotStreamEvent[] {
  const fields = wasteFields(lot, { vialId, on }, place);
  if (fields.length > 0) throw new LotEntryRefused(fields);
  const before = { vialId: entry.vialId ?? undefined, volumeMl: entry.volumeMl, cause: entry.cause, on: entry.on };
  if (isSame({ vialId, volumeMl, cause, on }, before)) return [];
  const vial = vialId === undefined ? {} : { vialId };
  const data = { lotId: lot.lotId, wasteId: entry.wasteId, ...vial, volumeMl, cause, on };
  const correction = { corrects: entry.entryId, correctionReason: reason };
  return [LotWastedCorrected(startOf(on, place.timeZone), { ...data, ...correction })];
}

/** Takes an entry back that never happened. What stands on it is taken back first, so that nothing hangs in the air. */
function retract(command: Of<'RetractEntry'>, lot: ReceivedLot, { now }: LotPlace): LotStreamEvent[] {
  const { entryId, reason } = command;
  const vial = lot.vials.find((each) => each.entryId === entryId);
  const isReceipt = entryId === lot.entryId;
  if (!vial && !isReceipt && !lot.wastes.some((each) => each.entryId === entryId)) throw entryUnknown(entryId);
  const standing = isReceipt
    ? [...lot.vials, ...lot.wastes]
    : lot.wastes.filter(({ vialId }) => vial !== undefined && vialId === vial.vialId);
  if (standing.length > 0) {
    const message = `${standing.length} entries (vials, waste) stand on it: take these back first.`;
    const accepted = 'an entry that no other one stands on';
    throw new LotEntryRefused([against('lot.entry-in-use', 'entry', message, { seen: standing.length, accepted })]);
  }
  const at = { instant: now, precision: 'instant' } as const;
  return [LotEntryRetracted(at, { lotId: lot.lotId, retracts: entryId, retractionReason: reason })];
}

/** The same values; a field that was left out is the same as one that is undefined. */
const isSame = (a: object, b: object): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value: object): object =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
