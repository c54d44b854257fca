import { effectiveHistory, type EffectiveEvent } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import { sameData } from '../same-data.js';
import { endsBeforeItBegins, signedAhead } from './consent.decider.js';
import { deferredBack, sampledAhead, withoutReason } from './consultation.decider.js';
import { consultationField, ConsultationUnknown, EntryUnknown } from './consultation.errors.js';
import {
  ConsentSignedCorrected,
  ConsentWithdrawnCorrected,
  ConsultationConcludedCorrected,
  ConsultationEntryRetracted,
  type ConsultationEvent,
  ConsultationHeldCorrected,
  ConsultationNotedCorrected,
  ContraindicationOverriddenCorrected,
  ProductsConsideredCorrected,
  QuestionnaireAnsweredCorrected,
  TestRequestedCorrected,
  TestResultRecordedCorrected,
} from './consultation.events.js';
import { openedAgainstRules, type PermissionWorld } from './consultation-permission.rules.js';
import { afterDeath, refuseAll, unregistered } from './consultation-entry.rules.js';
import { wrongAnswer } from './questionnaire.decider.js';
import type { ScreeningRules } from './consultation.rules.js';
import { consultationFold, type ConsultationState, type HeldConsultation } from './consultation.state.js';

/** An entry of a consultation as it reads now. */
export type ConsultationEntryNow = EffectiveEvent<RecordedEvent<ConsultationEvent>>;

/** A consultation with the entries that make it, those that were taken back left out. */
export interface ConsultationHistory {
  readonly state: ConsultationState;
  readonly entries: readonly ConsultationEntryNow[];
}

export const consultationHistoryFold = {
  initial: { state: consultationFold.initial, entries: [] } as ConsultationHistory,
  evolve: ({ state, entries }: ConsultationHistory, event: RecordedEvent<ConsultationEvent>): ConsultationHistory => ({
    state: consultationFold.evolve(state, event),
    entries: [...entries, event],
  }),
};

const isCorrectionOf = (entry: ConsultationEntryNow, event: Id): boolean =>
  entry.correctness?.correctedBy.some(({ eventId }) => eventId === event) ?? false;

/**
 * The entry that stands under the id of its event, or of a correction of it.
 * @throws ConsultationUnknown, EntryUnknown
 */
export function entryOf(
  { state, entries }: ConsultationHistory,
  event: Id,
): { readonly state: HeldConsultation; readonly entry: ConsultationEntryNow } {
  if (state.status === 'none') throw new ConsultationUnknown();
  const entry = entries.find((each) => each.header.id === event || isCorrectionOf(each, event));
  if (!entry) throw new EntryUnknown();
  return { state, entry };
}

export interface EntryCorrection {
  /** Id of the event of the entry, or of a correction of it. */
  readonly event: Id;
  /** The entry as it should have been, its time included. */
  readonly says: ConsultationEvent;
  readonly reason: string;
  readonly known: {
    readonly protocol: ScreeningRules;
    /** Whom the entry names, if it names one. */
    readonly practitioner: PractitionerState | undefined;
    readonly permissions: PermissionWorld;
  };
}

/** The consultation as it would read with an entry said anew. @throws ConsultationUnknown, EntryUnknown */
export function stateWith(history: ConsultationHistory, event: Id, { data, occurredAt }: ConsultationEvent) {
  const { entry } = entryOf(history, event);
  return history.entries
    .map((each) => (each === entry ? ({ ...each, data, occurredAt } as ConsultationEntryNow) : each))
    .reduce(consultationFold.evolve, consultationFold.initial);
}

/** The consultation as it would read without an entry, or without a correction of one. */
export const stateWithout = (events: readonly RecordedEvent[], event: Id): ConsultationState =>
  (effectiveHistory(events.filter(({ header }) => header.id !== event)) as RecordedEvent<ConsultationEvent>[]).reduce(
    consultationFold.evolve,
    consultationFold.initial,
  );

