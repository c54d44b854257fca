import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { CourseStep, PlannedTimeline } from './course-timeline.js';
import type { PersonStanding } from './person-standing.js';
import { again, NEVER, type Told } from './told.js';

/** Whether a later course has ended the rhythm of a former one, and how often it turned out that none had. */
export interface Rhythm {
  readonly rhythmEnded: boolean;
  readonly rhythmBack: Told;
}

/**
 * Whether a later course of the same person under the same protocol has begun: from its first performed session on it
 * ends the rhythm of the former one, as does a decline in another course of the person that came after this one had
 * begun. And how often it turned out that such a course had not begun, not later, or was somebody else's, or that the
 * patient wants maintenance again, so that the rhythm goes on: counted along the events as they were recorded, so that it
 * never falls.
 * @param all courses of the person's registrations; this one and those under other protocols do not count
 */
export function rhythmOf(
  timeline: PlannedTimeline,
  all: readonly PlannedTimeline[],
  { linked }: Pick<PersonStanding, 'linked'>,
): Rhythm {
  const { courseId, patientId, protocol } = timeline.course;
  const others = all.filter(({ course }) => course.courseId !== courseId && course.protocol.code === protocol.code);
  const steps = [...[timeline, ...others].flatMap((each) => each.steps), ...linked].sort(
    (a, b) => a.position - b.position,
  );
  const known = new Map<Id, CourseStep>();
  const declinedAt = new Map<Id, Instant>();
  let registrations: ReadonlySet<Id> = new Set([patientId]);
  let rhythm: Rhythm = { rhythmEnded: false, rhythmBack: NEVER };
  for (const step of steps) {
    if ('course' in step) {
      known.set(step.course.courseId, step);
      noteDecline(declinedAt, step);
    } else registrations = step.registrations;
    const began = known.get(courseId)?.began;
    const isLater = ({ course, began: otherBegan }: CourseStep, than: string): boolean =>
      registrations.has(course.patientId) && otherBegan !== undefined && otherBegan > than;
    const isDeclined = ({ course }: CourseStep, than: string): boolean =>
      course.courseId !== courseId &&
      registrations.has(course.patientId) &&
      (declinedAt.get(course.courseId) ?? '') >= than;
    const rhythmEnded =
      began !== undefined && [...known.values()].some((other) => isLater(other, began) || isDeclined(other, began));
    const isBack = rhythm.rhythmEnded && !rhythmEnded;
    rhythm = { rhythmEnded, rhythmBack: isBack ? again(rhythm.rhythmBack, step.recordedAt) : rhythm.rhythmBack };
  }
  return rhythm;
}

/** A decline holds from the event on that told of it until one that took it back. */
function noteDecline(declinedAt: Map<Id, Instant>, { course, recordedAt }: CourseStep): void {
  if (!course.maintenanceDeclined) declinedAt.delete(course.courseId);
  else if (!declinedAt.has(course.courseId)) declinedAt.set(course.courseId, recordedAt);
}
