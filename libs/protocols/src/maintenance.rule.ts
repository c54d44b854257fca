import { addDateDuration, laterDate } from '#libs/kernel/src/local-date.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { nextEarliest } from './interval.rule.js';
import type { Protocol } from './protocol.schema.js';

/** Both days belong to the window. */
export interface MaintenanceWindow {
  readonly opens: LocalDate;
  readonly closes: LocalDate;
}

export type MaintenanceState = 'upcoming' | 'due' | 'overdue';

/** How the suggestion of a whole new course stands on a day: still to come, open, or over. */
export type SuggestionState = 'upcoming' | 'open' | 'over';

/** A completed course, by the local dates of its performed sessions. */
export interface CompletedCourse {
  readonly protocol: Pick<Protocol, 'maintenance' | 'intervalDays'>;
  readonly firstCourseSession: LocalDate;
  readonly lastCourseSession: LocalDate;
  /** In any order; the latest one counts. */
  readonly maintenanceSessions: readonly LocalDate[];
}

/**
 * The next maintenance window of a completed course (S1-M2); null where the physician sets the date.
 *
 * The first window opens so long after the anchor, but not before the shortest interval after the last course session,
 * and closes so long after the anchor; after each maintenance session the next one is counted from its date. A course so
 * drawn out that its first window closes before it opens is overdue from the opening day on.
 */
export function maintenanceWindow(course: CompletedCourse): MaintenanceWindow | null {
  const rule = course.protocol.maintenance;
  if (rule.kind !== 'rhythm') return null;
  const latest = course.maintenanceSessions.reduce<LocalDate | null>(
    (a, b) => (a === null ? b : laterDate(a, b)),
    null,
  );
  if (latest !== null) {
    return { opens: addDateDuration(latest, rule.thenOpens), closes: addDateDuration(latest, rule.thenCloses) };
  }
  const anchor = rule.anchor === 'first-session' ? course.firstCourseSession : course.lastCourseSession;
  const opens = laterDate(
    addDateDuration(anchor, rule.firstOpens),
    nextEarliest(course.protocol, course.lastCourseSession),
  );
  return { opens, closes: addDateDuration(anchor, rule.firstCloses) };
}

/** Upcoming before the window opens, due from the opening to the closing day, both included, overdue after (S1-M2). */
export function maintenanceState(window: MaintenanceWindow, today: LocalDate): MaintenanceState {
  if (today < window.opens) return 'upcoming';
  return today <= window.closes ? 'due' : 'overdue';
}

/**
 * Whether a later course of the same patient under the same protocol has ended the rhythm of this one: from its first
 * performed session on. `laterFirstSession` is null where there is no such course or none of its sessions took place.
 */
export const rhythmHasEnded = (laterFirstSession: LocalDate | null, today: LocalDate): boolean =>
  laterFirstSession !== null && laterFirstSession <= today;

/** When a whole new course is suggested, counted from the last course session (S1-M1); null where it is not. */
export function repeatCourseWindow(
  protocol: Pick<Protocol, 'maintenance'>,
  lastCourseSession: LocalDate,
): MaintenanceWindow | null {
  const rule = protocol.maintenance;
  if (rule.kind !== 'rhythm' || rule.repeatCourse === null) return null;
  return {
    opens: addDateDuration(lastCourseSession, rule.repeatCourse.opens),
    closes: addDateDuration(lastCourseSession, rule.repeatCourse.closes),
  };
}

/** A suggestion is open from its first to its last day, both included (S1-M1). */
export function suggestionState(window: MaintenanceWindow, today: LocalDate): SuggestionState {
  if (today < window.opens) return 'upcoming';
  return today <= window.closes ? 'open' : 'over';
}

/** The last day for maintenance where the physician sets the date (S4-E1); null where nothing limits it. */
export function physicianLatest(protocol: Pick<Protocol, 'maintenance'>, lastSession: LocalDate): LocalDate | null {
  const rule = protocol.maintenance;
  return rule.kind === 'physician' && rule.latest !== null ? addDateDuration(lastSession, rule.latest) : null;
}

/** What speaks against a window that a physician wants to set. */
export type ScheduleFinding =
  /** The protocol has a rhythm: there the window follows from the sessions. */
  | { readonly kind: 'by-rhythm' }
  | { readonly kind: 'closes-before-it-opens' }
  /** It was over before today. */
  | { readonly kind: 'past'; readonly today: LocalDate }
  /** It opens on the day of the last session, or before it. */
  | { readonly kind: 'before-last-session'; readonly lastSession: LocalDate }
  /** It closes later than the protocol allows (S4-E1). */
  | { readonly kind: 'too-late'; readonly latest: LocalDate };

/**
 * Judges a window for the next maintenance session, as a physician wants to set it (S4-E1).
 * @param lastSession local date of the last performed session, of the course or of maintenance
 * @returns everything that speaks against it
 */
export function scheduleFindings(
  protocol: Pick<Protocol, 'maintenance'>,
  lastSession: LocalDate,
  window: MaintenanceWindow,
  today: LocalDate,
): ScheduleFinding[] {
  if (protocol.maintenance.kind === 'rhythm') return [{ kind: 'by-rhythm' }];
  const latest = physicianLatest(protocol, lastSession);
  const findings: ScheduleFinding[] = [];
  if (window.closes < window.opens) findings.push({ kind: 'closes-before-it-opens' });
  if (window.closes < today) findings.push({ kind: 'past', today });
  if (window.opens <= lastSession) findings.push({ kind: 'before-last-session', lastSession });
  if (latest !== null && window.closes > latest) findings.push({ kind: 'too-late', latest });
  return findings;
}
