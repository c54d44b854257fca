import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { PlanChoices, PlannedCourse } from './course.state.js';
import { hasComeBy } from './session-times.rules.js';

type Plan = Pick<PlannedCourse, 'choices' | 'daysPlanned'>;

/**
 * Days between two sessions of a course: as the physician chose them, else as the protocol has them (S0-N1, S1-N1).
 * @param by when a session began: as the plan of that time had them. Left out: as it has them now, for what comes next
 */
export const intervalDaysOf = (
  course: Plan,
  { intervalDays }: Pick<Protocol, 'intervalDays'>,
  by?: Instant,
): Protocol['intervalDays'] => ({ ...intervalDays, ...chosenDays(course, by) });

/** What came before the course was planned, as in an old history, goes by its first plan. */
function chosenDays({ choices, daysPlanned }: Plan, by: Instant | undefined): PlanChoices['intervalDays'] {
  if (by === undefined || !daysPlanned) return choices?.intervalDays;
  const held = daysPlanned.findLast(({ since }) => hasComeBy(since, by)) ?? daysPlanned[0];
  return held?.intervalDays;
}
