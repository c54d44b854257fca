import { dateOfWall, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  type MaintenanceState,
  type MaintenanceWindow,
  maintenanceState,
  maintenanceWindow,
  rhythmHasEnded,
} from '#libs/protocols/src/maintenance.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { type PerformedSession, performedSessions, type PlannedCourse } from './course.state.js';

/** The next window of a course, counted from 1 for the one after the course itself. */
export interface CourseWindow extends MaintenanceWindow {
  readonly ordinal: number;
}

/** The calendar date of a session in the zone of the site where it took place. */
export const dateOfSession = (session: PerformedSession): LocalDate => dateOfWall(session.at.wall);

/**
 * The next maintenance window of a course (S1-M2). Null unless the course is completed, had a performed course session,
 * follows a rhythm, and the patient has not declined. Whether a later course has ended the rhythm is another question:
 * it depends on the date (`windowOn`).
 */
export function courseWindow(
  course: PlannedCourse,
  protocol: Pick<Protocol, 'maintenance' | 'intervalDays'>,
): CourseWindow | null {
  const sessions = performedSessions(course, 'course');
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (course.status !== 'completed' || course.maintenanceDeclined || !first || !last) return null;
  const maintenance = performedSessions(course, 'maintenance');
  const window = maintenanceWindow({
    protocol,
    firstCourseSession: dateOfSession(first),
    lastCourseSession: dateOfSession(last),
    maintenanceSessions: maintenance.map(dateOfSession),
  });
  return window && { ...window, ordinal: maintenance.length + 1 };
}

/**
 * A window as it stands on a date. Null where there is none, or where a later course of the patient under the same
 * protocol has ended the rhythm by then.
 * @param rhythmEndsOn date of that course's first performed session
 */
export function windowOn(
  window: MaintenanceWindow | null,
  rhythmEndsOn: LocalDate | null,
  today: LocalDate,
): { opens: LocalDate; closes: LocalDate; state: MaintenanceState } | null {
  if (!window || rhythmHasEnded(rhythmEndsOn, today)) return null;
  return { opens: window.opens, closes: window.closes, state: maintenanceState(window, today) };
}
