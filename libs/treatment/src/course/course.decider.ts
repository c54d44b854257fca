import type { Occurred } from '#libs/kernel/src/occurred.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import { dateOfWall, type Instant, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { sessionCountDeviation } from '#libs/protocols/src/session-count.rule.js';
import type { z } from 'zod';
import { consentOn, type ConsultationState } from '../consultation/consultation.state.js';
import type { holdFollowUpSchema, performSessionSchema } from './course.commands.js';
import {
  BookingRefused,
  CompletionRefused,
  CourseExists,
  CourseNotActive,
  CourseUnknown,
  PlanRefused,
  SessionNotBooked,
  SessionRefused,
  SessionUnknown,
} from './course.errors.js';
import {
  CourseCompleted,
  type CourseEvent,
  CoursePlanned,
  CourseStopped,
  FollowUpHeld,
  MaintenanceDeclined,
  SessionBooked,
  SessionCancelled,
  type SessionKind,
  SessionMissed,
  SessionPerformed,
  SessionRescheduled,
} from './course.events.js';
import { consent, credential, type Finding, sessionFindings, type SessionWorld } from './session.rules.js';
import {
  bookedSessions,
  type CourseSession,
  type CourseState,
  type OpenSession,
  performedSessions,
  type PlannedCourse,
} from './course.state.js';

type PerformData = z.infer<typeof performSessionSchema>;
type FollowUpData = z.infer<typeof holdFollowUpSchema>;

/** A command on a course with its references resolved, and what it is judged by. */
export type CourseCommand =
  | {
      readonly type: 'PlanCourse';
      readonly courseId: string;
      readonly siteId: string;
      readonly siteZone: string;
      readonly practitionerId: string;
      readonly protocol: Protocol;
      readonly consultation: ConsultationState;
      readonly plannedSessions: number;
      readonly countReason: string | undefined;
    }
  | {
      readonly type: 'BookSession';
      readonly sessionId: string;
      readonly kind: SessionKind;
      readonly siteId: string;
      readonly practitionerId: string;
      readonly at: ZonedTime;
      readonly world: Pick<SessionWorld, 'consultation' | 'practitioner'>;
    }
  | {
      readonly type: 'RescheduleSession';
      readonly sessionId: string;
      readonly siteId: string;
      readonly practitionerId: string;
      readonly at: ZonedTime;
    }
  | { readonly type: 'MissSession'; readonly sessionId: string }
  | { readonly type: 'CancelSession'; readonly sessionId: string; readonly reason: string }
  | {
      readonly type: 'PerformSession';
      readonly sessionId: string;
      readonly siteId: string;
      readonly practitionerId: string;
      readonly at: ZonedTime;
      readonly data: PerformData;
      readonly world: SessionWorld;
    }
  | {
      readonly type: 'HoldFollowUp';
      readonly followUpId: string;
      readonly siteId: string;
      readonly at: ZonedTime;
      readonly data: FollowUpData;
    }
  | { readonly type: 'CompleteCourse' }
  | { readonly type: 'StopCourse'; readonly reason: string }
  | { readonly type: 'DeclineMaintenance' };

/**
 * Decides what a command makes happen.
 * @param now the chain's present time
 * @throws the errors of course.errors.ts; then nothing has happened
 */
export function decideCourse(command: CourseCommand, state: CourseState, now: Instant): CourseEvent[] {
  if (command.type === 'PlanCourse') return plan(command, state, now);
  if (state.status === 'none') throw new CourseUnknown('with this id');
  const ofCourse = { courseId: state.courseId, patientId: state.patientId };
  const at: Occurred = occurredNow(now);
  switch (command.type) {
    case 'BookSession':
      return book(command, state, now);
    case 'RescheduleSession': {
      const { sessionId, siteId, practitionerId } = command;
      openForBooking(state);
      booked(state, sessionId);
      requireFuture(command.at, now);
      return [SessionRescheduled(at, { ...ofCourse, sessionId, siteId, practitionerId, at: command.at })];
    }
    case 'MissSession': {
      const session = booked(state, command.sessionId);
      if (session.bookedFor && session.bookedFor.instant > now) {
        throw new BookingRefused({
          field: 'at',
          message: 'It is still to come; cancel it instead.',
          rule: 'session.missed',
        });
      }
      return [SessionMissed(at, { ...ofCourse, sessionId: command.sessionId })];
    }
    case 'CancelSession':
      booked(state, command.sessionId);
      return [SessionCancelled(at, { ...ofCourse, sessionId: command.sessionId, reason: command.reason })];
    case 'PerformSession':
      return perform(command, state, now);
    case 'HoldFollowUp':
      return followUp(command, state, now);
    case 'CompleteCourse':
      complete(state);
      return [CourseCompleted(at, ofCourse)];
    case 'StopCourse':
      active(state);
      return [CourseStopped(at, { ...ofCourse, reason: command.reason })];
    case 'DeclineMaintenance':
      return state.maintenanceDeclined ? [] : [MaintenanceDeclined(at, ofCourse)];
    default:
      return assertNever(command, 'course command');
  }
}

