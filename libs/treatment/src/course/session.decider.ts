import { isErased } from '#libs/event-store/src/personal-data.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { dateOfWall, type Instant, type LocalDate, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import { isTreatingPhysician, type PractitionerState, seenAsPhysician } from '../practitioner/practitioner.state.js';
import type { holdSessionSchema, performSessionSchema } from './course.commands.js';
import {
  BookingRefused,
  CourseNotActive,
  HoldRefused,
  type CourseRefusal,
  ReviewRefused,
  SessionNotBooked,
  SessionRefused,
  SessionUnknown,
} from './course.errors.js';
import {
  type AcceptedDeviation,
  type CourseEvent,
  type PlannedProduct,
  SessionBooked,
  SessionHeld,
  SessionHoldDecided,
  type SessionKind,
  SessionPerformed,
  SessionProductsPlanned,
  SessionRescheduled,
  SessionReviewed,
} from './course.events.js';
import type { CourseRule } from './course.rule-book.js';
import {
  bookedSessions,
  isLifted,
  type OpenSession,
  performedSessions,
  type PlannedCourse,
  type SessionHold,
  standingHold,
} from './course.state.js';
import { type MaintenanceEnd, maintenanceEnded } from './maintenance-end.rules.js';
import type { Finding, SessionWorld } from './session-finding.js';
import { consent, credential, screening } from './session-permission.rules.js';
import { personGone } from './session-person.rules.js';
import { placeFields } from './session-place.rules.js';
import { durationOf, timeFields } from './session-times.rules.js';
import { goesOver, heldSession, holdAgainst, sessionFindings } from './session.rules.js';

type PerformData = z.infer<typeof performSessionSchema>;

export interface BookSession {
  readonly type: 'BookSession';
  readonly sessionId: string;
  readonly kind: SessionKind;
  readonly siteId: string;
  readonly practitionerId: string;
  readonly at: ZonedTime;
  readonly products: readonly PlannedProduct[] | undefined;
  readonly world: BookingWorld;
}

/** What a booking is judged by. */
export interface BookingWorld
  extends Pick<SessionWorld, 'consultation' | 'formerConsultations' | 'practitioner' | 'protocol' | 'person'> {
  /** Ids of the person's open adverse events. */
  readonly openAdverseEvents: readonly string[];
  /** What ends maintenance beside the course's own events; left out for a session of the course. */
  readonly maintenance?: MaintenanceEnd;
}

export interface RescheduleSession {
  readonly type: 'RescheduleSession';
  readonly sessionId: string;
  readonly siteId: string;
  readonly practitionerId: string;
  readonly at: ZonedTime;
  readonly world: BookingWorld;
}

export interface PlanSessionProducts {
  readonly type: 'PlanSessionProducts';
  readonly sessionId: string;
  readonly products: readonly PlannedProduct[];
}

export interface HoldSession {
  readonly type: 'HoldSession';
  readonly sessionId: string;
  readonly practitionerId: string;
  readonly protocol: Protocol;
  readonly data: z.infer<typeof holdSessionSchema>;
}

export interface DecideSessionHold {
  readonly type: 'DecideSessionHold';
  readonly sessionId: string;
  readonly physicianId: string;
  readonly physician: PractitionerState;
  readonly protocol: Protocol;
  readonly decision: 'proceed' | 'do-not-treat';
  readonly reason: string;
}

export interface PerformSession {
  readonly type: 'PerformSession';
  readonly sessionId: string;
  /** Of a session that nobody had booked here; left out of one that is booked, which has its own. */
  readonly kind?: SessionKind;
  readonly siteId: string;
  readonly practitionerId: string;
  readonly orderedById: string | undefined;
  readonly at: ZonedTime;
  readonly endedAt: ZonedTime | undefined;
  /** With who did each of them. */
  readonly steps: readonly { code: string; practitionerId: string; at?: ZonedTime }[] | undefined;
  readonly data: PerformData;
  readonly world: SessionWorld;
}

export interface ReviewSession {
  readonly type: 'ReviewSession';
  readonly sessionId: string;
  readonly physicianId: string;
  readonly physician: PractitionerState;
  readonly protocol: Protocol;
  readonly outcome: 'no-harm' | 'to-be-followed' | 'adverse-event';
  readonly note: string;
}

