import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { addDays, daysBetween } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type Instant, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import { isTreatingPhysician, type PractitionerState, seenAsPhysician } from '../practitioner/practitioner.state.js';
import { bookedSession } from './booked-session.js';
import type { performSessionSchema } from './course.commands.js';
import {
  BookingRefused,
  CourseNotActive,
  type CourseRefusal,
  ReviewRefused,
  SessionRefused,
  SessionUnknown,
} from './course.errors.js';
import {
  type AcceptedDeviation,
  type CourseEvent,
  type PlannedProduct,
  SessionBooked,
  type SessionKind,
  SessionPerformed,
  SessionProductsPlanned,
  SessionRescheduled,
  SessionReviewed,
} from './course.events.js';
import { bookedSessions, type OpenSession, performedSessions, type PlannedCourse } from './course.state.js';
import { type MaintenanceEnd, maintenanceEnded } from './maintenance-end.rules.js';
import type { CourseRule } from './course.rule-book.js';
import { checkFields, identifierFields } from './session-check.rules.js';
import type { Finding, SessionWorld } from './session-finding.js';
import { heldOver } from './session-hold.decider.js';
import { consent, credential, screening } from './session-permission.rules.js';
import { personGone } from './session-person.rules.js';
import { placeFields } from './session-place.rules.js';
import { fieldOf, physicianOnly } from './session-refusals.js';
import { durationOf, timeFields } from './session-times.rules.js';
import { sessionFindings } from './session.rules.js';

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
  more: readonly CourseRefusal[] = [],
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
  if (session.kind === 'maintenance')
    fields.push(...maintenanceEnded(state, world.maintenance, dateOfWall(session.at.wall)));
  fields.push(...more);
  if (fields.length > 0) throw new BookingRefused(fields);
}

/** @throws CourseNotActive, BookingRefused */
export function bookSession(command: BookSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, kind, siteId, practitionerId, at, products, world } = command;
  if (kind === 'course') active(state);
  else requireCompleted(state, 'kind', (fields) => new BookingRefused(fields));
  requireFuture(at, now);
  const taken = [
    ...performedSessions(state, 'course'),
    ...bookedSessions(state).filter((each) => each.kind === 'course'),
  ];
  requireBookable(state, world, { at, kind }, beyondPlan(state, kind, taken.length));
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
 * Records a session. One that nobody had booked here, as a clinic has it on paper that catches up its record, is judged as
 * any other: by what held when it took place.
 * @throws SessionUnknown, SessionNotBooked, CourseNotActive, SessionRefused with all that stands against it
 */
export function performSession(command: PerformSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, siteId, practitionerId, at, endedAt, data, world } = command;
  const session = command.kind === undefined ? bookedSession(state, sessionId) : unbooked(command, command.kind, state);
  if (session.kind === 'course') activeThen(state, at, world.protocol);
  else requireCompleted(state, 'session', (fields) => new SessionRefused(fields, {}));
  requirePast(command, state, now);
  const durationMinutes = durationOf({ at, endedAt, durationMinutes: data.durationMinutes });
  const facts = { ...data, steps: command.steps, durationMinutes, kind: session.kind, at, siteId };
  const findings = sessionFindings(state, world, facts);
  const reasons = new Map<AcceptedDeviation, string>(
    data.overrides.map(({ deviation, reason }) => [deviation, reason]),
  );
  const fields = [
    ...placeFields(state, { sessionId, kind: session.kind, at }),
    ...identifierFields(data),
    ...checkFields(session, state, world, data, at),
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

/**
 * What took place before a course was stopped is entered after it all the same. One that lapsed had no session for as long
 * as its protocol says: what would have kept it from lapsing is entered once the lapse is taken back.
 */
function activeThen(state: PlannedCourse, at: ZonedTime, { lapse }: Protocol): void {
  const { status, endedAt } = state;
  if (status === 'stopped' && endedAt !== undefined) {
    if (at.instant <= endedAt) return;
    throw new CourseNotActive(status, `a session that began before it was stopped (${endedAt})`);
  }
  if (status === 'lapsed' && endedAt !== undefined) {
    const lapsedOn = localDateAt(endedAt, at.zone);
    if (daysBetween(dateOfWall(at.wall), lapsedOn) > lapse.afterDays) return;
    const before = addDays(lapsedOn, -lapse.afterDays);
    throw new CourseNotActive(status, `a session before ${before}; any other once the lapse is taken back`);
  }
  active(state);
}

/** Maintenance keeps the result after the course, for those who want it: after one that is completed. */
function requireCompleted(
  state: PlannedCourse,
  field: 'kind' | 'session',
  refused: (fields: readonly CourseRefusal[]) => Error,
): void {
  openForBooking(state);
  if (state.status === 'completed') return;
  throw refused([
    {
      field,
      message: 'Maintenance comes after the course: it is not completed.',
      rule: 'maintenance.after-course',
      facts: ['S1-M2', 'S2-M1'],
      seen: state.status,
      accepted: 'a completed course',
    },
  ]);
}

/** Maintenance goes on after a course is completed, not after it was stopped or has lapsed. */
function openForBooking(state: PlannedCourse): void {
  if (state.status === 'stopped' || state.status === 'lapsed') throw new CourseNotActive(state.status);
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
