import { type Occurred, occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { LateEntryRefused } from './course.errors.js';
import { performedSessions, type PlannedCourse } from './course.state.js';

/** What an entry comes after, as the refusal names it. */
export interface Follows {
  readonly instant: Instant;
  /** As the clock showed it at the site, or the instant where nobody saw a clock. */
  readonly shown: string;
  readonly message: string;
}

/**
 * When something happened in a course: now, or at the time that is said of what is entered late. That time has come, and
 * lies after the plan of the course and after what it follows.
 * @throws LateEntryRefused
 */
export function occurredThen(
  at: ZonedTime | undefined,
  { plannedAt }: PlannedCourse,
  now: Instant,
  ...follows: readonly (Follows | undefined)[]
): Occurred {
  if (!at) return occurredNow(now);
  if (at.instant > now) throw refused(at, `${at.wall} is still to come.`, 'a time that has come, or none for now');
  const plan = { instant: plannedAt, shown: plannedAt, message: 'The course was planned after that.' };
  for (const each of [plan, ...follows]) {
    if (each && at.instant < each.instant) throw refused(at, each.message, `${each.shown} or later`);
  }
  return occurredAt(at);
}

const refused = ({ wall }: ZonedTime, message: string, accepted: string): LateEntryRefused =>
  new LateEntryRefused({ field: 'at', message, rule: 'course.entered-late', facts: [], seen: wall, accepted });

/** No course ended before its last session. */
export function lastSession(state: PlannedCourse): Follows | undefined {
  const times = performedSessions(state, 'course').map(({ at }) => at);
  const last = times.reduce<ZonedTime | undefined>((a, b) => (a && a.instant > b.instant ? a : b), undefined);
  return last && { instant: last.instant, shown: last.wall, message: `A session took place at ${last.wall}.` };
}
