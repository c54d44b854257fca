import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { readModelWorld } from '#test/support/read-model-world.js';
import { CourseHistory, site, zoned } from '#test/support/treatment-history.js';
import {
  CourseEntryRetracted,
  CourseStopped,
  SessionCancelled,
  SessionMissed,
  SessionRescheduled,
} from '../../course/course.events.js';
import { siteDaySchema } from './site-day.contract.js';

const world = readModelWorld();

const at = occurredNow('2024-01-01T00:00:00.000Z');

it('shows what was performed, is booked, was missed and called off, in the order of times', async () => {
  const [performed, missed, cancelled] = [newId(), newId(), newId()];
  const history = new CourseHistory(world.of)
    .booked('2024-03-01T15:00', { id: missed, number: 3 })
    .booked('2024-03-01T08:00', { id: performed, number: 1 })
    .booked('2024-03-01T12:00', { id: cancelled, number: 2 })
    .booked('2024-03-01T17:00', { number: 4 })
    .booked('2024-03-02T00:00', { number: 5 });
  const named = { courseId: history.id, patientId: world.of.patient };
  history
    .performed('2024-03-01T08:20', { id: performed, number: 1 })
    .push(
      SessionMissed(at, { ...named, sessionId: missed }),
      SessionCancelled(at, { ...named, sessionId: cancelled, reason: 'ill' }),
    );
  await world.models.engine.codes.reserve(world.chain, 'course', ['C1'], () => history.id);
  await world.record([...world.people(), ...history.streams()]);
  const day = siteDaySchema.parse(await world.models.siteDay.day(world.chain, world.of.site, { date: '2024-03-01' }));
  expect(day.items.map(({ number, status, at: wall }) => [number, status, wall])).toEqual([
    [1, 'performed', '2024-03-01T08:20'],
    [2, 'cancelled', '2024-03-01T12:00'],
    [3, 'missed', '2024-03-01T15:00'],
    [4, 'booked', '2024-03-01T17:00'],
  ]);
  expect(day.items[0]).toEqual({
    sessionId: performed,
    course: { id: history.id, code: 'C1', protocol: 'facial' },
    patient: { id: world.of.patient, code: null, name: 'İpek Şahin' },
    practitioner: { id: world.of.practitioner, code: null, name: 'Zoë García' },
    kind: 'course',
    number: 1,
    status: 'performed',
    at: '2024-03-01T08:20',
    durationMinutes: 45,
  });
});

it('moves a session with its new time and site', async () => {
  const [elsewhere, sessionId] = [newId(), newId()];
  const history = new CourseHistory(world.of).booked('2024-03-01T15:00', { id: sessionId });
  await world.record([...world.people(), site(elsewhere, 'America/Vancouver'), ...history.streams()]);
  const moved = SessionRescheduled(at, {
    courseId: history.id,
    patientId: world.of.patient,
    sessionId,
    siteId: elsewhere,
    practitionerId: world.of.practitioner,
    at: zoned('2024-03-03T20:00', 'America/Vancouver'),
  });
  await world.record([{ stream: `course-${history.id}`, events: [moved] }]);
  expect((await world.models.siteDay.day(world.chain, world.of.site, { date: '2024-03-01' })).items).toEqual([]);
  // The day is the site's own: in UTC this is the fourth of March.
  expect((await world.models.siteDay.day(world.chain, elsewhere, { date: '2024-03-03' })).items).toMatchObject([
    { sessionId },
  ]);
});

it('[course.not-active] leaves out what is still booked in a course that has ended, until its end is taken back', async () => {
  const history = new CourseHistory(world.of).performed('2024-03-01T08:00').booked('2024-03-01T15:00', { number: 2 });
  await world.record([...world.people(), ...history.streams()]);
  const named = { courseId: history.id, patientId: world.of.patient };
  const stream = `course-${history.id}`;
  const shown = async () =>
    (await world.models.siteDay.day(world.chain, world.of.site, { date: '2024-03-01' })).items.map(
      ({ status }) => status,
    );
  await world.record([{ stream, events: [CourseStopped(at, { ...named, reason: 'moved' })] }]);
  expect(await shown()).toEqual(['performed']);
  const stored = await world.models.engine.store.readStream(world.chain.id, stream);
  const retracts = stored.find(({ header }) => header.type === 'CourseStopped')?.header.id ?? '';
  const retracted = CourseEntryRetracted(at, { ...named, retracts, retractionReason: 'stays' });
  await world.say(stream, retracted);
  expect(await shown()).toEqual(['performed', 'booked']);
});

it('takes the site’s present day when none is named, and refuses a site that does not exist', async () => {
  await world.record(world.people());
  const day = await world.models.siteDay.day(world.chain, world.of.site);
  expect(day).toMatchObject({ date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/), items: [] });
  await expect(world.models.siteDay.day(world.chain, newId())).rejects.toMatchObject({ code: 'site.unknown' });
});
