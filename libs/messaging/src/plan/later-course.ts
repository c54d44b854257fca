import { type PlannedTimeline, treatmentBegan } from './course-timeline.js';

/**
 * Whether a later course of the same patient under the same protocol has begun: from its first performed session on it
 * ends the rhythm of the former one.
 */
export function hasLaterCourse({ course }: PlannedTimeline, all: readonly PlannedTimeline[]): boolean {
  const began = treatmentBegan(course);
  if (began === undefined) return false;
  return all.some(({ course: other }) => {
    const same = other.patientId === course.patientId && other.protocol.code === course.protocol.code;
    const otherBegan = same && other.courseId !== course.courseId ? treatmentBegan(other) : undefined;
    return otherBegan !== undefined && otherBegan > began;
  });
}