/** @throws BookingRefused with all that stands against a session at that time */
function requireBookable(
  state: PlannedCourse,
  world: BookingWorld,
  session: { readonly at: ZonedTime; readonly kind: SessionKind },
  more?: readonly CourseRefusal[],
): void {
  const findings = [
    ...credential(state, world, session),
    ...consent(state, world, session),
    ...screening(state, world, session),
    ...personGone(world, session),
  ];
  const fields = findings.map(fieldOf);
  // Maintenance needs what a course session needs; a course session with an open event is held when its day comes.
  if (session.kind === 'maintenance' && world.openAdverseEvents.length > 0) {
    fields.push({
      field: 'patient',
      message: 'An adverse event is open: a physician closes it first.',
      rule: 'session.open-adverse-event',
      facts: ['S4-R2'],
      seen: world.openAdverseEvents,
      accepted: 'every adverse event closed by a physician',
    });
  }
  fields.push(...(more ?? []));
  if (fields.length > 0) throw new BookingRefused(fields);
}

/** @throws CourseNotActive, BookingRefused */
export function bookSession(command: BookSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, kind, siteId, practitionerId, at, products, world } = command;
  if (kind === 'course') active(state);
  else openForMaintenance(state);
  requireFuture(at, now);
  const taken = [
    ...performedSessions(state, 'course'),
    ...bookedSessions(state).filter((each) => each.kind === 'course'),
  ];
  const ended = world.maintenance ? maintenanceEnded(state, world.maintenance, dateOfWall(at.wall)) : [];
  requireBookable(state, world, { at, kind }, [...beyondPlan(state, kind, taken.length), ...ended]);
  const number = nextNumber(state, kind);
  const { courseId, patientId } = state;
  const booked = { courseId, patientId, sessionId, kind, number, siteId, practitionerId, at };
  return [
    SessionBooked(occurredNow(now), { ...booked, ...(products === undefined ? {} : { products: [...products] }) }),
    ...heldOver(state, world.protocol, sessionId),
  ];
}

/** Sessions are numbered within their kind. */
const nextNumber = ({ sessions }: PlannedCourse, kind: SessionKind): number =>
  Math.max(0, ...sessions.filter((session) => session.kind === kind).map((session) => session.number)) + 1;

/**
 * A hold that no physician has lifted goes over to the session that is booked next: cancelling the one that is held and
 * booking another does not answer what the check found. What has no override stands in the patient's record, where it is
 * resolved.
 */
function heldOver(state: PlannedCourse, protocol: Protocol, sessionId: string): CourseEvent[] {
  const hold = standingHold(state);
  return hold ? heldAsWell(state, hold, protocol, sessionId) : [];
}

/** It was found when it was found, whichever session waits for it. */
function heldAsWell(state: PlannedCourse, hold: SessionHold, protocol: Protocol, sessionId: string): CourseEvent[] {
  const positive = isErased(hold.positive) ? [] : goesOver(hold, protocol);
  if (positive.length === 0) return [];
  const { courseId, patientId } = state;
  const { practitionerId } = hold;
  return [SessionHeld(occurredNow(hold.at), { courseId, patientId, sessionId, practitionerId, positive })];
}

export function rescheduleSession(command: RescheduleSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, siteId, practitionerId, at, world } = command;
  openForBooking(state);
  const session = bookedSession(state, sessionId);
  requireFuture(at, now);
  const isSame =
    session.bookedFor?.instant === at.instant && session.siteId === siteId && session.practitionerId === practitionerId;
  if (isSame) return [];
  requireBookable(state, world, { at, kind: session.kind });
  const { courseId, patientId } = state;
  return [SessionRescheduled(occurredNow(now), { courseId, patientId, sessionId, siteId, practitionerId, at })];
}

export function planSessionProducts(command: PlanSessionProducts, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, products } = command;
  const session = bookedSession(state, sessionId);
  if (JSON.stringify(session.plannedProducts ?? []) === JSON.stringify(products)) return [];
  const { courseId, patientId } = state;
  return [SessionProductsPlanned(occurredNow(now), { courseId, patientId, sessionId, products: [...products] })];
}

/**
 * The pre-treatment check found something: nobody treats before a physician has decided in writing.
 * @throws SessionNotBooked, HoldRefused for a question that the protocol does not ask
 */
