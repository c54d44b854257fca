import { type PlannedTimeline, treatmentBegan } from './course-timeline.js';
import { again, NEVER, type Told } from './told.js';

/** The other courses of the patient under the same protocol. */
const others = ({ course }: PlannedTimeline, all: readonly PlannedTimeline[]): PlannedTimeline[] =>
  all.filter(
    ({ course: other }) =>
      other.courseId !== course.courseId &&
      other.patientId === course.patientId &&
      other.protocol.code === course.protocol.code,
  );

/**
 * Whether a later course of the same patient under the same protocol has begun: from its first performed session on it
 * ends the rhythm of the former one.
 */
export function hasLaterCourse(timeline: PlannedTimeline, all: readonly PlannedTimeline[]): boolean {
  const began = treatmentBegan(timeline.course);
  if (began === undefined) return false;
  return others(timeline, all).some(({ course }) => {
    const otherBegan = treatmentBegan(course);
    return otherBegan !== undefined && otherBegan > began;
  });
}

/** How often it turned out that such a later course had not begun, or not later: the rhythm of the former one goes on. */
export function rhythmBack(timeline: PlannedTimeline, all: readonly PlannedTimeline[]): Told {
  const began = treatmentBegan(timeline.course);
  if (began === undefined) return NEVER;
  return others(timeline, all)
    .flatMap(({ rebegun }) => rebegun)
    .filter(({ from, to }) => from !== undefined && from > began && !(to !== undefined && to > began))
    .sort((a, b) => (a.recordedAt < b.recordedAt ? -1 : 1))
    .reduce((told, { recordedAt }) => again(told, recordedAt), NEVER);
}