/** The answers of a consultation as they would read without an entry, or without a correction of one. */
export const answersWithout = (events: readonly RecordedEvent[], event: Id) =>
  (effectiveHistory(events.filter(({ header }) => header.id !== event)) as RecordedEvent<ConsultationEvent>[]).filter(
    (each) => each.type === 'QuestionnaireAnswered',
  );

/**
 * Says an entry anew. That what happened breaks a clinical rule is no reason not to record it as it was: only what cannot
 * be so is refused. Whatever was decided on the entry is judged by the corrected value from now on. A clearance, an
 * override and a consent are permissions: one that a correction gives is judged as the command would be.
 * @returns nothing where it reads so already
 */
export function correctEntry(command: EntryCorrection, history: ConsultationHistory, now: Instant): NewEvent[] {
  const { event, says, reason, known } = command;
  const { state, entry } = entryOf(history, event);
  const isAsIs = sameData(entry.data, says.data) && entry.occurredAt.instant === says.occurredAt.instant;
  if (isAsIs && entry.type === says.type) return [];
  refuseAll('consultation-entry.refused', [
    ...another(entry, says),
    ...(known.practitioner ? unregistered(known.practitioner) : []),
    ...ahead(says, now),
    ...impossible(says, known.protocol, state.zone, now),
    ...lessSaid(entry, says),
    ...whenDead(says, state.zone, known.permissions),
    ...(entry.type === says.type ? openedAgainstRules(state, stateWith(history, event, says), known.permissions) : []),
  ]);
  return [corrected(says, { corrects: entry.header.id, correctionReason: reason })];
}

function another(entry: ConsultationEntryNow, says: ConsultationEvent): ErrorField[] {
  const { consultationId, patientId } = entry.data;
  const isSameKind = entry.type === says.type;
  if (isSameKind && says.data.consultationId === consultationId && says.data.patientId === patientId) return [];
  const message = isSameKind
    ? 'A correction does not move an entry to another consultation or patient: take it back and enter it there.'
    : `The entry is of the kind ${entry.type}.`;
  return [
    consultationField('consultation.entry-same', 'data.type', message, { seen: says.type, accepted: entry.type }),
  ];
}

function ahead({ occurredAt }: ConsultationEvent, now: Instant): ErrorField[] {
  if (occurredAt.instant <= now) return [];
  const seen = occurredAt.time?.wall ?? occurredAt.instant;
  const message = `${seen} is still to come.`;
  return [consultationField('consultation.in-future', 'data.at', message, { seen, accepted: `${now} or earlier` })];
}

/** What nobody can have said or done. */
function impossible(says: ConsultationEvent, protocol: ScreeningRules, zone: string, now: Instant): ErrorField[] {
  const today = localDateAt(now, zone);
  switch (says.type) {
    case 'QuestionnaireAnswered': {
      const { answers } = says.data;
      return isErased(answers) ? [] : answers.flatMap((each, n) => wrongAnswer(each, n, answers, protocol, today));
    }
    case 'TestResultRecorded':
      return sampledAhead(says.data.on, today);
    case 'ConsultationConcluded': {
      const { conclusion, reason } = says.data;
      const on = localDateAt(says.occurredAt.instant, zone);
      return [
        ...withoutReason({ conclusion, reason: isErased(reason) ? '-' : reason }),
        ...deferredBack(conclusion, on),
      ];
    }
    case 'ConsentSigned':
      return [...signedAhead(says.data.signedOn, today), ...endsBeforeItBegins(says.data)];
    case 'ConsultationHeld':
    case 'ConsultationNoted':
    case 'ProductsConsidered':
    case 'TestRequested':
    case 'ContraindicationOverridden':
    case 'ConsentWithdrawn':
      return [];
    default:
      return assertNever(says, 'consultation event');
  }
}