export function holdSession(command: HoldSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, practitionerId, protocol, data } = command;
  const session = bookedSession(state, sessionId);
  const asked = protocol.preSession.checks.map(({ code }) => code);
  const unknown = data.positive.filter((code) => !asked.includes(code));
  if (unknown.length > 0) {
    throw new HoldRefused([
      {
        field: 'positive',
        message: 'The pre-treatment check of the protocol has no such question.',
        rule: 'session.check-known',
        facts: [],
        seen: unknown.join(', '),
        accepted: asked.join(', '),
      },
    ]);
  }
  // What was found before stays found: a new hold does not wash out an old one.
  const own =
    session.hold && !session.hold.isAskedAnew && !isErased(session.hold.positive) ? session.hold.positive : [];
  const elsewhere = standingHold(state);
  const before = [...own, ...(elsewhere ? goesOver(elsewhere, protocol) : [])];
  const positive = [...new Set([...before, ...data.positive])].sort();
  if (session.hold && !session.hold.decision && JSON.stringify(session.hold.positive) === JSON.stringify(positive)) {
    return [];
  }
  const { courseId, patientId } = state;
  const held = { courseId, patientId, sessionId, practitionerId, positive };
  return [SessionHeld(occurredNow(now), { ...held, ...(data.notes === undefined ? {} : { notes: data.notes }) })];
}

/**
 * A physician decides in writing on a session that was held. Pregnancy and an allergy to a planned substance have no
 * override (S0-C1, S0-C5): with them nobody may decide to go on.
 * @throws HoldRefused
 */
export function decideSessionHold(command: DecideSessionHold, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, physicianId, protocol, decision, reason } = command;
  const { hold: own, bookedFor } = bookedSession(state, sessionId);
  const stands = holdAgainst(state, own, protocol);
  const hold = stands ?? (own?.isAskedAnew ? undefined : own);
  if (!hold) {
    throw new HoldRefused([
      {
        field: 'session',
        message: 'The session is not held: there is nothing to decide.',
        rule: 'session.hold-decided',
        facts: [],
        seen: 'not held',
        accepted: 'a session that is held',
      },
    ]);
  }
  if (hold.decision === decision && hold.physicianId === physicianId) return [];
  const fields: CourseRefusal[] = [];
  const on = bookedFor && localDateAt(now, bookedFor.zone);
  if (!on || !isTreatingPhysician(command.physician, command.protocol, on)) {
    fields.push(physicianOnly('session.hold-decided', command.physician, on ?? localDateAt(now, 'UTC')));
  }
  const absolute = absoluteChecks(command.protocol, isErased(hold.positive) ? [] : hold.positive);
  if (decision === 'proceed' && absolute.length > 0) {
    fields.push({
      field: 'decision',
      message: 'What the check found has no override: the session cannot go on.',
      rule: 'session.check-absolute',
      facts: absolute.flatMap(({ facts }) => facts),
      seen: decision,
      accepted: 'do-not-treat',
    });
  }
  if (fields.length > 0) throw new HoldRefused(fields);
  const { courseId, patientId } = state;
  return [
    ...(hold === own ? [] : heldAsWell(state, hold, protocol, sessionId)),
    SessionHoldDecided(occurredNow(now), { courseId, patientId, sessionId, physicianId, decision, reason }),
  ];
}

const absoluteChecks = ({ preSession }: Protocol, positive: readonly string[]) =>
  preSession.checks.filter(({ code, overridable }) => !overridable && positive.includes(code));

const physicianOnly = (rule: CourseRule, physician: PractitionerState, on: LocalDate): CourseRefusal => ({
  field: 'physician',
  message: 'Only a physician who may carry out the procedure may decide this.',
  rule,
  facts: ['S2-Q1'],
  seen: seenAsPhysician(physician, on),
  accepted: `a physician with a credential for the procedure that is valid on ${on}`,
});

/**
 * Records a session. One that nobody had booked here, as a clinic has it on paper that catches up its record, is judged as
 * any other: by what held when it took place.
 * @throws SessionUnknown, SessionNotBooked, CourseNotActive, SessionRefused with all that stands against it
 */
