import { SessionNotBooked, SessionUnknown } from './course.errors.js';
import type { OpenSession, PlannedCourse } from './course.state.js';

/** @throws SessionUnknown, SessionNotBooked */
export function bookedSession(state: PlannedCourse, sessionId: string): OpenSession {
  const session = state.sessions.find((each) => each.sessionId === sessionId);
  if (!session) throw new SessionUnknown(sessionId);
  if (session.status !== 'booked') throw new SessionNotBooked(session.status);
  return session;
}
