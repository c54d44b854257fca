import { type CourseCommand, decideCourse } from '../../libs/treatment/src/course/course.decider.js';
import type { CourseState } from '../../libs/treatment/src/course/course.state.js';
import { booked, given, NOW, planned, refusal, sessionId } from './course-given.js';

/** How commands on a course are decided in tests of its deciders, where nothing else is said on one with a booked session. */

export const ready = given(planned, booked(sessionId, '2026-03-02T17:00'));
export const decide = (command: CourseCommand, state: CourseState = ready) => decideCourse(command, state, NOW);
/** By which a command is refused. */
export const rules = (command: CourseCommand, state: CourseState = ready) =>
  refusal(() => decide(command, state)).rules;
/** What stands against a command; nothing where it is decided. */
export const rulesOrNone = (command: CourseCommand, state: CourseState = ready) => {
  try {
    decide(command, state);
    return [];
  } catch {
    return rules(command, state);
  }
};
/** What a session says of a deviation that somebody accepts. */
export const override = (deviation: string, reason = 'seen') => ({ overrides: [{ deviation, reason }] }) as never;