/** No course without a cleared consultation and a valid consent; the session count inside the range or with a reason. */
function plan(
  command: Extract<CourseCommand, { type: 'PlanCourse' }>,
  state: CourseState,
  now: Instant,
): CourseEvent[] {
  if (state.status !== 'none') throw new CourseExists();
  const { consultation, protocol } = command;
  const today = localDateAt(now, command.siteZone);
  const fields: ErrorField[] = [];
  if (consultation.status === 'none') {
    throw new PlanRefused([{ field: 'consultation', message: 'There is no such consultation.' }]);
  }
  if (consultation.conclusion?.outcome !== 'cleared') {
    const outcome = consultation.conclusion?.outcome ?? 'not concluded';
    fields.push({
      field: 'consultation',
      message: `The consultation is ${outcome}, not cleared.`,
      rule: 'consultation.cleared',
      facts: ['S2-V1', 'S3-V1'],
    });
  }
  if (consultation.procedure !== protocol.code) {
    fields.push({
      field: 'protocol',
      message: `The consultation was about ${consultation.procedure}.`,
      rule: 'consultation.procedure',
    });
  }
  if (!consentOn(consultation.consents, protocol.code, today)) {
    fields.push({
      field: 'consultation',
      message: `No consent for ${protocol.code} is in force on ${today}.`,
      rule: 'consent',
    });
  }
  if (sessionCountDeviation(protocol, command.plannedSessions) && command.countReason === undefined) {
    const { min, max, facts } = protocol.sessions;
    const range = max === null ? `${min} or more` : `${min} to ${max}`;
    fields.push({
      field: 'plannedSessions',
      message: `The protocol asks for ${range} sessions; another number needs the physician's reason in countReason.`,
      rule: 'session-count',
      facts,
    });
  }
  if (fields.length > 0) throw new PlanRefused(fields);
  return [
    CoursePlanned(occurredNow(now), {
      courseId: command.courseId,
      patientId: consultation.patientId,
      siteId: command.siteId,
      practitionerId: command.practitionerId,
      consultationId: consultation.consultationId,
      protocol: { code: protocol.code, version: protocol.version },
      plannedSessions: command.plannedSessions,
      ...(command.countReason === undefined ? {} : { countReason: command.countReason }),
    }),
  ];
}

function book(
  command: Extract<CourseCommand, { type: 'BookSession' }>,
  state: PlannedCourse,
  now: Instant,
): CourseEvent[] {
  const { sessionId, kind, siteId, practitionerId, at } = command;
  if (kind === 'course') active(state);
  else openForMaintenance(state);
  requireFuture(at, now);
  for (const { field, message, deviation, facts } of [
    ...credential(state, command.world, { at }),
    ...consent(state, command.world, { at }),
  ]) {
    throw new BookingRefused({ field, message, rule: deviation, facts });
  }
  const sameKind = state.sessions.filter((session) => session.kind === kind);
  const number = Math.max(0, ...sameKind.map((session) => session.number)) + 1;
  const { courseId, patientId } = state;
  return [
    SessionBooked(occurredNow(now), { courseId, patientId, sessionId, kind, number, siteId, practitionerId, at }),
  ];
}

function perform(
  command: Extract<CourseCommand, { type: 'PerformSession' }>,
  state: PlannedCourse,
  now: Instant,
): CourseEvent[] {
  const { sessionId, siteId, practitionerId, at, data, world } = command;
  const session = booked(state, sessionId);
  if (session.kind === 'course') active(state);
  if (at.instant > now) {
    throw new SessionRefused([{ field: 'at', message: `${at.wall} is still to come.`, rule: 'session.in-future' }], {
      now,
    });
  }
  if (at.instant < state.plannedAt) {
    const message = `${at.wall} was before the course was planned.`;
    throw new SessionRefused([{ field: 'at', message, rule: 'session.before-plan' }], { plannedAt: state.plannedAt });
  }
  const findings = sessionFindings(state, world, { ...data, kind: session.kind, at, siteId });
  const reasons = new Map(data.overrides.map(({ deviation, reason }) => [deviation, reason]));
  refuseUnlessOverridden(findings, reasons, world);
  const overridden = [...new Set(findings.map(({ deviation }) => deviation))];
  const { overrides: _overrides, at: _at, site: _site, practitioner: _practitioner, notes, pictures, ...record } = data;
  return [
    SessionPerformed(occurredAt(at), {
      ...record,
      courseId: state.courseId,
      patientId: state.patientId,
      sessionId,
      kind: session.kind,
      number: session.number,
      siteId,
      practitionerId,
      at,
      overridden,
      overrideReasons: Object.fromEntries(overridden.map((deviation) => [deviation, reasons.get(deviation) ?? ''])),
      ...(notes === undefined ? {} : { notes }),
      ...(pictures === undefined ? {} : { pictures }),
    }),
  ];
}

