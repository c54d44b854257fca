import { isAboutTheFuture } from './cause-gone.js';
import type { PlannedTimeline } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { maintenanceMessages } from './maintenance-messages.js';
import { goneAt } from './person-standing.js';
import { sessionMessages } from './session-messages.js';

/**
 * Every message that a course asks for now, sent ones included: what was planned under the same key before is not
 * planned again. Somebody who has died is told nothing, and somebody who has moved away nothing about the future. What was due before we learned of its cause is left out; there is never a burst of late messages.
 */
export function desiredMessages(timeline: PlannedTimeline, context: PlanContext): DesiredMessage[] {
  const gone = goneAt(context.person, context.now, context.zone);
  if (gone === 'patient-died') return [];
  const desired = [...sessionMessages(timeline, context), ...maintenanceMessages(timeline, context)];
  return gone ? desired.filter(({ kind }) => !isAboutTheFuture(kind)) : desired;
}
