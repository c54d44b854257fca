import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { maintenanceWindow } from '#libs/protocols/src/maintenance.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { performedSessions, type PlannedCourse } from '#libs/treatment/src/streams.contract.js';
import { dateOf } from './course-timeline.js';

export interface Proposal {
  readonly ordinal: number;
  readonly opens: LocalDate;
  readonly closes: LocalDate;
}

/**
 * The maintenance window that a course has now (S1-M2), under the ordinal of the proposal that already names it, else
 * under the next one: it moves after each maintenance session and when its anchor is corrected. Null where there is no
 * maintenance: no rhythm, not completed, no performed course session, declined, or a later course of the patient under
 * the same protocol has begun (`rhythmEnded`).
 */
export function currentWindow(course: PlannedCourse, protocol: Protocol, rhythmEnded: boolean): Proposal | null {
  if (course.status !== 'completed' || course.maintenanceDeclined || rhythmEnded) return null;
  const sessions = performedSessions(course, 'course');
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (!first || !last) return null;
  const window = maintenanceWindow({
    protocol,
    firstCourseSession: dateOf(first),
    lastCourseSession: dateOf(last),
    maintenanceSessions: performedSessions(course, 'maintenance').map(dateOf),
  });
  if (!window) return null;
  const { proposal } = course;
  if (proposal?.opens === window.opens && proposal.closes === window.closes) return proposal;
  return { ordinal: (proposal?.ordinal ?? 0) + 1, ...window };
}

/** The window to propose now; null where the present proposal still holds, or there is nothing to propose. */
export function nextProposal(course: PlannedCourse, protocol: Protocol, rhythmEnded: boolean): Proposal | null {
  const window = currentWindow(course, protocol, rhythmEnded);
  return window && window.ordinal !== course.proposal?.ordinal ? window : null;
}
