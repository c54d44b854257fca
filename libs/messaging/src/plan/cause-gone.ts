import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { MessageKind, SuppressionReason } from '../message/message.events.js';
import type { PlannedMessage } from '../message/message.state.js';
import { bookedMaintenance, isAhead, type PlannedTimeline } from './course-timeline.js';
import type { PlanContext } from './desired-message.js';
import { generationAfter, generationAhead, toldOfWindow } from './generation.js';
import { currentWindow } from './maintenance-proposal.js';
import { goneAt } from './person-standing.js';

/** Messages about what is still to come: they end with the course, and with the consent to be treated. */
const AHEAD: ReadonlySet<MessageKind> = new Set([
  'session-reminder',
  'session-moved',
  'aspirin-notice',
  'precaution-notice',
  'maintenance-due-soon',
  'maintenance-due',
  'maintenance-overdue',
  'maintenance-proposal',
]);
export const isAboutTheFuture = (kind: MessageKind): boolean => AHEAD.has(kind);

/**
 * Why a planned message must not go any more; undefined while its cause stands. What follows from a performed session
 * stands for ever: neither a stopped course nor a recalled lot ends its aftercare, and a patient who moves away has the
 * same use of it. Only a death or an erasure does, and the end of the cause itself: a session that was recorded by mistake.
 */
export function causeGone(
  planned: Pick<PlannedMessage, 'kind' | 'cause' | 'generation'>,
  timeline: PlannedTimeline,
  context: CauseContext,
): SuppressionReason | undefined {
  const gone = goneAt(context.person, context.now, context.zone);
  const ahead = AHEAD.has(planned.kind);
  if (gone === 'patient-erased' || gone === 'patient-died' || (gone && ahead)) return gone;
  switch (planned.cause.kind) {
    case 'session': {
      const { sessionId } = planned.cause;
      const { generation } = planned;
      if (planned.kind === 'session-called-off') return calledOffGone(sessionId, generation, timeline, context);
      return ahead
        ? bookingGone(sessionId, generation, timeline, context)
        : performanceGone(sessionId, generation, timeline, context);
    }
    case 'maintenance-window':
      return windowGone(planned.cause.ordinal, planned.generation, timeline, context);
    case 'maintenance-slot':
      return windowEnded(planned.cause.ordinal, timeline, context);
    default:
      return assertNever(planned.cause, 'cause');
  }
}

export type CauseContext = Pick<PlanContext, 'protocol' | 'zone' | 'rhythmEnded' | 'rhythmBack' | 'person' | 'now'>;

function bookingGone(
  sessionId: string,
  generation: number,
  timeline: PlannedTimeline,
  { person }: CauseContext,
): SuppressionReason | undefined {
  const { course } = timeline;
  const session = course.sessions.find((each) => each.sessionId === sessionId);
  // It was booked when the message was planned.
  if (!session) return 'cause-retracted';
  switch (session.status) {
    case 'performed':
      return 'session-performed';
    case 'missed':
      return 'session-missed';
    case 'cancelled':
      return 'session-cancelled';
    case 'booked':
      if (course.status === 'stopped') return 'course-stopped';
      if (course.status === 'lapsed') return 'course-lapsed';
      if (!isAhead(course, session)) return 'course-completed';
      return generationAhead(timeline, sessionId, person) === generation ? undefined : 'session-rescheduled';
  }
}

/** That a session is off is told until it is booked anew, which is told in its own way. */
function calledOffGone(
  sessionId: string,
  generation: number,
  timeline: PlannedTimeline,
  { person }: CauseContext,
): SuppressionReason | undefined {
  const { course } = timeline;
  const session = course.sessions.find((each) => each.sessionId === sessionId);
  if (session?.status === 'performed') return 'session-performed';
  const isBooked = session?.status === 'booked' && isAhead(course, session);
  if (isBooked || generationAhead(timeline, sessionId, person) !== generation) return 'superseded';
  return undefined;
}

function performanceGone(
  sessionId: string,
  generation: number,
  timeline: PlannedTimeline,
  { person }: CauseContext,
): SuppressionReason | undefined {
  const session = timeline.course.sessions.find((each) => each.sessionId === sessionId);
  if (session?.status !== 'performed') return 'cause-retracted';
  return generationAfter(timeline, sessionId, person) === generation ? undefined : 'superseded';
}

function windowGone(
  ordinal: number,
  generation: number,
  timeline: PlannedTimeline,
  context: CauseContext,
): SuppressionReason | undefined {
  const ended = windowEnded(ordinal, timeline, context);
  if (ended) return ended;
  return generation === toldOfWindow(timeline, ordinal, context).times ? undefined : 'superseded';
}

/** Why nobody is invited into a window any more; for a time that is held in it, too. */
function windowEnded(
  ordinal: number,
  { course }: PlannedTimeline,
  { protocol, rhythmEnded }: CauseContext,
): SuppressionReason | undefined {
  if (course.maintenanceDeclined) return 'maintenance-declined';
  if (course.status === 'stopped') return 'course-stopped';
  if (course.status === 'lapsed') return 'course-lapsed';
  if (rhythmEnded) return 'rhythm-ended';
  if (currentWindow(course, protocol, false)?.ordinal !== ordinal) return 'maintenance-window-moved';
  return bookedMaintenance(course) ? 'maintenance-booked' : undefined;
}