/** Names everything that stands against the session; what may be overridden says so, and by whom. */
function refuseUnlessOverridden(
  findings: readonly Finding[],
  reasons: ReadonlyMap<string, string>,
  world: SessionWorld,
): void {
  const isPhysician = world.practitioner.status === 'registered' && world.practitioner.role === 'physician';
  const fields = findings
    .filter(
      ({ deviation, overridable, byPhysician }) =>
        !(overridable && reasons.has(deviation) && (isPhysician || !byPhysician)),
    )
    .map(({ deviation, field, message, facts, overridable, byPhysician }) => {
      const way = byPhysician ? 'A physician may override it with a reason.' : 'An override needs a reason.';
      return { field, message: overridable ? `${message} ${way}` : message, rule: deviation, facts };
    });
  if (fields.length > 0)
    throw new SessionRefused(fields, { overridable: findings.filter((f) => f.overridable).map((f) => f.deviation) });
}

function followUp(
  command: Extract<CourseCommand, { type: 'HoldFollowUp' }>,
  state: PlannedCourse,
  now: Instant,
): CourseEvent[] {
  const { followUpId, siteId, at, data } = command;
  if (at.instant > now)
    throw new SessionRefused([{ field: 'at', message: `${at.wall} is still to come.`, rule: 'follow-up.in-future' }], {
      now,
    });
  return [
    FollowUpHeld(occurredAt(at), {
      courseId: state.courseId,
      patientId: state.patientId,
      followUpId,
      siteId,
      kind: data.kind,
      at,
      reactions: data.reactions,
      ...(data.adverseEvent === undefined ? {} : { adverseEvent: data.adverseEvent }),
      ...(data.outcomeScore === undefined ? {} : { outcomeScore: data.outcomeScore }),
      ...(data.notes === undefined ? {} : { notes: data.notes }),
    }),
  ];
}

function active(state: PlannedCourse): void {
  if (state.status !== 'active') throw new CourseNotActive(state.status);
}

/** Completed means that all sessions took place; anything else is a stop with its reason. */
function complete(state: PlannedCourse): void {
  active(state);
  const performed = performedSessions(state, 'course').length;
  const booked = bookedSessions(state).filter(({ kind }) => kind === 'course').length;
  if (performed >= state.plannedSessions && booked === 0) return;
  throw new CompletionRefused(performed, state.plannedSessions, booked);
}

/** Maintenance keeps the result after the course, for those who want it. */
function openForMaintenance(state: PlannedCourse): void {
  openForBooking(state);
  if (state.status === 'active')
    throw new BookingRefused({
      field: 'kind',
      message: 'Maintenance comes after the course: it is not completed yet.',
      rule: 'maintenance.after-course',
      facts: ['S1-M2', 'S2-M1'],
    });
  if (state.maintenanceDeclined)
    throw new BookingRefused({
      field: 'kind',
      message: 'The patient has declined maintenance.',
      rule: 'maintenance.declined',
    });
}

/** Maintenance goes on after a course is completed, not after it was stopped. */
function openForBooking(state: PlannedCourse): void {
  if (state.status === 'stopped') throw new CourseNotActive(state.status);
}

function booked(state: PlannedCourse, sessionId: string): OpenSession {
  const session: CourseSession | undefined = state.sessions.find((each) => each.sessionId === sessionId);
  if (!session) throw new SessionUnknown(sessionId);
  if (session.status !== 'booked') throw new SessionNotBooked(session.status);
  return session;
}

function requireFuture(at: ZonedTime, now: Instant): void {
  if (at.instant <= now) {
    throw new BookingRefused({
      field: 'at',
      message: `${at.wall} (${dateOfWall(at.wall)}) is past; book a time to come.`,
      rule: 'session.booked-ahead',
    });
  }
}
