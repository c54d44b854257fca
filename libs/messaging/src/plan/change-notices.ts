import { zonedTime } from '#libs/kernel/src/zoned-time.js';
import type { OpenSession } from '#libs/treatment/src/streams.contract.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { MessageKind } from '../message/message.events.js';
import type { KnownMessage, MessageState } from '../message/message.state.js';
import { isAhead, type PlannedTimeline } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { generationAhead, sinceAhead } from './generation.js';
import { goneAt } from './person-standing.js';

/** What tells a patient when a session takes place. */
const TELLS_THE_TIME: ReadonlySet<MessageKind> = new Set(['session-reminder', 'session-moved']);

/** A message that was planned about a session. */
interface Noted {
  readonly messageId: Id;
  readonly kind: MessageKind;
  readonly cause: { readonly kind: string; readonly sessionId?: Id };
  readonly generation: number;
}

/**
 * Sessions of which patients were, or may have been, told a time that does not hold any more, with the messages that say
 * so if they have gone. Most courses have none, and no message needs to be read for them.
 */
export function changedSessions(
  timeline: PlannedTimeline,
  { person, now }: PlanContext,
  noted: readonly Noted[],
): { readonly session: OpenSession; readonly toldBy: readonly Id[] }[] {
  const { course } = timeline;
  return course.sessions.flatMap((session) => {
    if (session.status === 'performed' || session.status === 'missed') return [];
    // What is over need not be called off.
    if (!session.bookedFor || session.bookedFor.instant <= now) return [];
    const generation = generationAhead(timeline, session.sessionId, person);
    const stands = session.status === 'booked' && isAhead(course, session);
    const toldBy = noted
      .filter(({ kind, cause }) => TELLS_THE_TIME.has(kind) && cause.sessionId === session.sessionId)
      .filter((message) => !stands || message.generation < generation)
      .map(({ messageId }) => messageId);
    return toldBy.length > 0 ? [{ session, toldBy }] : [];
  });
}

/** Whether a patient may go by what a message says. */
export const mayHaveGone = (message: MessageState): message is KnownMessage =>
  message.status === 'sent' || message.status === 'unknown' || message.status === 'attempted';

/**
 * Tells that a session takes place at another time, or not any more, of which the patient had been told otherwise. It is
 * told at once, and is of use until the session would begin.
 */
export function changeNotice(
  session: OpenSession,
  timeline: PlannedTimeline,
  { zone, person, now }: PlanContext,
): DesiredMessage | null {
  if (!session.bookedFor || goneAt(person, now, zone) === 'patient-died') return null;
  const { sessionId } = session;
  const generation = generationAhead(timeline, sessionId, person);
  const cause = { kind: 'session', sessionId } as const;
  const matter = { cause, generation, expiresAt: session.bookedFor.instant, facts: [] };
  const stands = session.status === 'booked' && isAhead(timeline.course, session);
  if (!stands) return { ...matter, kind: 'session-called-off', due: zonedTime(now, zone) };
  const since = sinceAhead(timeline, sessionId, person);
  return since === undefined ? null : { ...matter, kind: 'session-moved', due: zonedTime(since, zone) };
}
