import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, wallToInstant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import type { PlannedTimeline } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { generationAhead, sinceAhead } from './generation.js';
import { goneAt } from './person-standing.js';
import { type Belief, type Booking, bookingOf } from './told-bookings.js';

/**
 * Sessions of which a patient may have been told what does not hold any more: their booking has changed, or is no more.
 * Those whose booking was taken back are among them, though the course does not know them any more. Most courses have
 * none, and no message needs to be read for them.
 */
export function changedSessions(timeline: PlannedTimeline, { now }: Pick<PlanContext, 'now'>): Id[] {
  const sessions = new Map(timeline.course.sessions.map((session) => [session.sessionId, session]));
  return Object.entries(timeline.ahead).flatMap(([sessionId, { generation }]) => {
    const session = sessions.get(sessionId);
    if (session?.status === 'performed' || session?.status === 'missed') return [];
    const isOver = session?.bookedFor !== undefined && session.bookedFor.instant <= now;
    const isOnlyTelling = generation === 0;
    if (bookingOf(timeline, sessionId)) return isOver || isOnlyTelling ? [] : [sessionId];
    // What is over need not be called off. Where the time was another before, that one may be still to come.
    return isOver && isOnlyTelling ? [] : [sessionId];
  });
}

/**
 * Tells that a session takes place at another time or place, or not any more, where the patient may believe otherwise. It
 * is told at once, and is of use until the session begins, or would begin. That only somebody else treats is no change,
 * nor is what has become again as it was told.
 * @param beliefs what the patient may go by (`readBeliefs`)
 */
export function changeNotice(
  sessionId: Id,
  beliefs: readonly Belief[],
  timeline: PlannedTimeline,
  { zone, person, now }: Pick<PlanContext, 'zone' | 'person' | 'now'>,
): DesiredMessage | null {
  const gone = goneAt(person, now, zone);
  if (beliefs.length === 0 || gone === 'patient-died') return null;
  const cause = { kind: 'session', sessionId } as const;
  const matter = { cause, generation: generationAhead(timeline, sessionId, person), facts: [] };
  const booking = bookingOf(timeline, sessionId);
  if (!booking) {
    const expiresAt = believedUntil(beliefs, now);
    return expiresAt === undefined
      ? null
      : { ...matter, kind: 'session-called-off', due: zonedTime(now, zone), expiresAt };
  }
  const since = sinceAhead(timeline, sessionId, person);
  // Whoever has moved away is told nothing of what takes place, only of what does not.
  if (gone || since === undefined || beliefs.every((belief) => isSame(belief, booking))) return null;
  return { ...matter, kind: 'session-moved', due: zonedTime(since, zone), expiresAt: booking.at.instant };
}

/** By the wall: newer rules of a zone move the instant, and what the patient was told stays true. */
const isSame = (belief: Belief, { at, siteId }: Booking): boolean =>
  belief !== 'off' && belief.at.wall === at.wall && belief.siteId === siteId;

/**
 * When the patient would come, by what they were told last and by the present rules of the zone; undefined where that is
 * over, or they know that it is off.
 */
function believedUntil(beliefs: readonly Belief[], now: Instant): Instant | undefined {
  const times = beliefs.flatMap((belief) => (belief === 'off' ? [] : [wallToInstant(belief.at.wall, belief.at.zone)]));
  return times.map(({ instant }) => instant).findLast((instant) => instant > now);
}
