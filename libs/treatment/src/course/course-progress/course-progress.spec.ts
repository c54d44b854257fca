import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { readModelWorld } from '#test/support/read-model-world.js';
import type { StreamOfEvents } from '#test/support/test-engine.js';
import { CourseHistory, type CourseOptions, lot, patient, site, zoned } from '#test/support/treatment-history.js';
import { FollowUpHeld, SessionCancelled, SessionMissed, SessionRescheduled } from '../course.events.js';
import { courseDetailSchema, courseProgressSchema } from './course-progress.contract.js';
import type { CoursesParams } from './course-progress.query.js';

const PAGE: CoursesParams = { limit: 100 };

const world = readModelWorld();

/** Everything that a facial course is judged by, in order. */
const references = (): StreamOfEvents[] => [...world.references(), lot(world.of.site)];
const course = (options: CourseOptions = {}) => new CourseHistory(world.of, options);
describe('the list of courses', () => {
  it('shows where a course stands', async () => {
    const history = course().performed('2024-01-02T10:00').performed('2024-01-16T10:00').booked('2030-01-30T10:00');
    await world.models.engine.codes.reserve(world.chain, 'course', ['C000001'], () => history.id);
    await world.models.engine.codes.reserve(world.chain, 'patient', ['PT00001'], () => world.of.patient);
    await world.record([...references(), ...history.streams()]);
    const shown = await world.listed(history.id);
    expect(courseProgressSchema.parse(shown)).toEqual({
      id: history.id,
      course: 'C000001',
      patient: { id: world.of.patient, code: 'PT00001', name: 'İpek Şahin' },
      site: { id: world.of.site, code: null, name: 'Nişantaşı' },
      practitioner: { id: world.of.practitioner, code: null, name: 'Zoë García' },
      protocol: 'facial',
      protocolVersion: 1,
      planned: 4,
      performed: 2,
      maintenancePerformed: 0,
      status: 'active',
      first: '2024-01-02',
      last: '2024-01-16',
      nextEarliest: '2024-01-30',
      maintenance: null,
      suggestedCourse: null,
      deviations: {},
      reviews: 0,
      lastingReactions: 0,
      lapsingSince: '2024-04-15',
      booked: {
        sessionId: expect.any(String),
        at: '2030-01-30T10:00',
        site: { id: world.of.site, code: null, name: 'Nişantaşı' },
      },
    });
  });

  it('comes in the order of codes, in pages, and ends with courses that have none', async () => {
    const histories = ['C3', 'C1', undefined, 'C2'].map((code) => ({ code, history: course() }));
    for (const { code, history } of histories) {
      if (code) await world.models.engine.codes.reserve(world.chain, 'course', [code], () => history.id);
    }
    await world.record([...references(), ...histories.flatMap(({ history }) => history.streams())]);
    const first = await world.models.courses.list(world.chain, { limit: 3 });
    expect(first.items.map((item) => item.course)).toEqual(['C1', 'C2', 'C3']);
    const second = await world.models.courses.list(world.chain, { limit: 3, cursor: first.next ?? '' });
    expect(second.items.map((item) => item.course)).toEqual([null]);
    expect(second.next).toBeNull();
  });

  it('is filtered by site, patient, status and deviation', async () => {
    const [elsewhere, other] = [newId(), newId()];
    const here = course({ end: 'stopped' });
    const there = new CourseHistory({ ...world.of, site: elsewhere, patient: other }, { plannedSessions: 9 });
    await world.models.engine.codes.reserve(world.chain, 'site', ['VAN1'], () => elsewhere);
    await world.record([...references(), site(elsewhere), patient(other), ...here.streams(), ...there.streams()]);
    const ids = async (params: Partial<CoursesParams>) =>
      (await world.models.courses.list(world.chain, { ...PAGE, ...params })).items.map(({ id }) => id);
    expect(await ids({ site: 'VAN1' })).toEqual([there.id]);
    expect(await ids({ patient: world.of.patient })).toEqual([here.id]);
    expect(await ids({ status: 'stopped' })).toEqual([here.id]);
    expect(await ids({ deviation: 'session-count' })).toEqual([there.id]);
    expect(await ids({ site: 'VAN1', status: 'stopped' })).toEqual([]);
    await expect(ids({ site: 'NOWHERE' })).rejects.toMatchObject({ code: 'site.unknown' });
  });

  it('keeps to its chain', async () => {
    const history = course();
    await world.record([...references(), ...history.streams()]);
    const other = await world.models.engine.newChain();
    expect((await world.models.courses.list(other, PAGE)).items).toEqual([]);
    await expect(world.models.courses.detail(other, history.id)).rejects.toMatchObject({ code: 'course.unknown' });
  });
});

