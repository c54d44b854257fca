import { occurredNow } from '#libs/kernel/src/occurred.js';
import { movedByRules, PRESENT_RULES, type ZoneRules } from '#libs/kernel/src/zone-rules.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { SessionZoneRulesApplied } from './course.events.js';
import { bookedSessions, type CourseState } from './course.state.js';

/**
 * What newer rules of zones mean to the sessions of a course that are still to come: each keeps the wall time that was
 * agreed on, and takes place at another instant. Done before, it adds nothing.
 */
export function applyZoneRules(
  state: CourseState,
  now: Instant,
  rules: ZoneRules = PRESENT_RULES,
): ReturnType<typeof SessionZoneRulesApplied>[] {
  if (state.status === 'none') return [];
  const { courseId, patientId } = state;
  return bookedSessions(state).flatMap(({ sessionId, bookedFor }) => {
    const at = bookedFor && bookedFor.instant > now ? movedByRules(bookedFor, rules) : undefined;
    if (!bookedFor || !at) return [];
    const was = { instant: bookedFor.instant, tzdb: bookedFor.tzdb };
    return [SessionZoneRulesApplied(occurredNow(now), { courseId, patientId, sessionId, at, was })];
  });
}