export function performSession(command: PerformSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, siteId, practitionerId, at, endedAt, data, world } = command;
  const session = command.kind === undefined ? bookedSession(state, sessionId) : unbooked(command, command.kind, state);
  if (session.kind === 'course') active(state);
  else maintained(state);
  requirePast(command, state, now);
  const durationMinutes = durationOf({ at, endedAt, durationMinutes: data.durationMinutes });
  const facts = { ...data, steps: command.steps, durationMinutes, kind: session.kind, at, siteId };
  const findings = sessionFindings(state, world, facts);
  const reasons = new Map<AcceptedDeviation, string>(
    data.overrides.map(({ deviation, reason }) => [deviation, reason]),
  );
  const fields = [
    ...placeFields(state, { sessionId, kind: session.kind, at }),
    ...identityFields(data),
    ...checkFields(session, state, world.protocol, data, at),
    ...orderFields(world, at),
    ...beyondPlan(state, session.kind, performedSessions(state, 'course').length),
    ...refusedFields(findings, reasons, world, at),
  ];
  if (fields.length > 0) {
    const overridable = findings.flatMap(({ override, deviation }) => (override === 'none' ? [] : (deviation ?? [])));
    throw new SessionRefused(fields, { overridable: [...new Set(overridable)] });
  }
  const overridden = [...new Set(findings.flatMap(({ deviation }) => deviation ?? []))];
  return [
    SessionPerformed(occurredAt(at), {
      courseId: state.courseId,
      patientId: state.patientId,
      sessionId,
      kind: session.kind,
      number: session.number,
      siteId,
      practitionerId,
      at,
      areas: data.areas,
      device: data.device,
      products: data.products,
      reactions: data.reactions,
      identifiers: data.identifiers,
      check: data.check,
      overridden,
      overrideReasons: Object.fromEntries(overridden.map((deviation) => [deviation, reasons.get(deviation) ?? ''])),
      ...given({
        endedAt,
        durationMinutes,
        orderedBy: command.orderedById,
        depthMm: data.depthMm,
        painScore: data.painScore,
        steps: command.steps && [...command.steps],
        notes: data.notes,
        pictures: data.pictures,
      }),
    }),
  ];
}

/** A session that nobody had booked here. */
function unbooked(
  { sessionId, siteId, practitionerId }: PerformSession,
  kind: SessionKind,
  state: PlannedCourse,
): OpenSession {
  return {
    status: 'booked',
    sessionId,
    kind,
    number: nextNumber(state, kind),
    siteId,
    practitionerId,
    bookedFor: undefined,
    bookings: 0,
    plannedProducts: undefined,
    hold: undefined,
  };
}

/** The fields that have a value: an event leaves out what is unknown. */
export function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function requirePast({ at, endedAt, steps, data }: PerformSession, state: PlannedCourse, now: Instant): void {
  const refuse = (field: string, rule: CourseRule, message: string, accepted: string, seen = at.wall) => {
    throw new SessionRefused([{ field, message, rule, facts: [], seen, accepted }], { now });
  };
  if (at.instant > now) refuse('at', 'session.in-future', `${at.wall} is still to come.`, 'a time that has come');
  if (at.instant < state.plannedAt) {
    refuse('at', 'session.before-plan', `${at.wall} was before the course was planned.`, `${state.plannedAt} or later`);
  }
  const early = steps?.findIndex((step) => step.at !== undefined && step.at.instant > now) ?? -1;
  if (early >= 0) {
    const seen = steps?.[early]?.at?.wall;
    refuse(`steps.${early}.at`, 'session.in-future', `${seen} is still to come.`, 'a time that has come', seen);
  }
  const fields = timeFields({ at, endedAt, steps, durationMinutes: data.durationMinutes }, now);
  if (fields.length > 0) throw new SessionRefused(fields, { now });
}

/** Two identifiers of the patient are confirmed. */
function identityFields({ identifiers }: PerformData): CourseRefusal[] {
  const confirmed = new Set(identifiers);
  if (confirmed.size >= 2) return [];
  return [
    {
      field: 'identifiers',
      message: 'Confirm two identifiers of the patient before treating.',
      rule: 'session.two-identifiers',
      facts: [],
      seen: confirmed.size,
      accepted: 'two different ones',
    },
  ];
}

/**
 * The short check before the treatment (S0-P1, S4-C1, S0-C1): every question answered; a yes waits for a physician's
 * written decision to go on, which some do not allow at all.
 */
