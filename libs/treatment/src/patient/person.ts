import type { Reads } from '#libs/cqrs/src/command-runner.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import type { AdverseEventState } from '../adverse-event/adverse-event.state.js';
import { LEGAL_RULES_DEFAULT, siteStream } from '../site/site.events.js';
import { legalRulesOf, siteFold, type SiteState } from '../site/site.state.js';
import { PatientUnknown } from './patient.errors.js';
import { type Health, patientStream } from './patient.events.js';
import {
  type HealthFact,
  type HealthRecord,
  patientFold,
  type PersonsWithdrawal,
  type RegisteredPatient,
} from './patient.state.js';

/**
 * Everybody who was registered more than once is one person: what holds for one registration holds for all that are
 * linked with it, at whatever site they were made.
 */
export interface Person {
  /** The registration that was asked for first. */
  readonly patients: readonly RegisteredPatient[];
  /** By the law of the site where it is asked (`atSite`); the default where no site is in question. */
  readonly ageOfMajorityYears?: number;
}

/**
 * Registrations of one person. Each is a stream that a decision reads and guards; nobody is registered so often, and a
 * link that would make more is refused.
 */
export const REGISTRATIONS_MAX = 20;

/**
 * Loads a patient and all registrations that are linked with it, near ones first. Every stream is loaded through `reads`
 * and thereby guarded: a link that is made meanwhile is decided upon anew.
 * @throws NotFound `patient.unknown` where the asked one is not registered
 */
export async function loadPerson(reads: Pick<Reads, 'load'>, patientId: string, field?: string): Promise<Person> {
  const load = async (id: string) => (await reads.load(patientStream(id), patientFold)).state;
  const asked = await load(patientId);
  if (asked.status === 'none') throw new PatientUnknown(field);
  const patients: RegisteredPatient[] = [asked];
  const seen = new Set([patientId]);
  let next = neighbours(patients, seen);
  while (next.length > 0 && patients.length < REGISTRATIONS_MAX) {
    const found = (await Promise.all(next.slice(0, REGISTRATIONS_MAX - patients.length).map(load))).filter(
      (state): state is RegisteredPatient => state.status === 'registered',
    );
    patients.push(...found);
    next = neighbours(found, seen);
  }
  return { patients };
}

function neighbours(patients: readonly RegisteredPatient[], seen: Set<string>): string[] {
  const found: string[] = [];
  for (const { links } of patients) {
    for (const { otherPatientId } of links) {
      if (seen.has(otherPatientId)) continue;
      seen.add(otherPatientId);
      found.push(otherPatientId);
    }
  }
  return found;
}

/**
 * What holds of a person's health on a day: of each registration the answers that were valid then, and every fact whose
 * days it is among. `erased` where any of it can no longer be read: nobody can tell whether treatment is safe.
 */
export function healthOn({ patients }: Person, on: LocalDate): HealthAnswers | 'erased' {
  const records = patients.map((patient) => recordOn(patient, on).health);
  const facts = patients.flatMap(({ healthFacts }) => healthFacts.filter((fact) => holdsOn(fact, on)));
  if (records.some(isErased) || facts.some(({ value }) => isErased(value))) return 'erased';
  const known = records as Health[];
  const valuesOf = (kind: HealthFact['kind']) =>
    facts.filter((fact) => fact.kind === kind).map(({ value }) => value as string);
  return {
    conditions: union(
      known.map(({ conditions }) => conditions),
      valuesOf('condition'),
    ),
    medications: union(
      known.map(({ medications }) => medications),
      valuesOf('medication'),
    ),
    allergies: union(
      known.map(({ allergies }) => allergies),
      valuesOf('allergy'),
    ),
  };
}

/**
 * What was on record up to a position of the log of a person's health on a day, for whoever saw one registration: what was learned, said anew
 * or linked later is left out. `erased` where any of it can no longer be read.
 * @param patientId the registration that was looked at
 */
export function healthKnownOn(person: Person, patientId: string, on: LocalDate, position: number) {
  const byId = new Map(person.patients.map((patient) => [patient.patientId, patient]));
  const known = new Map<string, RegisteredPatient>();
  const asked = [patientId];
  for (const id of asked) {
    const patient = byId.get(id);
    if (!patient || known.has(id)) continue;
    known.set(id, patientKnownAt(patient, position));
    asked.push(...patient.links.filter((link) => link.position <= position).map((link) => link.otherPatientId));
  }
  return healthOn({ patients: [...known.values()] }, on);
}

const NOTHING_SAID: HealthRecord = {
  since: null,
  position: 0,
  health: { conditions: [], medications: [], allergies: [] },
};

