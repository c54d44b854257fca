import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { MessageKind, SuppressionReason } from '../message/message.events.js';
import type { PlannedMessage } from '../message/message.state.js';
import { bookedMaintenance, type PlannedTimeline } from './course-timeline.js';
import { currentWindow } from './maintenance-proposal.js';

/** Messages about what is still to come: they end with the course, and with the consent to be treated. */
const AHEAD: ReadonlySet<MessageKind> = new Set([
  'session-reminder',
  'aspirin-notice',
  'precaution-notice',
  'maintenance-due-soon',
  'maintenance-due',
  'maintenance-overdue',
]);
export const isAboutTheFuture = (kind: MessageKind): boolean => AHEAD.has(kind);

/**
 * Why a planned message must not go any more; undefined while its cause stands. What follows from a performed session
 * stands for ever: a stopped course does not end its aftercare.
 */
export function causeGone(
  planned: Pick<PlannedMessage, 'kind' | 'cause' | 'generation'>,
  timeline: PlannedTimeline,
  context: { readonly protocol: Protocol; readonly rhythmEnded: boolean },
): SuppressionReason | undefined {
  switch (planned.cause.kind) {
    case 'session':
      return AHEAD.has(planned.kind) ? bookingGone(planned.cause.sessionId, planned.generation, timeline) : undefined;
    case 'maintenance-window':
      return windowGone(planned.cause.ordinal, planned.generation, timeline, context);
    default:
      return assertNever(planned.cause, 'cause');
  }
}

function bookingGone(
  sessionId: string,
  generation: number,
  { course }: PlannedTimeline,
): SuppressionReason | undefined {
  const session = course.sessions.find((each) => each.sessionId === sessionId);
  if (!session) return 'superseded';
  switch (session.status) {
    case 'performed':
      return 'session-performed';
    case 'missed':
      return 'session-missed';
    case 'cancelled':
      return 'session-cancelled';
    case 'booked':
      if (course.status === 'stopped') return 'course-stopped';
      // Only maintenance goes on after a course is completed.
      if (course.status === 'completed' && session.kind === 'course') return 'course-completed';
      return session.bookings - 1 === generation ? undefined : 'session-rescheduled';
  }
}

function windowGone(
  ordinal: number,
  generation: number,
  { course, freed }: PlannedTimeline,
  { protocol, rhythmEnded }: { readonly protocol: Protocol; readonly rhythmEnded: boolean },
): SuppressionReason | undefined {
  if (course.maintenanceDeclined) return 'maintenance-declined';
  if (course.status === 'stopped') return 'course-stopped';
  if (rhythmEnded) return 'rhythm-ended';
  if (currentWindow(course, protocol, false)?.ordinal !== ordinal) return 'maintenance-window-moved';
  if (bookedMaintenance(course)) return 'maintenance-booked';
  return generation === freed.times ? undefined : 'superseded';
}