function checkFields(
  { hold }: OpenSession,
  state: PlannedCourse,
  protocol: Protocol,
  { check }: PerformData,
  at: ZonedTime,
): CourseRefusal[] {
  const { checks } = protocol.preSession;
  const missing = checks.filter(({ code }) => check[code] === undefined);
  const asked = new Set(checks.map(({ code }) => code));
  const unknown = Object.keys(check).filter((code) => !asked.has(code));
  const fields: CourseRefusal[] = missing.map(({ code, facts }) => ({
    field: `check.${code}`,
    message: `The question ${code} of the pre-treatment check was not answered.`,
    rule: 'session.check-complete',
    facts,
    seen: null,
    accepted: 'yes or no',
  }));
  if (unknown.length > 0) {
    fields.push({
      field: 'check',
      message: 'The pre-treatment check of the protocol has no such question.',
      rule: 'session.check-known',
      facts: [],
      seen: unknown.join(', '),
      accepted: [...asked].join(', '),
    });
  }
  fields.push(...heldSession(holdAgainst(state, hold, protocol, at)).map(fieldOf), ...notAsHeld(hold, check, at));
  const isDecided = hold !== undefined && !hold.isAskedAnew && isLifted(hold, at);
  const decided = isDecided && !isErased(hold.positive) ? hold.positive : [];
  for (const { code, overridable, facts } of checks) {
    if (check[code] !== 'yes' || (overridable && decided.includes(code))) continue;
    fields.push({
      field: `check.${code}`,
      message: overridable
        ? 'A positive answer holds the session: a physician decides on it in writing first.'
        : 'A positive answer to this question has no override.',
      rule: overridable ? 'session.held' : 'session.check-absolute',
      facts,
      seen: 'yes',
      accepted: overridable ? 'no, or a physician’s written decision to proceed' : 'no',
      ...(overridable ? { override: 'physician' as const } : {}),
    });
  }
  return fields;
}

/** What the check found on the day of the session is recorded with it, although a physician let it go on. */
function notAsHeld(hold: SessionHold | undefined, check: PerformData['check'], at: ZonedTime): CourseRefusal[] {
  if (hold?.decision !== 'proceed' || hold.isAskedAnew || isErased(hold.positive)) return [];
  if (localDateAt(hold.at, at.zone) !== dateOfWall(at.wall)) return [];
  return hold.positive
    .filter((code) => check[code] === 'no')
    .map((code) => ({
      field: `check.${code}`,
      message: 'The session was held on its day for this question: record the answer that was found.',
      rule: 'session.check-as-held',
      facts: ['S0-P1', 'S4-C1'],
      seen: 'no',
      accepted: 'yes',
    }));
}

/** A nurse treats on the order of a named physician, who may carry out the procedure on that day (S2-Q1). */
function orderFields({ practitioner, orderedBy, protocol }: SessionWorld, at: ZonedTime): CourseRefusal[] {
  const on = dateOfWall(at.wall);
  const orders = orderedBy !== undefined && !isTreatingPhysician(orderedBy, protocol, on);
  const needed = practitioner.status === 'registered' && practitioner.role === 'nurse' && orderedBy === undefined;
  if (!orders && !needed) return [];
  return [
    {
      field: 'orderedBy',
      message: 'A nurse treats on the order of a named physician who may carry out the procedure on that day.',
      rule: 'session.order',
      facts: ['S2-Q1'],
      seen: seenAsPhysician(orderedBy, on),
      accepted: `a physician with a credential for the procedure that is valid on ${on}`,
    },
  ];
}

/** As many sessions as are planned; more need another plan, with the physician's reason. */
function beyondPlan({ plannedSessions }: PlannedCourse, kind: SessionKind, already: number): CourseRefusal[] {
  if (kind !== 'course' || already < plannedSessions) return [];
  return [
    {
      field: 'session',
      message: `The plan has ${plannedSessions} sessions: change it first.`,
      rule: 'session.beyond-plan',
      facts: ['S2-F1', 'S0-N1'],
      seen: already + 1,
      accepted: `${plannedSessions} sessions, or a changed plan`,
    },
  ];
}

/**
 * What stands against the session and was not accepted, by somebody who may, with a reason. A physician's reason is one
 * of a physician who may carry out the procedure on that day.
 */
function refusedFields(
  findings: readonly Finding[],
  reasons: ReadonlyMap<AcceptedDeviation, string>,
  { practitioner, orderedBy, protocol }: SessionWorld,
  at: ZonedTime,
): CourseRefusal[] {
  const on = dateOfWall(at.wall);
  const withPhysician = isTreatingPhysician(practitioner, protocol, on) || isTreatingPhysician(orderedBy, protocol, on);
  return findings
    .filter(({ deviation, override }) => {
      const hasReason = deviation !== null && reasons.has(deviation);
      return !(hasReason && (override === 'anyone' || (override === 'physician' && withPhysician)));
    })
    .map(fieldOf);
}

