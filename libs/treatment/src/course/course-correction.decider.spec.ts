import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  at,
  booked,
  eventIdOf,
  given,
  NOW,
  ofCourse,
  performed,
  physicianId,
  planned,
  recorded,
  refusal,
  world,
} from '#test/support/course-given.js';
import { type CorrectCourseEntry, correctEntry, retractEntry } from './course-correction.decider.js';
import { CourseCompleted, CoursePlanChanged, type CourseStreamEvent } from './course.events.js';
import type { PlannedCourse } from './course.state.js';

/** What a correction or retraction must not leave behind: each was found by the property over random lives of courses. */
const [first, second] = [newId(), newId()];
const now = occurredNow(NOW);
const changedTo = (plannedSessions: number) =>
  CoursePlanChanged(now, { ...ofCourse, plannedSessions, practitionerId: physicianId, reason: 'as it goes' });

const twoSessions = [
  planned,
  booked(first, '2026-02-02T10:00', 1),
  performed(first, '2026-02-02T10:00', 1),
  booked(second, '2026-02-16T10:00', 2),
  performed(second, '2026-02-16T10:00', 2),
];

function correct(
  events: readonly CourseStreamEvent[],
  entry: CorrectCourseEntry['entry'],
  changes: Record<string, unknown>,
  more: Partial<CorrectCourseEntry> = {},
) {
  const revision = events.findLastIndex(({ type }) => type === entry);
  const named = { eventId: eventIdOf(revision), entry, changes, reason: 'typed wrongly' };
  const command = {
    type: 'CorrectCourseEntry',
    ...named,
    history: recorded(events),
    openFollowUps: [],
    world,
  } as const;
  return correctEntry({ ...command, ...more }, given(...events) as PlannedCourse, NOW);
}

function retract(events: readonly CourseStreamEvent[], revision: number) {
  const named = { eventId: eventIdOf(revision), reason: 'entered by mistake' };
  const command = { type: 'RetractCourseEntry', ...named, history: recorded(events), openFollowUps: [] } as const;
  return retractEntry(command, given(...events) as PlannedCourse, NOW);
}

describe('a session that is said anew', () => {
  it('is refused on a day before its course was planned', () => {
    expect(refusal(() => correct(twoSessions, 'SessionPerformed', { at: at('2026-01-01T10:00') })).rules).toEqual([
      'session.before-plan',
    ]);
    expect(correct(twoSessions, 'SessionPerformed', { at: at('2026-01-02T12:00') })).toHaveLength(1);
  });
  it('of an old history may be corrected in all else, though it was before the plan', () => {
    const old = [planned, performed(first, '2025-12-01T10:00', 1)];
    expect(correct(old, 'SessionPerformed', { depthMm: 3 })).toHaveLength(1);
  });
  it('shows with the reason of the correction that it is now too close to a session of another course', () => {
    const other = given(planned, performed(newId(), '2026-02-20T10:00', 1)) as PlannedCourse;
    const among = { world: { ...world, otherCourses: [{ ...other, courseId: newId() }] } };
    const said = (wall: string) => correct(twoSessions, 'SessionPerformed', { at: at(wall) }, among)[0]?.data;
    expect(said('2026-02-19T10:00')).toMatchObject({
      overridden: ['interval-short'],
      overrideReasons: { 'interval-short': 'typed wrongly' },
    });
    expect(said('2026-02-06T10:00')).toMatchObject({ overridden: [], overrideReasons: {} });
  });
});

describe('a plan that is said anew', () => {
  it('is refused with fewer sessions than were performed', () => {
    expect(refusal(() => correct(twoSessions, 'CoursePlanned', { plannedSessions: 1 })).rules).toEqual([
      'plan.below-performed',
    ]);
    expect(correct(twoSessions, 'CoursePlanned', { plannedSessions: 2 })).toHaveLength(1);
  });
  it('may have any number where a later plan holds', () => {
    const events = [...twoSessions, changedTo(3)];
    expect(correct(events, 'CoursePlanned', { plannedSessions: 1 })).toHaveLength(1);
    expect(refusal(() => correct(events, 'CoursePlanChanged', { plannedSessions: 1 })).rules).toEqual([
      'plan.below-performed',
    ]);
  });
  it('is refused for a completed course, which had all the sessions of its plan', () => {
    const completed = [...twoSessions, changedTo(2), CourseCompleted(now, ofCourse)];
    for (const plannedSessions of [1, 3]) {
      expect(refusal(() => correct(completed, 'CoursePlanChanged', { plannedSessions })).rules).toEqual([
        'correction.course-ended',
      ]);
    }
    expect(correct(completed, 'CoursePlanChanged', { areas: ['face'] })).toHaveLength(1);
  });
});

describe('a change of plan that is taken back', () => {
  it('is refused where the plan before it had fewer sessions than were performed', () => {
    const events = [planned, changedTo(1), changedTo(2), ...twoSessions.slice(1)];
    expect(refusal(() => retract(events, 2)).rules).toEqual(['plan.below-performed']);
    expect(retract(events, 1)).toHaveLength(1);
  });
  it('is refused for a completed course until its end is taken back', () => {
    const completed = [...twoSessions, changedTo(2), CourseCompleted(now, ofCourse)];
    expect(refusal(() => retract(completed, 5)).rules).toEqual(['correction.course-ended']);
    const reopened = [...completed, ...retract(completed, 6)];
    expect(retract(reopened, 5)).toHaveLength(1);
  });
  it('is refused in the same way where it is the correction of a plan', () => {
    const corrected = (events: readonly CourseStreamEvent[], plannedSessions: number) => [
      ...events,
      ...correct(events, 'CoursePlanned', { plannedSessions }),
    ];
    const raised = [...corrected(corrected([planned], 1), 2), ...twoSessions.slice(1)];
    expect(refusal(() => retract(raised, 2)).rules).toEqual(['plan.below-performed']);
    expect(retract(raised, 1)).toHaveLength(1);
  });
});
