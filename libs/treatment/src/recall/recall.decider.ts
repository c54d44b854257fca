import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Occurred } from '#libs/kernel/src/occurred.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import { latestDayAt, occurredOnDay } from '../day-anywhere.js';
import { GTIN_ACCEPTED, readGtin } from '../lot/gtin.js';
import type { EntryReason } from '../lot/lot.events.js';
import {
  RecallEntryRefused,
  RecallExists,
  type RecallField,
  RecallRefused,
  RecallUnknown,
  ToldUnknown,
} from './recall.errors.js';
import {
  LotRecalled,
  LotRecalledCorrected,
  LotRecallLifted,
  LotRecallLiftedCorrected,
  type RecallCause,
  RecallEntryRetracted,
  RecallPatientTold,
  RecallPatientToldCorrected,
  type RecallStreamEvent,
  type Telling,
} from './recall.events.js';
import type { SeenAndAccepted } from '../refusal.js';
import type { RecallRule } from './recall.rule-book.js';
import type { RecallNotice, RecallState, ToldPatient } from './recall.state.js';

export interface Notice {
  readonly gtin?: string | undefined;
  readonly recalledOn: LocalDate;
  readonly reference: string;
  readonly cause: RecallCause;
}

/** The whole of an entry anew, as its kind. */
export type RecallEntryData =
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'lift'; readonly liftedOn: LocalDate; readonly reference: string }
  | { readonly kind: 'told'; readonly on: LocalDate; readonly how: Telling };

export type RecallCommand =
  | {
      readonly type: 'RecallLot';
      readonly recallId: string;
      readonly product: string;
      readonly lotNumber: string;
      readonly notice: Notice;
    }
  | { readonly type: 'LiftRecall'; readonly liftedOn: LocalDate; readonly reference: string }
  | {
      readonly type: 'TellPatients';
      /** In the order of the request; null: no patient of the chain. */
      readonly patientIds: readonly (string | null)[];
      readonly on: LocalDate;
      readonly how: Telling;
    }
  | {
      readonly type: 'CorrectEntry';
      readonly entryId: string;
      readonly data: RecallEntryData;
      readonly reason: EntryReason;
    }
  | { readonly type: 'RetractEntry'; readonly entryId: string; readonly reason: EntryReason };

type KnownRecall = Exclude<RecallState, { status: 'none' }>;

const against = (rule: RecallRule, field: string, message: string, more: SeenAndAccepted): RecallField => ({
  field,
  message,
  rule,
  facts: [],
  ...more,
});

/**
 * Decides what a command on a recall makes happen.
 * A recall holds for all sites of a chain, so that its days are of no one zone: a day has come once it has come anywhere.
 * @param now the chain's present time
 * @throws the errors of recall.errors.ts; then nothing has happened
 */
export function decideRecall(command: RecallCommand, state: RecallState, now: Instant): RecallStreamEvent[] {
  if (command.type === 'RecallLot') return recall(command, state, now);
  if (state.status === 'none') throw new RecallUnknown();
  switch (command.type) {
    case 'LiftRecall':
      return lift(command, state, now);
    case 'TellPatients':
      return tell(command, state, now);
    case 'CorrectEntry':
      return correct(command, state, now);
    case 'RetractEntry':
      return retract(command, state, now);
    default:
      return assertNever(command, 'recall command');
  }
}

type Of<Type extends RecallCommand['type']> = Extract<RecallCommand, { type: Type }>;

const ofRecall = ({ recallId, product, lotNumber }: KnownRecall) => ({ recallId, product, lotNumber });

function inFuture(field: string, day: LocalDate, now: Instant): RecallField[] {
  const today = latestDayAt(now);
  if (day <= today) return [];
  const message = `${day} is still to come.`;
  return [against('recall.in-future', field, message, { seen: day, accepted: `${today} or earlier` })];
}