const patientKnownAt = (patient: RegisteredPatient, position: number): RegisteredPatient => ({
  ...patient,
  healthRecords: [NOTHING_SAID, ...patient.healthRecords.filter((each) => each.position <= position)],
  healthFacts: patient.healthFacts.filter((each) => each.position <= position),
});

/** Whether a fact holds on a day; its first and last day belong to it. */
export const holdsOn = ({ since, until }: Pick<HealthFact, 'since' | 'until'>, on: LocalDate): boolean =>
  (since === null || since <= on) && (until === null || on <= until);

/** The answers that held on a day: the last whose first day had come, else those of the registration. */
function recordOn({ healthRecords }: RegisteredPatient, on: LocalDate): HealthRecord {
  const record = healthRecords.findLast(({ since }) => since === null || since <= on);
  if (!record) throw new Error('A patient without answers from the registration');
  return record;
}

const union = (recorded: readonly (readonly string[])[], facts: readonly string[]): string[] => [
  ...new Set([...recorded.flat(), ...facts]),
];

/** What the person has withdrawn consent for, in whichever consultation and registration. */
export const withdrawalsOf = ({ patients }: Person): PersonsWithdrawal[] =>
  patients.flatMap(({ consentWithdrawals }) => consentWithdrawals);

/**
 * The adverse events that were reported of a person and that no physician has closed. Those that a follow-up found stand
 * with its course (`courseIdsOf`): they are open unless one of their id is closed here.
 */
export const openAdverseEvents = ({ patients }: Person): AdverseEventState[] => patients.flatMap(openReports);

/** The same of one registration. */
export const openReports = ({ adverseEvents }: RegisteredPatient): AdverseEventState[] =>
  adverseEvents.filter(({ status, source }) => status === 'open' && source === 'report');

/** The courses of all registrations; those that were planned before courses were entered here are missing. */
export const courseIdsOf = ({ patients }: Person): string[] => [
  ...new Set(patients.flatMap(({ courseIds }) => courseIds)),
];

/**
 * Whether the person is under age on a day: by any birth date that is known, where registrations differ. Whoever was born
 * on 29 February comes of age on 1 March.
 */
export function isMinorOn(
  { patients, ageOfMajorityYears = LEGAL_RULES_DEFAULT.ageOfMajorityYears }: Person,
  on: LocalDate,
): boolean {
  return patients.some(
    ({ identity }) => !isErased(identity) && on < comesOfAgeOn(identity.birthDate, ageOfMajorityYears),
  );
}

const comesOfAgeOn = (birthDate: LocalDate, years: number): LocalDate =>
  `${String(Number(birthDate.slice(0, 4)) + years).padStart(4, '0')}${birthDate.slice(4)}`;

/** When a person was born, the earliest of what the registrations say; null where it was erased. */
export const bornOn = ({ patients }: Person): LocalDate | null =>
  patients
    .flatMap(({ identity }) => (isErased(identity) ? [] : [identity.birthDate]))
    .reduce<LocalDate | null>((earliest, day) => (earliest !== null && earliest < day ? earliest : day), null);

/** A person under the law of a site, as it is in force there at a moment. */
export const atSite = (person: Person, site: SiteState, at: Instant): Person => ({
  ...person,
  ageOfMajorityYears: legalRulesOf(site, at).ageOfMajorityYears,
});

/**
 * The age from which a person signs for themselves at every one of some sites: the highest of theirs. A person belongs to
 * no site, and may be treated at any of the chain.
 */
export async function ageOfMajorityAtAll(
  reads: Pick<Reads, 'load'>,
  siteIds: Iterable<string>,
  at: Instant,
): Promise<number> {
  const sites = await Promise.all([...siteIds].map((id) => reads.load(siteStream(id), siteFold)));
  const ages = sites.map(({ state }) => legalRulesOf(state, at).ageOfMajorityYears);
  return ages.length === 0 ? LEGAL_RULES_DEFAULT.ageOfMajorityYears : Math.max(...ages);
}

/** When the person died or moved away, by any registration; the earliest day where several say so. */
export function endOfPerson({ patients }: Person): { diedOn: LocalDate | null; movedAwayOn: LocalDate | null } {
  return {
    diedOn: earliest(patients.map(({ diedOn }) => diedOn)),
    movedAwayOn: earliest(patients.map(({ movedAwayOn }) => movedAwayOn)),
  };
}

const earliest = (days: readonly (LocalDate | null)[]): LocalDate | null =>
  days.reduce((first, day) => (first === null || (day !== null && day < first) ? day : first), null);
