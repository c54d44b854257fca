import type { PlannedTimeline } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { maintenanceMessages } from './maintenance-messages.js';
import { sessionMessages } from './session-messages.js';

/**
 * Every message that a course asks for now, sent ones included: what was planned under the same key before is not
 * planned again. What was due before we learned of its cause is left out; there is never a burst of late messages.
 */
export function desiredMessages(timeline: PlannedTimeline, context: PlanContext): DesiredMessage[] {
  return [...sessionMessages(timeline, context), ...maintenanceMessages(timeline, context)];
}