function noticeFields({ gtin, recalledOn }: Notice, now: Instant): RecallField[] {
  const fields = inFuture('recalledOn', recalledOn, now);
  if (gtin !== undefined && readGtin(gtin) === undefined) {
    const message = `${gtin} is no GTIN: its last digit does not fit the others, or digits are missing.`;
    fields.push(against('recall.gtin', 'gtin', message, { seen: gtin, accepted: GTIN_ACCEPTED }));
  }
  return fields;
}

/** A notice as it is written: the GTIN with 14 digits, nothing for what was left out. */
const noticeData = ({ gtin, recalledOn, reference, cause }: Notice) => ({
  ...(gtin === undefined ? {} : { gtin: readGtin(gtin) ?? gtin }),
  recalledOn,
  reference,
  cause,
});

function isSameNotice(notice: Notice, known: RecallNotice): boolean {
  const { gtin = null, recalledOn, reference, cause } = noticeData(notice);
  const same = gtin === known.gtin && recalledOn === known.recalledOn;
  return same && reference === known.reference && cause === known.cause;
}

function recall(command: Of<'RecallLot'>, state: RecallState, now: Instant): RecallStreamEvent[] {
  const { recallId, product, lotNumber, notice } = command;
  if (state.status === 'recalled') {
    if (isSameNotice(notice, state.latest)) return [];
    throw new RecallExists(lotNumber, product, state.reference);
  }
  const fields = noticeFields(notice, now);
  if (fields.length > 0) throw new RecallRefused(fields);
  return [LotRecalled(occurredOnDay(notice.recalledOn), { recallId, product, lotNumber, ...noticeData(notice) })];
}

function liftFields(recalledOn: LocalDate, liftedOn: LocalDate, now: Instant): RecallField[] {
  const fields = inFuture('liftedOn', liftedOn, now);
  if (liftedOn < recalledOn) {
    const message = `It holds from ${recalledOn} on.`;
    const accepted = `${recalledOn} or later`;
    fields.push(against('recall.not-recalled', 'liftedOn', message, { seen: liftedOn, accepted }));
  }
  return fields;
}

function lift({ liftedOn, reference }: Of<'LiftRecall'>, state: KnownRecall, now: Instant): RecallStreamEvent[] {
  const lifted = state.latest.lift;
  if (lifted) {
    if (lifted.liftedOn === liftedOn && lifted.reference === reference) return [];
    const message = `It was lifted on ${lifted.liftedOn} (${lifted.reference}).`;
    const accepted = 'a recall that holds';
    throw new RecallRefused([against('recall.not-recalled', 'recall', message, { seen: 'lifted', accepted })]);
  }
  const fields = liftFields(state.recalledOn, liftedOn, now);
  if (fields.length > 0) throw new RecallRefused(fields);
  return [LotRecallLifted(occurredOnDay(liftedOn), { ...ofRecall(state), liftedOn, reference })];
}

/** Nobody can have been told before the first recall of the lot. */
function toldFields(state: KnownRecall, on: LocalDate, now: Instant): RecallField[] {
  const fields = inFuture('on', on, now);
  const [earliest = on] = state.notices.map(({ recalledOn }) => recalledOn).sort();
  if (on < earliest) {
    const message = `It is recalled since ${earliest}.`;
    fields.push(against('recall.told-early', 'on', message, { seen: on, accepted: `${earliest} or later` }));
  }
  return fields;
}

function tell({ patientIds, on, how }: Of<'TellPatients'>, state: KnownRecall, now: Instant): RecallStreamEvent[] {
  const unknown = patientIds.flatMap((id, n) => {
    if (id !== null) return [];
    const message = `patients.${n} is no patient of the chain.`;
    const accepted = 'the id or the code of a patient';
    return [against('recall.patient-unknown', `patients.${n}`, message, { seen: 'no such patient', accepted })];
  });
  if (unknown.length > 0) throw new ToldUnknown(unknown);
  const fields = toldFields(state, on, now);
  if (fields.length > 0) throw new RecallRefused(fields);
  const known = new Set(state.told.filter((each) => each.on === on && each.how === how).map((each) => each.patientId));
  const patients = [...new Set(patientIds)].filter((id): id is string => id !== null && !known.has(id));
  return patients.map((patientId) => RecallPatientTold(occurredOnDay(on), { ...ofRecall(state), patientId, on, how }));
}