const WAYS = {
  none: '',
  anyone: ' An override needs a reason.',
  physician: ' A physician may override it with a reason.',
};

/** A finding as the answer names it. */
export function fieldOf({ field, message, rule, facts, override, seen, accepted }: Finding): CourseRefusal {
  return {
    field,
    message: `${message}${WAYS[override]}`,
    rule,
    facts,
    seen,
    accepted,
    ...(override === 'none' ? {} : { override }),
  };
}

/**
 * A physician looks at a performed session in the light of what became known after it.
 * @throws SessionUnknown, ReviewRefused
 */
export function reviewSession(command: ReviewSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, physicianId, physician, protocol, outcome, note } = command;
  const session = state.sessions.find((each) => each.sessionId === sessionId);
  if (!session) throw new SessionUnknown(sessionId);
  const fields: CourseRefusal[] = [];
  if (session.status !== 'performed') {
    fields.push({
      field: 'session',
      message: `The session is ${session.status}: only a performed one is reviewed.`,
      rule: 'session.reviewed',
      facts: [],
      seen: session.status,
      accepted: 'performed',
    });
  }
  const zone = (session.status === 'performed' ? session.at : session.bookedFor)?.zone;
  const mayReview = zone !== undefined && isTreatingPhysician(physician, protocol, localDateAt(now, zone));
  if (!mayReview) fields.push(physicianOnly('session.reviewed', physician, localDateAt(now, zone ?? 'UTC')));
  if (fields.length > 0) throw new ReviewRefused(fields);
  const { courseId, patientId } = state;
  return [SessionReviewed(occurredNow(now), { courseId, patientId, sessionId, physicianId, outcome, note })];
}

export function active(state: PlannedCourse): void {
  if (state.status !== 'active') throw new CourseNotActive(state.status);
}

/** Maintenance takes place after a completed course, and not after one that was stopped, however it came to be booked. */
function maintained(state: PlannedCourse): void {
  openForBooking(state);
  if (state.status === 'completed') return;
  throw new SessionRefused(
    [
      {
        field: 'session',
        message: 'Maintenance comes after the course: it is not completed.',
        rule: 'maintenance.after-course',
        facts: ['S1-M2', 'S2-M1'],
        seen: state.status,
        accepted: 'a completed course',
      },
    ],
    {},
  );
}

/** Maintenance keeps the result after the course, for those who want it. */
function openForMaintenance(state: PlannedCourse): void {
  openForBooking(state);
  if (state.status === 'active') {
    throw new BookingRefused([
      {
        field: 'kind',
        message: 'Maintenance comes after the course: it is not completed yet.',
        rule: 'maintenance.after-course',
        facts: ['S1-M2', 'S2-M1'],
        seen: state.status,
        accepted: 'a completed course',
      },
    ]);
  }
  if (state.maintenanceDeclined) {
    throw new BookingRefused([
      {
        field: 'kind',
        message: 'The patient has declined maintenance.',
        rule: 'maintenance.declined',
        facts: [],
        seen: 'declined',
        accepted: 'a patient who wants maintenance again',
      },
    ]);
  }
}

/** Maintenance goes on after a course is completed, not after it was stopped or has lapsed. */
function openForBooking(state: PlannedCourse): void {
  if (state.status === 'stopped' || state.status === 'lapsed') throw new CourseNotActive(state.status);
}

export function bookedSession(state: PlannedCourse, sessionId: string): OpenSession {
  const session = state.sessions.find((each) => each.sessionId === sessionId);
  if (!session) throw new SessionUnknown(sessionId);
  if (session.status !== 'booked') throw new SessionNotBooked(session.status);
  return session;
}

function requireFuture(at: ZonedTime, now: Instant): void {
  if (at.instant > now) return;
  throw new BookingRefused([
    {
      field: 'at',
      message: `${at.wall} (${dateOfWall(at.wall)}) is past; book a time to come.`,
      rule: 'session.booked-ahead',
      facts: [],
      seen: at.wall,
      accepted: 'a time to come',
    },
  ]);
}