describe('maintenance', () => {
  const completed = (options: CourseOptions = {}) => course({ end: 'completed', ...options });
  const on = async (id: string, today: string) => (await world.listed(id, { today }))?.maintenance;

  it('is upcoming before its window, due inside it, both days included, and overdue after', async () => {
    const history = completed().performed('2024-01-31T10:00').performed('2024-02-14T10:00');
    await world.record([...references(), ...history.streams()]);
    const window = { opens: '2024-04-30', closes: '2024-07-31' };
    expect(await on(history.id, '2024-04-29')).toEqual({ ...window, state: 'upcoming' });
    expect(await on(history.id, '2024-04-30')).toEqual({ ...window, state: 'due' });
    expect(await on(history.id, '2024-07-31')).toEqual({ ...window, state: 'due' });
    expect(await on(history.id, '2024-08-01')).toEqual({ ...window, state: 'overdue' });
  });

  it('takes the date at the course’s site when none is asked for', async () => {
    const history = completed().performed('2020-01-31T10:00');
    await world.record([...references(), ...history.streams()]);
    expect((await world.listed(history.id))?.maintenance?.state).toBe('overdue');
  });

  it('opens no earlier than the shortest interval after the last session, and goes on from each maintenance session', async () => {
    const long = completed().performed('2024-01-02T10:00').performed('2024-05-01T10:00');
    const kept = completed({ protocol: 'facial' })
      .performed('2022-01-02T10:00')
      .performed('2022-04-10T10:00', { kind: 'maintenance' });
    await world.record([...references(), ...long.streams(), ...kept.streams()]);
    expect(await on(long.id, '2024-05-02')).toEqual({ opens: '2024-05-15', closes: '2024-07-02', state: 'upcoming' });
    expect(await on(kept.id, '2023-01-01')).toEqual({ opens: '2022-06-10', closes: '2022-10-10', state: 'overdue' });
  });

  it('is null for a course that is not completed, has no performed session, or follows no rhythm', async () => {
    const active = course().performed('2024-01-02T10:00');
    const stopped = course({ end: 'stopped' }).performed('2024-01-02T10:00');
    const empty = completed();
    const onlyMaintenance = completed().performed('2024-01-02T10:00', { kind: 'maintenance' });
    const general = completed({ protocol: 'general' }).performed('2024-01-02T10:00');
    const all = [active, stopped, empty, onlyMaintenance, general];
    await world.record([...references(), ...all.flatMap((history) => history.streams())]);
    for (const { id } of all) expect(await on(id, '2024-05-02')).toBeNull();
  });

  it('ends with the first performed session of a later course under the same protocol', async () => {
    const former = completed().performed('2024-01-02T10:00');
    const later = course().performed('2024-06-01T10:00').performed('2024-06-15T10:00');
    const otherProtocol = course({ protocol: 'hair' }).performed('2024-03-01T10:00');
    const otherPatient = new CourseHistory({ ...world.of, patient: newId() }).performed('2024-03-01T10:00');
    const planned = course();
    const histories = [later, former, otherProtocol, otherPatient, planned];
    await world.record([...references(), ...histories.flatMap((history) => history.streams())]);
    expect(await on(former.id, '2024-05-31')).toMatchObject({ opens: '2024-04-02', state: 'due' });
    expect(await on(former.id, '2024-06-01')).toBeNull();
    expect(await on(former.id, '2025-06-01')).toBeNull();
  });
});

