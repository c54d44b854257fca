import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { newId } from '#libs/kernel/src/ids.js';
import fc from 'fast-check';
import { CourseHistory } from '#test/support/treatment-history.js';
import {
  CourseCompleted,
  type CourseEvent,
  SessionCancelled,
  SessionMissed,
  SessionReviewed,
} from './course.events.js';
import { courseFold, type CourseState, foldCourse } from './course.state.js';

/** The events of a course as they come back from the log. */
function history(): RecordedEvent<CourseEvent>[] {
  const [booked, performed] = [newId(), newId()];
  const course = new CourseHistory({ site: newId(), patient: newId(), practitioner: newId() }, { end: 'completed' })
    .booked('2024-01-01T10:00', { id: booked })
    .performed('2024-01-02T10:00', { id: performed })
    .performed('2024-01-12T10:00')
    .performed('2024-04-10T10:00', { kind: 'maintenance' });
  const own = course.streams().flatMap(({ stream, events }) => (stream.startsWith('course-') ? events : []));
  const first = own[0] as CourseEvent;
  const { courseId, patientId } = first.data;
  const of = { courseId, patientId, sessionId: booked };
  const reviewed = { courseId, patientId, sessionId: performed, physicianId: newId() };
  const events = [
    ...own,
    SessionMissed(first.occurredAt, of),
    SessionCancelled(first.occurredAt, { ...of, reason: 'moved' }),
    SessionReviewed(first.occurredAt, { ...reviewed, outcome: 'no-harm', note: 'looked at' }),
    CourseCompleted(first.occurredAt, { courseId, patientId }),
  ];
  return events.map(
    (event, revision) =>
      ({ ...event, revision, recordedAt: '2024-06-01T00:00:00.000Z', header: { origin: 'live' } }) as never,
  );
}

const evolved = (events: readonly RecordedEvent<CourseEvent>[], state: CourseState = courseFold.initial): CourseState =>
  events.reduce(courseFold.evolve, state);

it('folds several events to what each in turn leads to, wherever they are cut, and leaves what it was given as it was', () => {
  const events = history();
  const expected = evolved(events);
  expect(expected).toMatchObject({ status: 'completed' });
  fc.assert(
    fc.property(fc.nat(events.length), (cut) => {
      const before = evolved(events.slice(0, cut));
      const frozen = structuredClone(before);
      expect(foldCourse(before, events.slice(cut))).toEqual(expected);
      expect(before).toEqual(frozen);
    }),
  );
});

it('is nothing before it is planned', () => {
  const events = history().slice(1);
  expect(foldCourse(courseFold.initial, events)).toEqual(courseFold.initial);
  expect(evolved(events)).toEqual(courseFold.initial);
});
