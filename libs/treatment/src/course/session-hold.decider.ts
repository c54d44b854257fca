import { isErased } from '#libs/event-store/src/personal-data.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import { isTreatingPhysician, type PractitionerState } from '../practitioner/practitioner.state.js';
import { bookedSession } from './booked-session.js';
import type { holdSessionSchema } from './course.commands.js';
import { type CourseRefusal, HoldRefused } from './course.errors.js';
import { type CourseEvent, SessionHeld, SessionHoldDecided } from './course.events.js';
import { type PlannedCourse, type SessionHold, standingHold } from './course.state.js';
import type { SessionWorld } from './session-finding.js';
import { physicianOnly } from './session-refusals.js';
import { goesOver, holdAgainst, holdOfPerson } from './standing-hold.rules.js';

export interface HoldSession {
  readonly type: 'HoldSession';
  readonly sessionId: string;
  readonly practitionerId: string;
  readonly protocol: Protocol;
  /** Of the person, at whatever site: what was found there stands here as well. */
  readonly otherCourses: SessionWorld['otherCourses'];
  readonly data: z.infer<typeof holdSessionSchema>;
}

export interface DecideSessionHold {
  readonly type: 'DecideSessionHold';
  readonly sessionId: string;
  readonly physicianId: string;
  readonly physician: PractitionerState;
  readonly protocol: Protocol;
  /** Of the person, at whatever site: what was found there is decided on here as well. */
  readonly otherCourses: SessionWorld['otherCourses'];
  readonly decision: 'proceed' | 'do-not-treat';
  readonly reason: string;
}

/**
 * A hold that no physician has lifted goes over to the session that is booked next: cancelling the one that is held and
 * booking another does not answer what the check found. What has no override stands in the patient's record, where it is
 * resolved.
 */
export function heldOver(state: PlannedCourse, protocol: Protocol, sessionId: string): CourseEvent[] {
  const hold = standingHold(state);
  return hold ? heldAsWell(state, hold, protocol, sessionId) : [];
}

/**
 * It was found when it was found, whichever session waits for it.
 * @param own of the session itself, which stays found
 */
function heldAsWell(
  state: PlannedCourse,
  hold: SessionHold,
  protocol: Protocol,
  sessionId: string,
  own?: SessionHold,
): CourseEvent[] {
  const found = isErased(hold.positive) ? [] : goesOver(hold, protocol);
  if (found.length === 0) return [];
  const before = foundOf(own);
  const positive = [...new Set([...before, ...found])].sort();
  const { at: foundAt, practitionerId } = own && before.length > 0 && own.at > hold.at ? own : hold;
  const { courseId, patientId, plannedAt } = state;
  // What another course found before this one was planned is known in it from its plan on.
  const at = foundAt < plannedAt ? plannedAt : foundAt;
  return [SessionHeld(occurredNow(at), { courseId, patientId, sessionId, practitionerId, positive })];
}

/** The questions for which a session was held, unless the day that it was moved to asks anew. */
const foundOf = (hold: SessionHold | undefined): readonly string[] =>
  hold && !hold.isAskedAnew && !isErased(hold.positive) ? hold.positive : [];

/**
 * The pre-treatment check found something: nobody treats before a physician has decided in writing.
 * @throws SessionNotBooked, HoldRefused for a question that the protocol does not ask
 */
export function holdSession(command: HoldSession, state: PlannedCourse, now: Instant): CourseEvent[] {
  const { sessionId, practitionerId, protocol, otherCourses, data } = command;
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
  const elsewhere = holdOfPerson(state, { protocol, otherCourses });
  const before = [...foundOf(session.hold), ...(elsewhere ? goesOver(elsewhere, protocol) : [])];
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
  const { sessionId, physicianId, protocol, otherCourses, decision, reason } = command;
  const { hold: own, bookedFor } = bookedSession(state, sessionId);
  const stands = holdAgainst(state, own, { protocol, otherCourses });
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
    ...(hold === own ? [] : heldAsWell(state, hold, protocol, sessionId, own)),
    SessionHoldDecided(occurredNow(now), { courseId, patientId, sessionId, physicianId, decision, reason }),
  ];
}

const absoluteChecks = ({ preSession }: Protocol, positive: readonly string[]) =>
  preSession.checks.filter(({ code, overridable }) => !overridable && positive.includes(code));
