import { changesHistory, type Correctness, correctedType, isRetraction } from '#libs/event-store/src/correction.js';
import { type Erased, isErased, unlessErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { type Instant, type LocalDate, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import { CONSULTATION_EVENTS, type ConsultationEvent } from '../../consultation/consultation.events.js';
import { earliestDayAt, latestDayAt } from '../../day-anywhere.js';
import { type HealthFactKind, PATIENT_EVENTS, type PatientEvent } from '../../patient/patient.events.js';
import type { Clearance, SignedConsent } from './course-progress.rules.js';

/**
 * How facts about others than the course become what it is judged by. The read model keeps them as they come; a question
 * about an earlier state gathers them from the log. Both judge by the same.
 */

export type ConsentEvent = Extract<RecordedEvent<ConsultationEvent>, { type: 'ConsentSigned' | 'ConsentWithdrawn' }>;

export const isConsentEvent = (event: { readonly type: string }): event is ConsentEvent =>
  event.type === 'ConsentSigned' || event.type === 'ConsentWithdrawn';

type ConcludedEvent = Extract<RecordedEvent<ConsultationEvent>, { type: 'ConsultationConcluded' }>;
export const isConcluded = (event: { readonly type: string }): event is ConcludedEvent =>
  event.type === 'ConsultationConcluded';

type HeldEvent = Extract<RecordedEvent<ConsultationEvent>, { type: 'ConsultationHeld' }>;
const isHeld = (event: { readonly type: string }): event is HeldEvent => event.type === 'ConsultationHeld';

/** Types of a consultation's stream that make consents and clearances, and those that change what was said of any. */
export const ABOUT_CONSENTS: ReadonlySet<string> = new Set(
  CONSULTATION_EVENTS.filter((type) => isConsentEvent(type) || isConcluded(type) || changesHistory(type.type)).map(
    ({ type }) => type,
  ),
);

interface ConsentRecord extends SignedConsent {
  /** When the day of the signature began at the site. */
  readonly signedFrom: Instant;
  readonly position: number;
}

/** What is on record of the consents of a consultation. */
export interface ConsentFacts {
  /** In the order in which they were recorded. */
  readonly consents: readonly ConsentRecord[];
  /** A consent that is entered later may have been signed before them. */
  readonly withdrawals: readonly { readonly procedure: string; readonly at: Instant }[];
  /** Null: it was never cleared. */
  readonly clearance: Clearance | null;
}

export const NO_CONSENTS: ConsentFacts = { consents: [], withdrawals: [], clearance: null };

/**
 * The clearance of a consultation after something was recorded: it is lost when its conclusion turns out to have been another
 * one, or never to have been.
 * @param now as the consultation reads now
 */
export function evolveClearance(before: Clearance | null, now: Cleared, recordedAt: Instant): Clearance | null {
  const procedure = procedureAfter(before, now, recordedAt);
  if (now.at === null) return before && { ...before, procedure, lostAt: before.lostAt ?? recordedAt };
  const isMoved = before !== null && before.at !== now.at;
  return { at: now.at, lostAt: null, movedAt: isMoved ? recordedAt : (before?.movedAt ?? null), procedure };
}

/** What the history of a consultation says of its clearance. */
export interface Cleared {
  /** Null: it is not cleared. */
  readonly at: Instant | null;
  /** What it is about; undefined where the history does not begin with the consultation. */
  readonly procedure: string | undefined;
}

const procedureAfter = (before: Clearance | null, { procedure }: Cleared, since: Instant): Clearance['procedure'] => {
  const known = before?.procedure ?? null;
  return procedure === undefined || known?.code === procedure ? known : { code: procedure, since };
};

/** Whether a consultation is cleared, by the history of its stream, when and for what. */
export function clearedIn(history: readonly { readonly type: string }[]): Cleared {
  const concluded = history.findLast(isConcluded);
  return {
    at: concluded?.data.conclusion.outcome === 'cleared' ? concluded.occurredAt.instant : null,
    procedure: history.find(isHeld)?.data.procedure,
  };
}

/**
 * The consents of a consultation after one more event. A withdrawal ends what was signed before it, in whatever order
 * they are recorded; what is signed on its day ends where it was recorded before it.
 */
export function evolveConsents(facts: ConsentFacts, event: ConsentEvent): ConsentFacts {
  const { consents, withdrawals } = facts;
  const { procedure } = event.data;
  if (event.type === 'ConsentSigned') {
    const { signedOn, validUntil } = event.data;
    const zone = event.occurredAt.time?.zone;
    const dayOver = startOfDay(addDays(signedOn, 1), zone);
    const withdrawnAt = withdrawals
      .filter((each) => each.procedure === procedure && each.at >= dayOver)
      .reduce<Instant | null>((first, { at }) => (first !== null && first < at ? first : at), null);
    const { position } = event;
    const signed = { procedure, signedOn, signedFrom: startOfDay(signedOn, zone), validUntil, withdrawnAt, position };
    return { ...facts, consents: [...consents, signed] };
  }
  const at = event.occurredAt.instant;
  const isEnded = (each: ConsentRecord) =>
    each.procedure === procedure && each.signedFrom <= at && (each.withdrawnAt === null || at < each.withdrawnAt);
  return {
    ...facts,
    consents: consents.map((each) => (isEnded(each) ? { ...each, withdrawnAt: at } : each)),
    withdrawals: [...withdrawals, { procedure, at }],
  };
}

const startOfDay = (day: LocalDate, zone = 'UTC'): Instant => wallToInstant(`${day}T00:00`, zone).instant;

/**
 * What was said of a patient's health, and from when on it holds: the whole of it, as it was answered at one time, or one
 * thing that was learned. The read model keeps what was said closed.
 */
export type HealthRecord<Said> = WholeHealth<Said> | HealthFact<Said>;

interface WholeHealth<Said> {
  readonly kind: 'whole';
  /** Null: from the beginning. What a registration says has no date of its own. */
  readonly since: Instant | null;
  /** When it was recorded as it reads: where it was corrected, when its latest correction was. */
  readonly recordedAt: Instant;
  readonly said: Said;
}

interface HealthFact<Said> {
  readonly kind: HealthFactKind;
  readonly factId: Id;
  /** First and last day; null: as long as anybody knows, and it goes on. */
  readonly since: LocalDate | null;
  readonly until: LocalDate | null;
  readonly recordedAt: Instant;
  readonly said: Said;
}

const HEALTH_TYPES = ['PatientRegistered', 'PatientHealthRecorded', 'HealthFactRecorded', 'HealthFactEnded'] as const;
export type HealthEvent = Extract<RecordedEvent<PatientEvent>, { type: (typeof HEALTH_TYPES)[number] }>;

const isHealthType = (type: string): boolean => (HEALTH_TYPES as readonly string[]).includes(type);
export const isHealthEvent = (event: { readonly type: string }): event is HealthEvent => isHealthType(event.type);

/** Types of a patient's stream that say something of their health, and those that change what was said. */
export const ABOUT_HEALTH: ReadonlySet<string> = new Set(
  PATIENT_EVENTS.map(({ type }) => type).filter((type) => isHealthType(correctedType(type)) || isRetraction(type)),
);

/**
 * What is on record of a patient's health after one more event.
 * @param said what the event says; undefined where it was erased before it was written
 */
export function evolveHealth<Said>(
  records: readonly HealthRecord<Said>[],
  event: HealthEvent & { readonly correctness?: Correctness },
  said: Said | undefined,
): readonly HealthRecord<Said>[] {
  if (event.type === 'HealthFactEnded') {
    const { factId, until } = event.data;
    return records.map((each) => (each.kind !== 'whole' && each.factId === factId ? { ...each, until } : each));
  }
  if (said === undefined) return records;
  const recordedAt = event.correctness?.correctedBy.at(-1)?.recordedAt ?? event.recordedAt;
  if (event.type === 'HealthFactRecorded') {
    const { factId, kind, since, until } = event.data;
    return [...records, { kind, factId, since, until, recordedAt, said }];
  }
  const since = event.type === 'PatientRegistered' ? null : event.occurredAt.instant;
  return [...records, { kind: 'whole', since, recordedAt, said }];
}

/** What a box about health holds, by the type of its event. */
export interface SaidOfHealth {
  readonly health?: HealthAnswers | Erased;
  readonly statement?: string | Erased;
}

/**
 * What was known to hold at an instant: the latest answers from before it, and every fact of whose days it may be one.
 * What the patient said at registration holds for everything before a newer record. Undefined where nothing is known.
 * @param knownAt only what was recorded by then
 */
export function answersAt(
  all: readonly HealthRecord<SaidOfHealth | Erased>[],
  instant: Instant,
  knownAt?: Instant,
): HealthAnswers | undefined {
  const records = knownAt === undefined ? all : all.filter(({ recordedAt }) => recordedAt <= knownAt);
  let whole: WholeHealth<SaidOfHealth | Erased> | undefined;
  for (const record of records) {
    if (record.kind !== 'whole') continue;
    const begun = record.since === null || record.since <= instant;
    const newer = whole === undefined || (record.since ?? '') >= (whole.since ?? '');
    if (begun && newer) whole = record;
  }
  const answers = whole && healthOf(whole.said);
  const facts = records.filter((record): record is HealthFact<SaidOfHealth | Erased> => holdsAt(record, instant));
  if (facts.length === 0) return answers;
  const of = (kind: HealthFactKind) =>
    facts.flatMap((fact) => (fact.kind === kind ? (statementOf(fact.said) ?? []) : []));
  return {
    conditions: [...(answers?.conditions ?? []), ...of('condition')],
    medications: [...(answers?.medications ?? []), ...of('medication')],
    allergies: [...(answers?.allergies ?? []), ...of('allergy')],
  };
}

/** A fact is told by days, which begin and end at other instants at other sites: each that it may hold on counts. */
function holdsAt(record: HealthRecord<unknown>, instant: Instant): boolean {
  if (record.kind === 'whole') return false;
  const { since, until } = record;
  return (since === null || since <= latestDayAt(instant)) && (until === null || earliestDayAt(instant) <= until);
}

const healthOf = (said: SaidOfHealth | Erased): HealthAnswers | undefined =>
  isErased(said) ? undefined : unlessErased(said.health, undefined);

const statementOf = (said: SaidOfHealth | Erased): string | undefined =>
  isErased(said) ? undefined : unlessErased(said.statement, undefined);

/** What a record says the patient is allergic to, whenever that holds. */
export function allergiesOf({ kind, said }: HealthRecord<SaidOfHealth | Erased>): readonly string[] {
  if (kind === 'whole') return healthOf(said)?.allergies ?? [];
  return kind === 'allergy' ? [statementOf(said) ?? []].flat() : [];
}

/** A registration of a person, with what it says and since when it is on record that others are the same person. */
export interface HealthOfRegistration {
  readonly patientId: Id;
  readonly records: readonly HealthRecord<SaidOfHealth | Erased>[];
  /** The links that stand. */
  readonly links: readonly RegistrationLink[];
}

export interface RegistrationLink {
  readonly otherPatientId: Id;
  readonly recordedAt: Instant;
}

/**
 * What was known to hold for a person at an instant, by all their registrations. What another registration says was
 * known only once the two were linked, whenever it was entered there.
 * @param asked the registration that is treated
 * @param knownAt only what was recorded by then, links included
 */
export function personsAnswersAt(
  all: readonly HealthOfRegistration[],
  asked: Id,
  instant: Instant,
  knownAt?: Instant,
): HealthAnswers | undefined {
  const known = knownAt === undefined ? all : linkedBy(all, asked, knownAt);
  return unitedAnswers(known.map(({ records }) => answersAt(records, instant, knownAt)));
}

/** Those that were known by then to be the same person as the asked one. */
function linkedBy(all: readonly HealthOfRegistration[], asked: Id, knownAt: Instant): HealthOfRegistration[] {
  const reached = new Set([asked]);
  for (const id of reached) {
    const links = all.find(({ patientId }) => patientId === id)?.links ?? [];
    for (const link of links) if (link.recordedAt <= knownAt) reached.add(link.otherPatientId);
  }
  return all.filter(({ patientId }) => reached.has(patientId));
}

/** What several registrations of one person say together; undefined where none says anything. */
function unitedAnswers(all: readonly (HealthAnswers | undefined)[]): HealthAnswers | undefined {
  const said = all.filter((answers) => answers !== undefined);
  if (said.length <= 1) return said[0];
  return {
    conditions: said.flatMap(({ conditions }) => conditions),
    medications: said.flatMap(({ medications }) => medications),
    allergies: said.flatMap(({ allergies }) => allergies),
  };
}
