import { laterDate } from '#libs/kernel/src/local-date.js';
import type { Occurred } from '#libs/kernel/src/occurred.js';
import { dateOfWall, type Instant, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  type MaintenanceState,
  type MaintenanceWindow,
  maintenanceState,
  maintenanceWindow,
  physicianLatest,
  repeatCourseWindow,
  rhythmHasEnded,
  type SuggestionState,
  suggestionState,
} from '#libs/protocols/src/maintenance.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { type PerformedSession, performedSessions, type PlannedCourse } from './course.state.js';

/** The next window of a course, counted from 1 for the one after the course itself. */
export interface CourseWindow extends MaintenanceWindow {
  readonly ordinal: number;
}

type MaintenanceRules = Pick<Protocol, 'maintenance' | 'intervalDays'>;

/** The calendar date of a session in the zone of the site where it took place. */
export const dateOfSession = (session: PerformedSession): LocalDate => dateOfWall(session.at.wall);

/** The performed sessions that maintenance is counted from. */
interface MaintainedCourse {
  readonly first: LocalDate;
  readonly last: LocalDate;
  /** Of maintenance, in their order. */
  readonly maintenance: readonly LocalDate[];
}

/** Undefined unless the course is completed, had a performed course session, and the patient has not declined. */
function maintained(course: PlannedCourse): MaintainedCourse | undefined {
  if (course.status !== 'completed' || course.maintenanceDeclined) return undefined;
  const sessions = performedSessions(course, 'course').map(dateOfSession);
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (!first || !last) return undefined;
  return { first, last, maintenance: performedSessions(course, 'maintenance').map(dateOfSession) };
}

/**
 * The next maintenance window of a course: by the rhythm of the protocol (S1-M2), else as the physician has set it. Null
 * unless the course is completed, had a performed course session, and the patient has not declined. Whether a later
 * course, a death or a move has ended it is another question: it depends on the date (`windowOn`).
 */
export function courseWindow(course: PlannedCourse, protocol: MaintenanceRules): CourseWindow | null {
  const sessions = maintained(course);
  if (!sessions) return null;
  const { first, last, maintenance } = sessions;
  const window =
    protocol.maintenance.kind === 'physician'
      ? course.scheduled
      : maintenanceWindow({
          protocol,
          firstCourseSession: first,
          lastCourseSession: last,
          maintenanceSessions: maintenance,
        });
  return window ? { opens: window.opens, closes: window.closes, ordinal: maintenance.length + 1 } : null;
}

/**
 * The window that a physician is still to set, and its last day (S4-E1), counted from the last session of the course or of
 * maintenance. Null where one is set, where the protocol names no limit, and where there is no maintenance.
 */
export function windowToBeSet(
  course: PlannedCourse,
  protocol: Pick<Protocol, 'maintenance'>,
): { readonly ordinal: number; readonly latest: LocalDate } | null {
  const sessions = maintained(course);
  if (!sessions || course.scheduled) return null;
  const latest = physicianLatest(protocol, lastSessionOf(sessions));
  return latest === null ? null : { ordinal: sessions.maintenance.length + 1, latest };
}

/** When a whole new course is suggested, counted from the last course session (S1-M1); null where it is not. */
export function suggestedCourse(
  course: PlannedCourse,
  protocol: Pick<Protocol, 'maintenance'>,
): MaintenanceWindow | null {
  const sessions = maintained(course);
  return sessions ? repeatCourseWindow(protocol, sessions.last) : null;
}

const lastSessionOf = ({ last, maintenance }: MaintainedCourse): LocalDate => maintenance.reduce(laterDate, last);

/** Local date of the last performed session, of the course or of maintenance; undefined before the first. */
export const lastSessionDate = (course: PlannedCourse): LocalDate | undefined =>
  (['course', 'maintenance'] as const)
    .flatMap((kind) => performedSessions(course, kind).map(dateOfSession))
    .reduce<LocalDate | undefined>((last, date) => (last === undefined ? date : laterDate(last, date)), undefined);

/**
 * When the next course of a patient under the protocol began: local date of its first performed session, which ends the
 * maintenance of this one. Null where there is no such course.
 * @param others courses of the patient; this one and those under other protocols do not count
 */
export function laterCourseBegan(course: PlannedCourse, others: readonly PlannedCourse[]): LocalDate | null {
  const began = firstSession(course)?.at.instant;
  if (began === undefined) return null;
  const later = others
    .filter(({ courseId, protocol }) => courseId !== course.courseId && protocol.code === course.protocol.code)
    .flatMap((other) => firstSession(other) ?? [])
    .filter(({ at }) => at.instant > began)
    .sort((a, b) => (a.at.instant < b.at.instant ? -1 : 1));
  return later[0] ? dateOfSession(later[0]) : null;
}

/** What is looked at of an event of a course's stream. */
interface Told {
  readonly type: string;
  readonly occurredAt: Occurred;
}

/**
 * When the patient declined the maintenance of a course; null where no decline stands.
 * @param events of the course, corrections applied
 */
export const standingDecline = (events: readonly Told[]): Instant | null =>
  events.reduce<Instant | null>((declined, { type, occurredAt }) => {
    if (type === 'MaintenanceResumed') return null;
    return type === 'MaintenanceDeclined' ? occurredAt.instant : declined;
  }, null);

/**
 * Whether a decline of the maintenance of another course of the person, under the same protocol, ends that of this one:
 * it does where this one had begun when the patient declined. Whoever begins a course anew wants what follows it.
 */
export function endedByDecline(
  course: PlannedCourse,
  other: Pick<PlannedCourse, 'courseId' | 'protocol'>,
  declinedAt: Instant | null,
): boolean {
  if (other.courseId === course.courseId || other.protocol.code !== course.protocol.code) return false;
  const began = firstSession(course)?.at.instant;
  return declinedAt !== null && began !== undefined && began <= declinedAt;
}

const firstSession = (course: PlannedCourse): PerformedSession | undefined => performedSessions(course, 'course')[0];

/**
 * A window as it stands on a date. Null where there is none, or where it has ended by then: by a later course of the
 * patient under the same protocol, by death or by moving away.
 * @param endsOn the first day on which it is no more; null: nothing has ended it
 */
export function windowOn(
  window: MaintenanceWindow | null,
  endsOn: LocalDate | null,
  today: LocalDate,
): { opens: LocalDate; closes: LocalDate; state: MaintenanceState } | null {
  if (!window || rhythmHasEnded(endsOn, today)) return null;
  return { opens: window.opens, closes: window.closes, state: maintenanceState(window, today) };
}

/** The suggestion of a new course as it stands on a date; it ends when maintenance does. */
export function suggestionOn(
  window: MaintenanceWindow | null,
  endsOn: LocalDate | null,
  today: LocalDate,
): { opens: LocalDate; closes: LocalDate; state: SuggestionState } | null {
  if (!window || rhythmHasEnded(endsOn, today)) return null;
  return { opens: window.opens, closes: window.closes, state: suggestionState(window, today) };
}
