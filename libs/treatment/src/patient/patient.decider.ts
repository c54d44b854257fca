import { isErased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import { earliestDayAt, latestDayAt, occurredOnDay } from '../day-anywhere.js';
import { sameData } from '../same-data.js';
import {
  brokenRule,
  HealthFactUnknown,
  LinkUnknown,
  PatientExists,
  PatientIsErased,
  PatientUnknown,
  refuseBroken,
} from './patient.errors.js';
import {
  type ContactPreference,
  CourseEntered,
  type Guardian,
  GuardianNamed,
  type Health,
  HealthFactEnded,
  type HealthFactKind,
  HealthFactRecorded,
  type Identity,
  PatientContactPreferenceChanged,
  PatientDied,
  type PatientEvent,
  PatientHealthRecorded,
  PatientLinked,
  PatientMovedAway,
  PatientRegistered,
  PatientReturned,
  PatientUnlinked,
} from './patient.events.js';
import type { HealthFact, PatientState, RegisteredPatient } from './patient.state.js';
import { isMinorOn, type Person, REGISTRATIONS_MAX } from './person.js';

export type PatientCommand =
  | {
      readonly type: 'RegisterPatient';
      readonly patientId: string;
      readonly identity: Identity;
      readonly preference: ContactPreference;
      readonly health: Health;
    }
  | { readonly type: 'ChangeContactPreference'; readonly preference: ContactPreference }
  | { readonly type: 'RecordHealth'; readonly health: Health }
  | {
      readonly type: 'RecordHealthFact';
      readonly factId: string;
      readonly kind: HealthFactKind;
      readonly statement: string;
      readonly since: LocalDate | null;
      readonly until: LocalDate | null;
    }
  | { readonly type: 'EndHealthFact'; readonly factId: string; readonly until: LocalDate }
  | { readonly type: 'EnterCourse'; readonly courseId: string }
  | { readonly type: 'RecordDeath'; readonly on: LocalDate }
  | { readonly type: 'RecordMoveAway'; readonly on: LocalDate }
  | { readonly type: 'RecordReturn'; readonly on: LocalDate }
  | {
      readonly type: 'NameGuardian';
      readonly guardian: Guardian;
      /** The highest of the chain's sites: where anybody under it may be treated is not known. */
      readonly ageOfMajorityYears: number;
    };

type CommandOf<Type extends PatientCommand['type']> = Extract<PatientCommand, { type: Type }>;

/**
 * Decides a command that is about one registration.
 * @returns nothing where it is so already
 * @throws PatientUnknown, PatientExists, HealthFactUnknown, PatientRefused
 */
export function decidePatient(command: PatientCommand, state: PatientState, now: Instant): PatientEvent[] {
  if (command.type === 'RegisterPatient') return register(command, state, now);
  if (state.status === 'none') throw new PatientUnknown();
  const { patientId } = state;
  switch (command.type) {
    case 'ChangeContactPreference': {
      const { preference } = command;
      if (sameData(state.preference, preference)) return [];
      return [PatientContactPreferenceChanged(occurredNow(now), { patientId, preference })];
    }
    case 'RecordHealth': {
      const { health } = command;
      return sameData(state.health, health) ? [] : [PatientHealthRecorded(occurredNow(now), { patientId, health })];
    }
    case 'RecordHealthFact':
      return recordFact(command, state, now);
    case 'EndHealthFact':
      return endFact(command, state, now);
    case 'EnterCourse': {
      const { courseId } = command;
      return state.courseIds.includes(courseId) ? [] : [CourseEntered(occurredNow(now), { patientId, courseId })];
    }
    case 'RecordDeath':
      return die(command, state, now);
    case 'RecordMoveAway':
      return moveAway(command, state, now);
    case 'RecordReturn':
      return comeBack(command, state, now);
    case 'NameGuardian':
      return nameGuardian(command, state, now);
    default:
      return assertNever(command, 'patient command');
  }
}

function register(command: CommandOf<'RegisterPatient'>, state: PatientState, now: Instant): PatientEvent[] {
  if (state.status !== 'none') throw new PatientExists();
  const { type: _, ...data } = command;
  refuseBroken('patient.not-born', [bornLater(data.identity, now)]);
  return [PatientRegistered(occurredNow(now), data)];
}

/** The birth date is personal: it is told to nobody who did not give it. */
export const bornLater = ({ birthDate }: Identity, now: Instant): ErrorField | false =>
  birthDate > latestDayAt(now) &&
  brokenRule('patient.birth-date', 'identity.birthDate', 'The day of birth is still to come.', {
    seen: 'a day that is still to come',
    accepted: `${latestDayAt(now)} or earlier`,
  });

function recordFact(command: CommandOf<'RecordHealthFact'>, state: RegisteredPatient, now: Instant): PatientEvent[] {
  if (repeatedFact(command, state)) return [];
  const { factId, kind, statement, since, until } = command;
  refuseBroken('health-fact.refused', periodFaults(command, now));
  const { patientId } = state;
  const occurred = since === null ? occurredNow(now, 'unknown') : occurredOnDay(since);
  return [HealthFactRecorded(occurred, { patientId, factId, kind, since, until, statement })];
}

/**
 * The fact that a command would record a second time; its id is the answer to it. One that a consultation says is not
 * recorded by itself yet: it would go with the answer that it rests on.
 */
export const repeatedFact = (
  { kind, statement, since, until }: Omit<CommandOf<'RecordHealthFact'>, 'type' | 'factId'>,
  { healthFacts }: RegisteredPatient,
): HealthFact | undefined =>
  healthFacts.find(
    (fact) =>
      fact.consultationId === null &&
      fact.kind === kind &&
      fact.value === statement &&
      fact.since === since &&
      fact.until === until,
  );

/** What is wrong with the days on which something is said to hold. */
export function periodFaults(
  { since, until }: { readonly since: LocalDate | null; readonly until: LocalDate | null },
  now: Instant,
): (ErrorField | false)[] {
  const today = latestDayAt(now);
  return [
    since !== null &&
      since > today &&
      brokenRule('health-fact.future', 'since', `${since} is still to come: record it when it holds.`, {
        seen: since,
        accepted: `${today} or earlier`,
      }),
    since !== null &&
      until !== null &&
      until < since &&
      brokenRule('health-fact.period', 'until', `It cannot end on ${until}, before it began.`, {
        seen: until,
        accepted: `${since} or later`,
      }),
  ];
}

function endFact({ factId, until }: CommandOf<'EndHealthFact'>, state: RegisteredPatient, now: Instant) {
  const fact = state.healthFacts.find((each) => each.factId === factId);
  if (!fact) throw new HealthFactUnknown();
  if (fact.until === until) return [];
  refuseBroken('health-fact.refused', periodFaults({ since: fact.since, until }, now));
  // An end that is still to come is known today; what is over ended on its last day.
  const occurred = until > latestDayAt(now) ? occurredNow(now) : occurredOnDay(until);
  return [HealthFactEnded(occurred, { patientId: state.patientId, factId, until })];
}

function die({ on }: CommandOf<'RecordDeath'>, state: RegisteredPatient, now: Instant): PatientEvent[] {
  const { patientId, diedOn, identity } = state;
  if (diedOn === on) return [];
  refuseBroken('patient.death-refused', [
    toCome(on, now),
    diedOn !== null &&
      brokenRule('patient.died', 'on', `It is on record that the patient died on ${diedOn}: correct that entry.`, {
        seen: on,
        accepted: diedOn,
      }),
    !isErased(identity) &&
      on < identity.birthDate &&
      brokenRule('patient.died', 'on', `${on} lies before the patient was born.`, {
        seen: on,
        accepted: 'a day on or after the birth',
      }),
  ]);
  return [PatientDied(occurredOnDay(on), { patientId, on })];
}

function moveAway({ on }: CommandOf<'RecordMoveAway'>, state: RegisteredPatient, now: Instant): PatientEvent[] {
  const { patientId, movedAwayOn } = state;
  if (movedAwayOn === on) return [];
  refuseBroken('patient.move-refused', [
    toCome(on, now),
    afterDeath(on, state),
    movedAwayOn !== null &&
      brokenRule('patient.moved-away', 'on', `It is on record that the patient moved away on ${movedAwayOn}.`, {
        seen: on,
        accepted: 'a return before, or a correction of that entry',
      }),
  ]);
  return [PatientMovedAway(occurredOnDay(on), { patientId, on })];
}

function comeBack({ on }: CommandOf<'RecordReturn'>, state: RegisteredPatient, now: Instant): PatientEvent[] {
  const { patientId, movedAwayOn } = state;
  if (movedAwayOn === null) return [];
  refuseBroken('patient.return-refused', [
    toCome(on, now),
    afterDeath(on, state),
    on < movedAwayOn &&
      brokenRule('patient.moved-away', 'on', `The patient moved away on ${movedAwayOn}, after ${on}.`, {
        seen: on,
        accepted: `${movedAwayOn} or later`,
      }),
  ]);
  return [PatientReturned(occurredOnDay(on), { patientId, on })];
}

/** Nothing that happens to a person is recorded before it has happened. */
export const toCome = (on: LocalDate, now: Instant): ErrorField | false =>
  on > latestDayAt(now) &&
  brokenRule('patient.day-to-come', 'on', `${on} is still to come.`, {
    seen: on,
    accepted: `${latestDayAt(now)} or earlier`,
  });

const afterDeath = (on: LocalDate, { diedOn }: RegisteredPatient): ErrorField | false =>
  diedOn !== null &&
  on > diedOn &&
  brokenRule('patient.died', 'on', `It is on record that the patient died on ${diedOn}.`, {
    seen: on,
    accepted: `${diedOn} or earlier`,
  });

function nameGuardian(
  { guardian, ageOfMajorityYears }: CommandOf<'NameGuardian'>,
  state: RegisteredPatient,
  now: Instant,
): PatientEvent[] {
  if (sameData(state.guardian, guardian)) return [];
  // On the day when the patient comes of age somewhere, nobody is turned away.
  refuseBroken('patient.guardian-refused', [
    !isMinorOn({ patients: [state], ageOfMajorityYears }, earliestDayAt(now)) &&
      brokenRule('patient.minor', 'patient', 'The patient is not known to be under age, and signs for themselves.', {
        seen: 'of age, or not known',
        accepted: 'a patient under age',
      }),
  ]);
  return [GuardianNamed(occurredNow(now), { patientId: state.patientId, guardian })];
}

/** The events of one registration among those of a decision about several. */
export interface EventsOfPatient {
  readonly patientId: string;
  readonly events: readonly PatientEvent[];
}

/**
 * Links two registrations of one person. Whether names and birth dates agree is for whoever links them to judge: a
 * registration twice over is often one with a mistake in it.
 * @param person of the one registration, `other` of the other, both with all that are linked to them
 * @throws PatientRefused, PatientIsErased
 */
export function decideLink(
  { linkId, reason }: { readonly linkId: string; readonly reason: string },
  person: Person,
  other: Person,
  now: Instant,
): EventsOfPatient[] {
  if (person.patients.some(({ erasureId }) => erasureId !== null)) throw new PatientIsErased();
  if (other.patients.some(({ erasureId }) => erasureId !== null)) throw new PatientIsErased('other');
  const [patientId, otherPatientId] = [asked(person).patientId, asked(other).patientId];
  const count = person.patients.length + other.patients.length;
  const isItself = patientId === otherPatientId;
  const isLinked = person.patients.some((each) => each.patientId === otherPatientId);
  refuseBroken('patient-link.refused', [
    isItself &&
      brokenRule('patient-link.itself', 'patient', 'A registration is not linked with itself.', {
        seen: 'the same registration',
        accepted: 'another registration',
      }),
    !isItself &&
      isLinked &&
      brokenRule('patient-link.linked', 'patient', 'The two are one person already.', {
        seen: 'linked',
        accepted: 'a registration that is not linked with it',
      }),
    !isLinked &&
      count > REGISTRATIONS_MAX &&
      brokenRule('patient-link.too-many', 'patient', `Together they are ${count} registrations.`, {
        seen: count,
        accepted: `${REGISTRATIONS_MAX} or fewer`,
      }),
  ]);
  const link = (of: string, to: string): EventsOfPatient => ({
    patientId: of,
    events: [PatientLinked(occurredNow(now), { patientId: of, otherPatientId: to, linkId, reason })],
  });
  return [link(patientId, otherPatientId), link(otherPatientId, patientId)];
}

/**
 * Undoes a link, in both registrations.
 * @returns nothing where it was undone before
 * @throws LinkUnknown
 */
export function decideUnlink(
  { linkId, reason }: { readonly linkId: string; readonly reason: string },
  { patientId, links, undoneLinkIds }: RegisteredPatient,
  now: Instant,
): EventsOfPatient[] {
  const link = links.find((each) => each.linkId === linkId);
  if (!link) {
    if (undoneLinkIds.includes(linkId)) return [];
    throw new LinkUnknown();
  }
  const undo = (of: string, from: string): EventsOfPatient => ({
    patientId: of,
    events: [PatientUnlinked(occurredNow(now), { patientId: of, otherPatientId: from, linkId, reason })],
  });
  return [undo(patientId, link.otherPatientId), undo(link.otherPatientId, patientId)];
}

function asked({ patients }: Person): RegisteredPatient {
  const [patient] = patients;
  if (!patient) throw new Error('A person without a registration');
  return patient;
}