describe('one course', () => {
  it('shows its sessions with what was recorded and what deviates, and its follow-ups', async () => {
    const [late, missed, cancelled, moved] = [newId(), newId(), newId(), newId()];
    const named = { courseId: '', patientId: world.of.patient };
    const history = course()
      .performed('2024-01-16T10:00', { number: 2, minutes: 90 })
      .performed('2024-01-02T10:00', { number: 1 })
      .booked('2024-01-30T10:00', { id: late, number: 3 })
      .booked('2024-02-13T10:00', { id: missed, number: 4 })
      .booked('2024-02-14T10:00', { id: cancelled, number: 5 })
      .booked('2024-02-15T10:00', { id: moved, number: 6 });
    named.courseId = history.id;
    const at = occurredNow('2024-01-20T10:00:00.000Z');
    history.push(
      SessionMissed(at, { ...named, sessionId: missed }),
      SessionCancelled(at, { ...named, sessionId: cancelled, reason: 'ill' }),
      SessionRescheduled(at, {
        ...named,
        sessionId: moved,
        siteId: world.of.site,
        practitionerId: world.of.practitioner,
        at: zoned('2030-03-01T09:00'),
      }),
      FollowUpHeld(at, {
        ...named,
        followUpId: newId(),
        siteId: world.of.site,
        kind: 'remote',
        at: zoned('2024-01-19T09:30'),
        reactions: ['redness'],
        adverseEvent: { kind: 'infection', severity: 'mild' },
        outcomeScore: 4,
      }),
    );
    await world.record([...references(), ...history.streams()]);
    const detail = courseDetailSchema.parse(await world.models.courses.detail(world.chain, history.id));
    expect(detail).toMatchObject({
      revision: history.events.length - 1,
      consent: { signedOn: '2024-01-01' },
      intervalDays: { min: 14, max: 14 },
      booked: { sessionId: moved, at: '2030-03-01T09:00' },
    });
    expect(detail.sessions.map(({ number, status, at: wall }) => [number, status, wall])).toEqual([
      [1, 'performed', '2024-01-02T10:00'],
      [2, 'performed', '2024-01-16T10:00'],
      [3, 'booked', '2024-01-30T10:00'],
      [4, 'missed', '2024-02-13T10:00'],
      [5, 'cancelled', '2024-02-14T10:00'],
      [6, 'booked', '2030-03-01T09:00'],
    ]);
    expect(detail.sessions[1]).toMatchObject({
      zone: 'Europe/Istanbul',
      instant: '2024-01-16T07:00:00.000Z',
      localDate: '2024-01-16',
      durationMinutes: 90,
      device: 'needle',
      depthMm: 2,
      products: [{ product: 'GlowMeso', lotNumber: 'L1', volumeMl: null }],
      painScore: null,
      deviations: ['duration'],
    });
    expect(detail.followUps).toEqual([
      {
        id: expect.any(String),
        at: '2024-01-19T09:30',
        kind: 'remote',
        site: { id: world.of.site, code: null, name: 'Nişantaşı' },
        reactions: ['redness'],
        adverseEvent: { kind: 'infection', severity: 'mild' },
        outcomeScore: 4,
        resolvedReactions: [],
        lasting: [],
      },
    ]);
  });

  it('that does not exist is refused', async () => {
    await expect(world.models.courses.detail(world.chain, newId())).rejects.toMatchObject({
      kind: 'not-found',
      code: 'course.unknown',
    });
    await expect(world.models.courses.detail(world.chain, 'C9')).rejects.toMatchObject({
      kind: 'not-found',
      code: 'course.unknown',
    });
  });
});

it('holds no personal data', async () => {
  const history = course({ end: 'stopped' }).performed('2024-01-02T10:00');
  const sick = patient(world.of.patient, { conditions: ['pregnancy'], allergies: ['biotin'] });
  await world.record([
    ...references().filter(({ stream }) => !stream.startsWith('patient-')),
    sick,
    ...history.streams(),
  ]);
  const { db } = world.models.engine;
  const { rows: tables } = await db.query<{ name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_schema ~ '_v[0-9]+$'`,
  );
  expect(tables.length).toBeGreaterThan(15);
  for (const { name } of tables) {
    const { rows } = await db.query<{ row: string }>(
      `select row_to_json(t)::text as row from ${name} t where chain = $1`,
      [world.chain.no],
    );
    expect(rows.map(({ row }) => row).filter((row) => /Şahin|İpek|García|1991-10-01|moved away/.test(row))).toEqual([]);
    const ofPatients = name.endsWith('.protocol') ? [] : rows;
    expect(ofPatients.map(({ row }) => row).filter((row) => /pregnancy|biotin/.test(row))).toEqual([]);
  }
});