function entryUnknown(entryId: string): RecallEntryRefused {
  const message = 'The recall has no such entry of this kind, or it was taken back.';
  const accepted = 'the id of an entry of this recall, with the data of its kind';
  return new RecallEntryRefused([against('recall.entry-unknown', 'entry', message, { seen: entryId, accepted })]);
}

/** Says an entry anew. Saying the same again adds nothing. */
function correct({ entryId, data, reason }: Of<'CorrectEntry'>, state: KnownRecall, now: Instant): RecallStreamEvent[] {
  const correction = { ...ofRecall(state), corrects: entryId, correctionReason: reason };
  switch (data.kind) {
    case 'notice': {
      const known = state.notices.find((each) => each.entryId === entryId);
      if (!known) throw entryUnknown(entryId);
      refuseEntry(noticeFields(data.notice, now));
      if (isSameNotice(data.notice, known)) return [];
      return [
        LotRecalledCorrected(occurredOnDay(data.notice.recalledOn), { ...correction, ...noticeData(data.notice) }),
      ];
    }
    case 'lift': {
      const notice = state.notices.find((each) => each.lift?.entryId === entryId);
      if (!notice?.lift) throw entryUnknown(entryId);
      const { liftedOn, reference } = data;
      refuseEntry(liftFields(notice.recalledOn, liftedOn, now));
      if (notice.lift.liftedOn === liftedOn && notice.lift.reference === reference) return [];
      return [LotRecallLiftedCorrected(occurredOnDay(liftedOn), { ...correction, liftedOn, reference })];
    }
    case 'told': {
      const told: ToldPatient | undefined = state.told.find((each) => each.entryId === entryId);
      if (!told) throw entryUnknown(entryId);
      const { on, how } = data;
      refuseEntry(toldFields(state, on, now));
      if (told.on === on && told.how === how) return [];
      const { patientId } = told;
      return [RecallPatientToldCorrected(occurredOnDay(on), { ...correction, patientId, on, how })];
    }
    default:
      return assertNever(data, 'kind of entry');
  }
}

function refuseEntry(fields: readonly RecallField[]): void {
  if (fields.length > 0) throw new RecallEntryRefused(fields);
}

/** Takes an entry back that never happened. A recall that was lifted, or of which patients were told, did happen. */
function retract({ entryId, reason }: Of<'RetractEntry'>, state: KnownRecall, now: Instant): RecallStreamEvent[] {
  const notice = state.notices.find((each) => each.entryId === entryId);
  const liftedBy = state.notices.find(({ lift: lifted }) => lifted?.entryId === entryId);
  if (!notice && !liftedBy && !state.told.some((each) => each.entryId === entryId)) throw entryUnknown(entryId);
  const standsOn = standingOn(state, notice, liftedBy);
  if (standsOn !== undefined) {
    const message = `On it stands: ${standsOn}. Take that back first, or lift the recall.`;
    const accepted = 'an entry that no other one stands on';
    throw new RecallEntryRefused([against('recall.entry-in-use', 'entry', message, { seen: standsOn, accepted })]);
  }
  const at: Occurred = { instant: now, precision: 'instant' };
  return [RecallEntryRetracted(at, { ...ofRecall(state), retracts: entryId, retractionReason: reason })];
}

/** What would hang in the air without a notice, or without the lifting of one. */
function standingOn(
  { notices, latest, told }: KnownRecall,
  notice: RecallNotice | undefined,
  liftedBy: RecallNotice | undefined,
): string | undefined {
  if (notice?.lift) return 'its lifting';
  if (notice && notices.length === 1 && told.length > 0) return 'patients who were told';
  return liftedBy && liftedBy !== latest ? 'a later recall' : undefined;
}