/** A consent loses neither the form under which it was given nor who signed it; old histories may have neither. */
function lessSaid(entry: ConsultationEntryNow, says: ConsultationEvent): ErrorField[] {
  if (entry.type !== 'ConsentSigned' || says.type !== 'ConsentSigned') return [];
  const hasLost = (name: 'formHash' | 'signedBy') => entry.data[name] !== undefined && says.data[name] === undefined;
  const lost = (rule: 'consent.form' | 'consent.guardian', field: string, message: string, accepted: string) =>
    consultationField(rule, field, message, { seen: 'none', accepted });
  return [
    ...(hasLost('formHash')
      ? [lost('consent.form', 'data.formHash', 'Say under which form it was signed.', 'the SHA-256 of the form')]
      : []),
    ...(hasLost('signedBy')
      ? [lost('consent.guardian', 'data.signedBy', 'Say who signed it.', 'patient or guardian')]
      : []),
  ];
}

function whenDead(says: ConsultationEvent, zone: string, { diedOn }: PermissionWorld): ErrorField[] {
  if (says.type === 'ConsentSigned') return afterDeath('data.signedOn', says.data.signedOn, diedOn);
  const { instant, time } = says.occurredAt;
  return says.type === 'ConsultationHeld'
    ? afterDeath('data.at', localDateAt(instant, time?.zone ?? zone), diedOn)
    : [];
}

interface Correcting {
  readonly corrects: Id;
  readonly correctionReason: string;
}

function corrected(says: ConsultationEvent, correcting: Correcting): NewEvent {
  const { occurredAt: at } = says;
  switch (says.type) {
    case 'ConsultationHeld':
      return ConsultationHeldCorrected(at, { ...says.data, ...correcting });
    case 'ConsultationNoted':
      return ConsultationNotedCorrected(at, { ...says.data, ...correcting });
    case 'QuestionnaireAnswered':
      return QuestionnaireAnsweredCorrected(at, { ...says.data, ...correcting });
    case 'ProductsConsidered':
      return ProductsConsideredCorrected(at, { ...says.data, ...correcting });
    case 'TestRequested':
      return TestRequestedCorrected(at, { ...says.data, ...correcting });
    case 'TestResultRecorded':
      return TestResultRecordedCorrected(at, { ...says.data, ...correcting });
    case 'ContraindicationOverridden':
      return ContraindicationOverriddenCorrected(at, { ...says.data, ...correcting });
    case 'ConsultationConcluded':
      return ConsultationConcludedCorrected(at, { ...says.data, ...correcting });
    case 'ConsentSigned':
      return ConsentSignedCorrected(at, { ...says.data, ...correcting });
    case 'ConsentWithdrawn':
      return ConsentWithdrawnCorrected(at, { ...says.data, ...correcting });
    default:
      return assertNever(says, 'consultation event');
  }
}

export interface EntryRetraction {
  /** Id of the event of the entry, or of a correction of it. */
  readonly event: Id;
  readonly reason: string;
  readonly known: {
    /** The consultation as it would read without it; see `stateWithout`. */
    readonly after: ConsultationState;
    readonly permissions: PermissionWorld;
  };
}

/**
 * Takes an entry back that never happened, or one correction of an entry. What becomes permitted by it is judged as a
 * correction is: with the correction of a clearance to a refusal, the clearance would stand again.
 * @throws ConsultationUnknown, EntryUnknown, ConsultationRefused
 */
export function retractEntry(
  { event, reason, known }: EntryRetraction,
  history: ConsultationHistory,
  now: Instant,
): NewEvent[] {
  const { state, entry } = entryOf(history, event);
  const { consultationId, patientId } = state;
  const isWhole = entry.type === 'ConsultationHeld' && !isCorrectionOf(entry, event);
  const others = history.entries.length - 1;
  refuseAll('consultation-entry.refused', [
    ...(isWhole && others > 0
      ? [
          consultationField(
            'consultation.entry-first',
            'event',
            'Take the other entries of the consultation back first.',
            {
              seen: others,
              accepted: 'no other entry',
            },
          ),
        ]
      : []),
    ...openedAgainstRules(state, known.after, known.permissions),
  ]);
  const data = { consultationId, patientId, retracts: event, retractionReason: reason };
  return [ConsultationEntryRetracted(occurredNow(now), data)];
}
