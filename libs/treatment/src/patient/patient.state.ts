import type { EffectiveEvent } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { ERASED, type Erased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { AdverseEventEvent } from '../adverse-event/adverse-event.events.js';
import { type AdverseEventState, evolveAdverseEvents } from '../adverse-event/adverse-event.state.js';
import type { ContactEvent } from '../contact/contact.events.js';
import { CONTACT_INITIAL, type ContactState, evolveContact } from '../contact/contact.state.js';
import { earliestDayAt } from '../day-anywhere.js';
import type { ContactPreference, Guardian, Health, HealthFactKind, Identity, PatientEvent } from './patient.events.js';

/** The whole of what was known of a patient's health, as it was answered at one time; it holds until the next. */
export interface HealthRecord {
  /** The first day on which it holds; null for what was known at registration, which holds before it as well. */
  readonly since: LocalDate | null;
  /** From which it reads so in the log. */
  readonly position: number;
  readonly health: Health | Erased;
}

/** One thing that was learned, with the days on which it holds; both ends belong to it. */
export interface HealthFact {
  readonly factId: string;
  readonly kind: HealthFactKind;
  /** Null: as long as anybody knows. */
  readonly since: LocalDate | null;
  /** Null: it goes on. */
  readonly until: LocalDate | null;
  readonly recordedAt: Instant;
  /** From which it reads so in the log; see `healthKnownOn`. */
  readonly position: number;
  readonly value: string | Erased;
  /** The consultation that says so; null where it was recorded by itself. */
  readonly consultationId: string | null;
}

/** Another registration of the same person. */
export interface PatientLink {
  readonly linkId: string;
  readonly otherPatientId: string;
  /** What was decided on one registration before it did not know of the other. */
  readonly position: number;
}

/** The consents for a procedure ended, in every consultation of the person. */
export interface PersonsWithdrawal {
  readonly consultationId: string;
  readonly procedure: string;
  /** The day at the site of the consultation. */
  readonly on: LocalDate;
  readonly at: Instant;
  /** Where it was entered first: what is signed on its day ends where it was recorded before it. */
  readonly position: number;
}

/** How a consultation of a person ended that did not end cleared. */
export interface PersonsOutcome {
  readonly consultationId: string;
  readonly procedure: string;
  readonly outcome: 'deferred' | 'refused';
  /** Of a deferral; null: of a refusal. */
  readonly until: LocalDate | null;
  /** The day at the site of the consultation. */
  readonly on: LocalDate;
  readonly at?: Instant | undefined;
}

export interface RegisteredPatient {
  readonly status: 'registered';
  readonly patientId: string;
  readonly preference: ContactPreference;
  /** What the patient wants to be told, and how, beyond the preference. */
  readonly contact: ContactState;
  readonly identity: Identity | Erased;
  /** As it was recorded last; what holds on a day is `healthOn`. */
  readonly health: Health | Erased;
  /** Oldest first. */
  readonly healthRecords: readonly HealthRecord[];
  readonly healthFacts: readonly HealthFact[];
  readonly courseIds: readonly string[];
  /** What the patient has withdrawn, in whichever consultation. */
  readonly consentWithdrawals: readonly PersonsWithdrawal[];
  /** Of consultations that were refused or deferred, as they stand. Left out where there was none. */
  readonly outcomes?: readonly PersonsOutcome[];
  /** Those that stand. */
  readonly links: readonly PatientLink[];
  /** Those that were undone. */
  readonly undoneLinkIds: readonly string[];
  readonly adverseEvents: readonly AdverseEventState[];
  readonly diedOn: LocalDate | null;
  readonly movedAwayOn: LocalDate | null;
  /** Who consents for a patient under age; null: nobody was named. */
  readonly guardian: Guardian | Erased | null;
  /** The erasure by which nothing that was said of them is read any more; null: none. */
  readonly erasureId: string | null;
}

export type PatientState = { readonly status: 'none' } | RegisteredPatient;

export const patientFold = { initial: { status: 'none' } as PatientState, evolve };

function evolve(state: PatientState, event: RecordedEvent<PatientEvent>): PatientState {
  if (event.type === 'PatientRegistered') return registered(event);
  return state.status === 'none' ? state : evolveRegistered(state, event);
}

function registered(event: RecordedEvent<Extract<PatientEvent, { type: 'PatientRegistered' }>>): RegisteredPatient {
  const { data } = event;
  const position = readSince(event);
  return {
    status: 'registered',
    ...data,
    contact: CONTACT_INITIAL,
    healthRecords: [{ since: null, position, health: data.health }],
    healthFacts: [],
    courseIds: [],
    consentWithdrawals: [],
    links: [],
    undoneLinkIds: [],
    adverseEvents: [],
    diedOn: null,
    movedAwayOn: null,
    guardian: null,
    erasureId: null,
  };
}

type LaterEvent = Exclude<RecordedEvent<PatientEvent>, { type: 'PatientRegistered' }>;

function evolveRegistered(state: RegisteredPatient, event: LaterEvent): RegisteredPatient {
  switch (event.type) {
    case 'PatientContactPreferenceChanged':
      return { ...state, preference: event.data.preference };
    case 'PatientHealthRecorded':
    case 'HealthFactRecorded':
    case 'HealthFactEnded':
      return withHealth(state, event);
    case 'CourseEntered':
      return withCourse(state, event.data.courseId);
    case 'ConsentWithdrawalsEntered': {
      const { consentWithdrawals: known } = state;
      return { ...state, consentWithdrawals: withdrawalsAfter(known, event.data, event.position) };
    }
    case 'ConsultationOutcomeEntered': {
      const { consultationId, ended } = event.data;
      const others = (state.outcomes ?? []).filter((each) => each.consultationId !== consultationId);
      return { ...state, outcomes: ended ? [...others, { consultationId, ...ended }] : others };
    }
    case 'PatientLinked': {
      const { linkId, otherPatientId } = event.data;
      return { ...state, links: [...state.links, { linkId, otherPatientId, position: event.position }] };
    }
    case 'PatientUnlinked': {
      const { linkId } = event.data;
      const links = state.links.filter((link) => link.linkId !== linkId);
      return { ...state, links, undoneLinkIds: [...state.undoneLinkIds, linkId] };
    }
    case 'PatientDied':
      return { ...state, diedOn: event.data.on };
    case 'PatientMovedAway':
      return { ...state, movedAwayOn: event.data.on };
    case 'PatientReturned':
      return { ...state, movedAwayOn: null };
    case 'GuardianNamed':
      return { ...state, guardian: event.data.guardian };
    case 'PatientErased':
      return erasedAs(state, event.data.erasureId);
    case 'AdverseEventReported':
    case 'AdverseEventAssessed':
    case 'AdverseEventReportedToAuthority':
    case 'AdverseEventClosed':
    case 'AdverseEventReopened':
      return { ...state, adverseEvents: evolveAdverseEvents(state.adverseEvents, event) };
    case 'PatientOptedOut':
    case 'PatientOptedIn':
    case 'PatientSmsStopped':
    case 'PatientSmsResumed':
    case 'PatientContactChoicesSet':
      return { ...state, contact: evolveContact(state.contact, event) };
    default:
      return assertNever(event, 'patient event');
  }
}

/** Whatever keys may still open: after the event it is not read. */
const erasedAs = (state: RegisteredPatient, erasureId: string): RegisteredPatient => ({
  ...state,
  erasureId,
  identity: ERASED,
  health: ERASED,
  healthRecords: state.healthRecords.map((record) => ({ ...record, health: ERASED })),
  healthFacts: state.healthFacts.map((fact) => ({ ...fact, value: ERASED })),
  guardian: state.guardian && ERASED,
});

/** The position from which an entry reads as it does: what a correction says was not known before it. */
const readSince = (event: EffectiveEvent<RecordedEvent>): number =>
  event.correctness?.correctedBy.at(-1)?.position ?? event.position;

type HealthEvent = Extract<
  RecordedEvent<Exclude<PatientEvent, AdverseEventEvent | ContactEvent>>,
  { type: 'PatientHealthRecorded' | 'HealthFactRecorded' | 'HealthFactEnded' }
>;

function withHealth(state: RegisteredPatient, event: HealthEvent): RegisteredPatient {
  const position = readSince(event);
  switch (event.type) {
    case 'PatientHealthRecorded': {
      // By the clock that is behind all others: nothing that was learned on a day is missed on that day.
      const since = earliestDayAt(event.occurredAt.instant);
      const healthRecords = [...state.healthRecords, { since, position, health: event.data.health }];
      return { ...state, health: event.data.health, healthRecords: healthRecords.sort(bySince) };
    }
    case 'HealthFactRecorded': {
      const { factId, kind, since, until, statement, consultationId = null } = event.data;
      const fact: HealthFact = {
        factId,
        kind,
        since,
        until,
        recordedAt: event.recordedAt,
        position,
        value: statement,
        consultationId,
      };
      return { ...state, healthFacts: [...state.healthFacts, fact] };
    }
    case 'HealthFactEnded': {
      const { factId, until } = event.data;
      const healthFacts = state.healthFacts.map((fact) => (fact.factId === factId ? { ...fact, until } : fact));
      return { ...state, healthFacts };
    }
    default:
      return assertNever(event, 'health event');
  }
}

/** What is said of a consultation takes the place of what was said of it before. */
export function withdrawalsAfter(
  known: readonly PersonsWithdrawal[],
  { consultationId, withdrawals }: Pick<ConsentWithdrawalsData, 'consultationId' | 'withdrawals'>,
  position: number,
): readonly PersonsWithdrawal[] {
  const isOf = (each: PersonsWithdrawal) => each.consultationId === consultationId;
  const since = (each: { readonly procedure: string; readonly at: Instant }) =>
    known.find((before) => isOf(before) && before.procedure === each.procedure && before.at === each.at)?.position;
  return [
    ...known.filter((each) => !isOf(each)),
    ...withdrawals.map((each) => ({ ...each, consultationId, position: since(each) ?? position })),
  ];
}

type ConsentWithdrawalsData = Extract<PatientEvent, { type: 'ConsentWithdrawalsEntered' }>['data'];

/** An import that goes on after an interruption, or a course entered twice over, is one course. */
const withCourse = (state: RegisteredPatient, courseId: string): RegisteredPatient =>
  state.courseIds.includes(courseId) ? state : { ...state, courseIds: [...state.courseIds, courseId] };

/** What holds from the same day on is as it was recorded last: sorting keeps the order of equals. */
const bySince = (a: HealthRecord, b: HealthRecord): number =>
  (a.since ?? '') < (b.since ?? '') ? -1 : (a.since ?? '') > (b.since ?? '') ? 1 : 0;
