import { type EffectiveEvent, effectiveHistory } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { CourseCorrection, CourseEvent } from './course.events.js';
import { courseFold, type PlannedCourse } from './course.state.js';

/** How a course would read with one correction or retraction more, for whatever is judged before it is recorded. */

/** The entries of a course as they would read with one event more. */
export function historyWith(
  history: readonly RecordedEvent[],
  change: CourseCorrection,
): EffectiveEvent<RecordedEvent>[] {
  const last = history.at(-1);
  if (!last) return [];
  const header = { ...last.header, id: NOT_RECORDED, type: change.type, occurredAt: change.occurredAt };
  const next = { ...last, ...change, header, position: last.position + 1, revision: last.revision + 1 };
  return effectiveHistory([...history, next]);
}

/** The course as it would read with one event more. */
export function foldedWith(history: readonly RecordedEvent[], change: CourseCorrection): PlannedCourse | undefined {
  const events = historyWith(history, change) as unknown as readonly RecordedEvent<CourseEvent>[];
  const state = events.reduce(courseFold.evolve, courseFold.initial);
  return state.status === 'none' ? undefined : state;
}

/** Stands for the id that an event has once it is recorded; nothing names it. */
const NOT_RECORDED = '00000000-0000-0000-0000-000000000000';
