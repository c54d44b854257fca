import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { courseWindow, type PlannedCourse } from '#libs/treatment/src/streams.contract.js';

export interface Proposal {
  readonly ordinal: number;
  readonly opens: LocalDate;
  readonly closes: LocalDate;
}

/**
 * The maintenance window that a course has now, by the rhythm (S1-M2) or as the physician set it (S4-E1), under the
 * ordinal of the proposal that already names it, else under the next one: it moves after each maintenance session, when
 * its anchor is corrected and when the physician sets another. Null where there is no maintenance: no window set, not
 * completed, no performed course session, declined, or a later course of the patient under the same protocol has begun
 * (`rhythmEnded`).
 */
export function currentWindow(course: PlannedCourse, protocol: Protocol, rhythmEnded: boolean): Proposal | null {
  const window = rhythmEnded ? null : courseWindow(course, protocol);
  if (!window) return null;
  const { opens, closes } = window;
  const { proposal } = course;
  if (proposal?.opens === opens && proposal.closes === closes) return proposal;
  return { ordinal: (proposal?.ordinal ?? 0) + 1, opens, closes };
}

/** The window to propose now; null where the present proposal still holds, or there is nothing to propose. */
export function nextProposal(course: PlannedCourse, protocol: Protocol, rhythmEnded: boolean): Proposal | null {
  const window = currentWindow(course, protocol, rhythmEnded);
  return window && window.ordinal !== course.proposal?.ordinal ? window : null;
}
