import { newId } from '#libs/kernel/src/ids.js';
import { TZDB_VERSION } from '#libs/kernel/src/zoned-time.js';
import { booked, courseId, given, patientId, performed, planned } from '#test/support/course-given.js';
import { SessionCancelled } from './course.events.js';
import { applyZoneRules } from './session-zone-rules.decider.js';
import type { PlannedCourse } from './course.state.js';

const NOW = '2026-10-01T12:00:00.000Z';
const [winter, summer, cancelled, past] = [newId(), newId(), newId(), newId()];
/** As the rules of 2025c had it: −08:00 in winter. */
const byOldRules = (wall: string, instant: string) => ({
  at: { wall, zone: 'America/Vancouver', tzdb: '2025c', instant },
});
const inWinter = byOldRules('2026-12-15T09:00', '2026-12-15T17:00:00.000Z');

const course = given(
  planned,
  booked(winter, '2026-12-15T09:00', 1, 'course', inWinter),
  booked(summer, '2027-07-15T09:00', 2, 'course', byOldRules('2027-07-15T09:00', '2027-07-15T16:00:00.000Z')),
  booked(cancelled, '2026-12-16T09:00', 3, 'course', byOldRules('2026-12-16T09:00', '2026-12-16T17:00:00.000Z')),
  SessionCancelled({ ...planned.occurredAt }, { courseId, patientId, sessionId: cancelled, reason: 'ill' }),
  booked(past, '2026-02-01T09:00', 4, 'course', byOldRules('2026-02-01T09:00', '2026-02-01T18:00:00.000Z')),
);

describe('newer rules of a zone', () => {
  const events = applyZoneRules(course, NOW);

  it('move the instant of what is booked and to come, and keep the wall time', () => {
    expect(events.map(({ data }) => data)).toEqual([
      {
        ...{ courseId, patientId, sessionId: winter },
        at: { ...inWinter.at, tzdb: TZDB_VERSION, instant: '2026-12-15T16:00:00.000Z' },
        was: { instant: '2026-12-15T17:00:00.000Z', tzdb: '2025c' },
      },
    ]);
  });

  it('are applied once, and count as no new booking', () => {
    const after = given(planned, booked(winter, '2026-12-15T09:00', 1, 'course', inWinter), ...events) as PlannedCourse;
    expect(applyZoneRules(after, NOW)).toEqual([]);
    expect(after.sessions).toMatchObject([
      { status: 'booked', bookings: 1, bookedFor: { wall: '2026-12-15T09:00', instant: '2026-12-15T16:00:00.000Z' } },
    ]);
  });

  it('change nothing about what was performed', () => {
    const done = given(planned, performed(winter, '2026-12-15T09:00', 1), ...events) as PlannedCourse;
    expect(done.sessions).toMatchObject([{ status: 'performed', bookedFor: undefined }]);
  });
});
