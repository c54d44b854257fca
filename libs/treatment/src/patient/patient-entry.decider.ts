import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { type Occurred, occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import {
  notByPhysician,
  onsetAt,
  type RegisteredPractitioner,
  reportFaults,
  withoutPhysician,
} from '../adverse-event/adverse-event.decider.js';
import {
  AdverseEventAssessedCorrected,
  AdverseEventClosedCorrected,
  AdverseEventReportedCorrected,
  AdverseEventReportedToAuthorityCorrected,
} from '../adverse-event/adverse-event.events.js';
import { latestDayAt, occurredOnDay } from '../day-anywhere.js';
import { sameData } from '../same-data.js';
import type { EntryCorrection } from './patient-entry.commands.js';
import { correctionsOf, entryOf, type PatientEntries, type PatientEntry } from './patient-entry.state.js';
import { bornLater, periodFaults, toCome } from './patient.decider.js';
import { patientFold, type PatientState } from './patient.state.js';
import { brokenRule, EntryUnknown, refuseBroken } from './patient.errors.js';
import {
  HealthFactEndedCorrected,
  HealthFactRecordedCorrected,
  PatientDiedCorrected,
  PatientEntryRetracted,
  type PatientEvent,
  PatientHealthRecordedCorrected,
  PatientMovedAwayCorrected,
  PatientRegisteredCorrected,
  PatientReturnedCorrected,
} from './patient.events.js';

type CorrectionOf<Type extends EntryCorrection['type']> = Extract<EntryCorrection, { type: Type }>;

/** A correction with what it names resolved to ids: nobody is looked up while it is decided. */
export type ResolvedCorrection =
  | Exclude<EntryCorrection, { type: 'AdverseEventReported' | 'AdverseEventAssessed' | 'AdverseEventClosed' }>
  | (Omit<CorrectionOf<'AdverseEventReported'>, 'site' | 'session' | 'owner'> & {
      readonly siteId: string;
      readonly siteZone: string;
      readonly sessionId: string | null;
      readonly ownerId: string;
    })
  | (Omit<CorrectionOf<'AdverseEventAssessed'>, 'practitioner' | 'owner'> & {
      readonly practitionerId: string;
      readonly ownerId: string;
    })
  | (Omit<CorrectionOf<'AdverseEventClosed'>, 'physician'> & { readonly physician: RegisteredPractitioner });

export interface CorrectEntry {
  /** Id of the entry's event, or of a correction of it. */
  readonly eventId: string;
  readonly correction: ResolvedCorrection;
  readonly reason: string;
}

/** Entries that a retraction may take back. The others have a way of their own to be undone, or stay for good. */
const RETRACTABLE: ReadonlySet<PatientEvent['type']> = new Set([
  'PatientHealthRecorded',
  'HealthFactRecorded',
  'HealthFactEnded',
  'PatientDied',
  'PatientMovedAway',
  'PatientReturned',
  'GuardianNamed',
  'AdverseEventReported',
  'AdverseEventAssessed',
  'AdverseEventReportedToAuthority',
  'AdverseEventClosed',
  'AdverseEventReopened',
]);

/**
 * Says an entry anew. It stays with its patient, and with the fact or adverse event that it is about; only what it says
 * of them changes, with the day on which that happened.
 * @returns nothing where the entry says so already
 * @throws EntryUnknown, PatientRefused, AdverseEventRefused
 */
export function decideCorrection(command: CorrectEntry, entries: PatientEntries, now: Instant): NewEvent[] {
  const { correction, reason } = command;
  const entry = requireEntry(entries, command.eventId);
  refuseBroken('patient-entry.refused', [
    correction.type !== entry.type &&
      brokenRule('patient-entry.kind', 'data.type', `The entry is a ${entry.type}.`, {
        seen: correction.type,
        accepted: entry.type,
      }),
  ]);
  const corrected = correctedBy(correction, entry, entries, now);
  if (sameData(corrected.data, entry.data) && corrected.occurredAt.instant === entry.occurredAt.instant) return [];
  const fields = { corrects: entry.header.id, correctionReason: reason };
  return [{ ...corrected, data: { ...corrected.data, ...fields } }];
}

export interface RetractEntry {
  /** Id of the entry's event, or of a correction of it. */
  readonly eventId: string;
  readonly reason: string;
  /** Who answers for it, where somebody is named. */
  readonly physician?: RegisteredPractitioner | undefined;
}

/**
 * Takes an entry back, or a correction of one, after which the entry reads as it did before it. An adverse event that is
 * open blocks sessions until a physician has closed it: one that is taken back while it is open is taken back by one.
 * @throws EntryUnknown, PatientRefused, AdverseEventRefused
 */
export function decideRetraction(
  { eventId, reason, physician }: RetractEntry,
  entries: PatientEntries,
  now: Instant,
): NewEvent[] {
  const entry = requireEntry(entries, eventId);
  const isCorrection = correctionsOf(entry).includes(eventId);
  refuseBroken('patient-entry.refused', [
    !isCorrection &&
      !RETRACTABLE.has(entry.type) &&
      brokenRule('patient-entry.correctable', 'event', `A ${entry.type} cannot be taken back.`, {
        seen: entry.type,
        accepted: [...RETRACTABLE].join(', '),
      }),
  ]);
  const needsPhysician = !isCorrection && unblocks(entry, entries);
  if (needsPhysician) refuseBroken('adverse-event.refused', [withoutPhysician(physician)]);
  const { patientId } = entry.data;
  const data = { patientId, retracts: eventId, retractionReason: reason };
  const by = needsPhysician && physician ? { physicianId: physician.practitionerId } : {};
  return [PatientEntryRetracted(occurredNow(now), { ...data, ...by })];
}

/** Whether an adverse event that is open would be open no more without an entry: gone, or closed as it was before. */
function unblocks(entry: PatientEntry, { patient, entries }: PatientEntries): boolean {
  const without = entries.filter((each) => each !== entry).reduce(patientFold.evolve, patientFold.initial);
  const remain = new Set(openIds(without));
  return openIds(patient).some((id) => !remain.has(id));
}

const openIds = (patient: PatientState): string[] =>
  patient.status === 'none'
    ? []
    : patient.adverseEvents.filter(({ status }) => status === 'open').map(({ adverseEventId }) => adverseEventId);

function requireEntry(entries: PatientEntries, eventId: string): PatientEntry {
  const entry = entryOf(entries, eventId);
  if (!entry) throw new EntryUnknown();
  return entry;
}

type EntryOf<Type extends PatientEvent['type']> = Extract<PatientEntry, { type: Type }>;

interface CorrectedEvent {
  readonly type: string;
  readonly occurredAt: Occurred;
  readonly data: Record<string, unknown>;
}

/** The entry as it should have been. What it is about is taken over from the entry itself. */
function correctedBy(
  correction: ResolvedCorrection,
  entry: PatientEntry,
  entries: PatientEntries,
  now: Instant,
): CorrectedEvent {
  const { patientId } = entry.data;
  switch (correction.type) {
    case 'PatientRegistered': {
      const { type: _, ...data } = correction;
      refuse([bornLater(data.identity, now)]);
      return made(PatientRegisteredCorrected, entry.occurredAt, { patientId, ...data });
    }
    case 'PatientHealthRecorded': {
      const { health, since } = correction;
      refuse(periodFaults({ since: since ?? null, until: null }, now));
      const occurredAt = since === undefined ? entry.occurredAt : occurredOnDay(since);
      return made(PatientHealthRecordedCorrected, occurredAt, { patientId, health });
    }
    case 'HealthFactRecorded':
      return factAnew(correction, entry as EntryOf<typeof correction.type>, now);
    case 'HealthFactEnded':
      return endAnew(correction, entry as EntryOf<typeof correction.type>, entries, now);
    case 'PatientDied':
    case 'PatientMovedAway':
    case 'PatientReturned': {
      const { type, on } = correction;
      refuse([toCome(on, now), type === 'PatientDied' && beforeBirth(on, entries)]);
      return made(LIFE_CORRECTIONS[type], occurredOnDay(on), { patientId, on });
    }
    case 'AdverseEventReported':
    case 'AdverseEventAssessed':
    case 'AdverseEventReportedToAuthority':
    case 'AdverseEventClosed':
      return adverseEventAnew(correction, entry as AdverseEventEntry, now);
    default:
      return assertNever(correction, 'correction');
  }
}

const LIFE_CORRECTIONS = {
  PatientDied: PatientDiedCorrected,
  PatientMovedAway: PatientMovedAwayCorrected,
  PatientReturned: PatientReturnedCorrected,
} as const;

const made = (
  { type }: { readonly type: string },
  occurredAt: Occurred,
  data: Record<string, unknown>,
): CorrectedEvent => ({ type, occurredAt, data });

function factAnew(
  { kind, statement, since, until }: CorrectionOf<'HealthFactRecorded'>,
  entry: EntryOf<'HealthFactRecorded'>,
  now: Instant,
): CorrectedEvent {
  refuse(periodFaults({ since, until }, now));
  const { patientId, factId, consultationId } = entry.data;
  // Where nobody knows since when, it stands at the moment when it was recorded.
  const occurredAt = since === null ? occurredNow(entry.recordedAt, 'unknown') : occurredOnDay(since);
  const sameDay = since === entry.data.since;
  const said = consultationId === undefined ? {} : { consultationId };
  const data = { patientId, factId, kind, since, until, statement, ...said };
  return made(HealthFactRecordedCorrected, sameDay ? entry.occurredAt : occurredAt, data);
}

function endAnew(
  { until }: CorrectionOf<'HealthFactEnded'>,
  { data: { patientId, factId }, occurredAt }: EntryOf<'HealthFactEnded'>,
  { patient }: PatientEntries,
  now: Instant,
): CorrectedEvent {
  const facts = patient.status === 'none' ? [] : patient.healthFacts;
  const since = facts.find((fact) => fact.factId === factId)?.since ?? null;
  refuse(periodFaults({ since, until }, now));
  const over = until <= latestDayAt(now);
  return made(HealthFactEndedCorrected, over ? occurredOnDay(until) : occurredAt, { patientId, factId, until });
}

function beforeBirth(on: string, { patient }: PatientEntries): ErrorField | false {
  if (patient.status === 'none' || isErased(patient.identity) || on >= patient.identity.birthDate) return false;
  return brokenRule('patient.died', 'on', `${on} lies before the patient was born.`, {
    seen: on,
    accepted: 'a day on or after the birth',
  });
}

type AdverseEventCorrection = Extract<ResolvedCorrection, { type: `AdverseEvent${string}` }>;
type AdverseEventEntry = EntryOf<AdverseEventCorrection['type']>;

function adverseEventAnew(correction: AdverseEventCorrection, entry: AdverseEventEntry, now: Instant): CorrectedEvent {
  const { patientId, adverseEventId, courseId, followUpId } = entry.data;
  const named = { patientId, adverseEventId, courseId, followUpId };
  switch (correction.type) {
    case 'AdverseEventReported': {
      const { type: _, siteZone, ...data } = correction;
      refuseBroken('adverse-event.refused', reportFaults(data, now));
      return made(AdverseEventReportedCorrected, onsetAt(data.onsetOn, siteZone), { ...named, ...data });
    }
    case 'AdverseEventAssessed': {
      const { type: _, ...data } = correction;
      return made(AdverseEventAssessedCorrected, entry.occurredAt, { ...named, ...data });
    }
    case 'AdverseEventReportedToAuthority': {
      const { on, reference } = correction;
      refuse([toCome(on, now)]);
      return made(AdverseEventReportedToAuthorityCorrected, occurredOnDay(on), { ...named, on, reference });
    }
    case 'AdverseEventClosed': {
      const { physician, outcome, note } = correction;
      refuseBroken('adverse-event.refused', [notByPhysician(physician)]);
      const data = { ...named, physicianId: physician.practitionerId, outcome, note };
      return made(AdverseEventClosedCorrected, entry.occurredAt, data);
    }
    default:
      return assertNever(correction, 'correction of an adverse event');
  }
}

const refuse = (fields: readonly (ErrorField | false)[]): void => refuseBroken('patient-entry.refused', fields);
