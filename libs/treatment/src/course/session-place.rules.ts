import { dateOfWall, type LocalDate, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { CourseRefusal } from './course.errors.js';
import type { SessionKind } from './course.events.js';
import { performedSessions, type PlannedCourse } from './course.state.js';

/** A session as it is entered, or said anew. */
interface PlacedSession {
  readonly sessionId: string;
  readonly kind: SessionKind;
  readonly at: ZonedTime;
}

/**
 * What stands against the place of a session among the others of its course: each took place once, and maintenance on a
 * day after the last session of the course (S1-M2, S2-M1).
 */
export const placeFields = (state: PlannedCourse, session: PlacedSession): CourseRefusal[] => [
  ...alreadyRecorded(state, session),
  ...beforeMaintenance(state, session),
];

function alreadyRecorded(state: PlannedCourse, { sessionId, at }: PlacedSession): CourseRefusal[] {
  const known = [...performedSessions(state, 'course'), ...performedSessions(state, 'maintenance')];
  const same = known.find((each) => each.sessionId !== sessionId && each.at.instant === at.instant);
  if (!same) return [];
  return [
    {
      field: 'at',
      message: `A session of ${at.wall} is on record already (${same.sessionId}).`,
      rule: 'session.recorded-once',
      facts: [],
      seen: at.wall,
      accepted: 'a time at which no session of the course is on record, or a correction of the one that is',
    },
  ];
}

function beforeMaintenance(state: PlannedCourse, { sessionId, kind, at }: PlacedSession): CourseRefusal[] {
  const daysOf = (wanted: SessionKind): LocalDate[] =>
    performedSessions(state, wanted)
      .filter((each) => each.sessionId !== sessionId)
      .map((each) => dateOfWall(each.at.wall))
      .sort();
  const on = dateOfWall(at.wall);
  const last = kind === 'maintenance' ? daysOf('course').at(-1) : undefined;
  const first = kind === 'course' ? daysOf('maintenance').at(0) : undefined;
  if (last !== undefined && on <= last) {
    return [outOfOrder(at, `The last session of the course was on ${last}.`, `a day after ${last}`)];
  }
  if (first !== undefined && on >= first) {
    return [outOfOrder(at, `The first maintenance session was on ${first}.`, `a day before ${first}`)];
  }
  return [];
}

const outOfOrder = (at: ZonedTime, which: string, accepted: string): CourseRefusal => ({
  field: 'at',
  message: `Maintenance comes after the course. ${which}`,
  rule: 'maintenance.after-course',
  facts: ['S1-M2', 'S2-M1'],
  seen: at.wall,
  accepted,
});
