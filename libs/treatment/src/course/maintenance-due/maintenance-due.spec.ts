import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { subtractDateDuration } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  CourseHistory,
  type CourseOptions,
  patient,
  practitioner,
  protocols,
  site,
} from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import { SiteImportedMaintenanceReleased, siteStream } from '../../site/site.events.js';
import { MaintenanceDeclined } from '../course.events.js';
import { maintenanceDueSchema } from './maintenance-due.contract.js';
import type { MaintenanceParams } from './maintenance-due.query.js';

let models: TestReadModels;
let chain: Chain;
let of: { site: string; patient: string; practitioner: string };

beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());
beforeEach(async () => {
  chain = await models.engine.newChain();
  of = { site: newId(), patient: newId(), practitioner: newId() };
});

const references = () => [
  ...protocols(chain.id),
  site(of.site),
  practitioner({ id: of.practitioner }),
  patient(of.patient),
];
const completed = (options: CourseOptions = {}, patientId = of.patient) =>
  new CourseHistory({ ...of, patient: patientId }, { end: 'completed', ...options });
const list = async (params: Partial<MaintenanceParams> = {}) =>
  (await models.maintenance.list(chain, { limit: 100, today: '2024-05-02', ...params })).items;

it('shows whose maintenance is coming up, due and overdue, in the order in which the windows open', async () => {
  const [second, third] = [newId(), newId()];
  const due = completed().performed('2024-01-02T10:00');
  const upcoming = completed({}, second).performed('2024-03-02T10:00');
  const overdue = completed({}, third)
    .performed('2023-03-02T10:00')
    .booked('2099-01-01T09:00', { kind: 'maintenance' });
  const histories = [upcoming, due, overdue, completed({}, newId()), completed({ protocol: 'general' }, newId())];
  await models.engine.codes.reserve(chain, 'course', ['C1'], () => due.id);
  await models.record(chain, [...references(), patient(second), ...histories.flatMap((history) => history.streams())]);
  const items = await list();
  expect(items.map(({ course, state, opens }) => [course.id, state, opens])).toEqual([
    [overdue.id, 'overdue', '2023-06-02'],
    [due.id, 'due', '2024-04-02'],
    [upcoming.id, 'upcoming', '2024-06-02'],
  ]);
  expect(maintenanceDueSchema.parse(items[1])).toEqual({
    course: { id: due.id, code: 'C1', protocol: 'facial' },
    patient: { id: of.patient, code: null, name: 'İpek Şahin' },
    site: { id: of.site, code: null, name: 'Nişantaşı' },
    ordinal: 1,
    opens: '2024-04-02',
    closes: '2024-07-02',
    state: 'due',
    booked: null,
    imported: false,
  });
  expect(items[0]?.booked).toEqual({ sessionId: expect.any(String), at: '2099-01-01T09:00' });
  expect((await list({ state: ['due', 'upcoming'] })).map(({ state }) => state)).toEqual(['due', 'upcoming']);
});

it('comes in pages', async () => {
  const histories = Array.from({ length: 5 }, () => completed({}, newId()).performed('2024-01-02T10:00'));
  await models.record(chain, [...references(), ...histories.flatMap((history) => history.streams())]);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await models.maintenance.list(chain, { limit: 2, cursor });
    seen.push(...page.items.map(({ course }) => course.id));
    cursor = page.next ?? undefined;
  } while (cursor);
  expect(seen).toEqual(histories.map(({ id }) => id).sort());
});

it('is asked for one site', async () => {
  const elsewhere = newId();
  const there = new CourseHistory({ ...of, site: elsewhere, patient: newId() }, { end: 'completed' }).performed(
    '2024-01-02T10:00',
  );
  await models.engine.codes.reserve(chain, 'site', ['VAN1'], () => elsewhere);
  const here = completed().performed('2024-01-02T10:00');
  await models.record(chain, [...references(), site(elsewhere), ...there.streams(), ...here.streams()]);
  expect((await list({ site: 'VAN1' })).map(({ course }) => course.id)).toEqual([there.id]);
  await expect(list({ site: 'VAN2' })).rejects.toMatchObject({ code: 'site.unknown' });
});

it('goes on to the next window with each maintenance session', async () => {
  const history = completed()
    .performed('2024-01-02T10:00')
    .performed('2024-04-10T10:00', { kind: 'maintenance' })
    .performed('2024-06-30T10:00', { kind: 'maintenance' });
  await models.record(chain, [...references(), ...history.streams()]);
  expect(await list({ today: '2024-07-01' })).toMatchObject([
    { ordinal: 3, opens: '2024-08-30', closes: '2024-12-30', state: 'upcoming' },
  ]);
});

it('leaves out whom it no longer concerns: who declined, and who began a new course', async () => {
  const declined = completed({}, newId()).performed('2024-01-02T10:00');
  const renewed = completed().performed('2024-01-02T10:00');
  const later = new CourseHistory(of).performed('2024-05-10T10:00');
  await models.record(chain, [...references(), ...[declined, renewed, later].flatMap((history) => history.streams())]);
  const refusal = MaintenanceDeclined(occurredNow('2024-05-01T10:00:00.000Z'), {
    courseId: declined.id,
    patientId: declined.of.patient,
  });
  await models.record(chain, [{ stream: `course-${declined.id}`, events: [refusal] }]);
  expect((await list({ today: '2024-05-09' })).map(({ course }) => course.id)).toEqual([renewed.id]);
  expect(await list({ today: '2024-05-10' })).toEqual([]);
});

it('marks windows that were over when an import brought their course, until their site lets the messages go', async () => {
  const imported = (performedAt: string, of: { site: string }) =>
    new CourseHistory(
      { ...of, patient: newId(), practitioner: newId() },
      { end: 'completed', origin: 'import' },
    ).performed(performedAt);
  const elsewhere = newId();
  const overdue = imported('2020-01-02T10:00', of);
  const overdueElsewhere = imported('2020-01-02T10:00', { site: elsewhere });
  const live = completed({}, newId()).performed('2020-01-02T10:00');
  const due = imported(`${subtractDateDuration(new Date().toISOString().slice(0, 10), 'P4M')}T10:00`, of);
  const future = imported('2098-01-02T10:00', of);
  const histories = [overdue, overdueElsewhere, live, due, future];
  await models.record(chain, [...references(), site(elsewhere), ...histories.flatMap((history) => history.streams())]);
  const waiting = async () => (await list()).filter((item) => item.imported).map(({ course }) => course.id);
  expect((await waiting()).sort()).toEqual([overdue.id, overdueElsewhere.id].sort());

  const release = SiteImportedMaintenanceReleased(occurredNow('2024-05-02T10:00:00.000Z'), { siteId: of.site });
  await models.record(chain, [{ stream: siteStream(of.site), events: [release] }]);
  expect(await waiting()).toEqual([overdueElsewhere.id]);

  // What a later import brings waits again.
  const later = imported('2020-01-02T10:00', of);
  await models.record(chain, later.streams());
  expect((await waiting()).sort()).toEqual([overdueElsewhere.id, later.id].sort());
});

it('agrees with the list of courses', async () => {
  const histories = [
    completed({}, newId()).performed('2024-01-31T10:00').performed('2024-02-14T10:00'),
    completed({}, newId()).performed('2024-01-02T10:00').performed('2024-02-10T10:00', { kind: 'maintenance' }),
    completed({ protocol: 'hair' }, newId()).performed('2024-01-02T10:00'),
  ];
  await models.record(chain, [...references(), ...histories.flatMap((history) => history.streams())]);
  const { items } = await models.courses.list(chain, { limit: 100, today: '2024-05-02' });
  const windows = items.flatMap(({ id, maintenance }) => (maintenance ? [{ id, ...maintenance }] : []));
  const due = (await list()).map(({ course, opens, closes, state }) => ({ id: course.id, opens, closes, state }));
  expect(due).toEqual(expect.arrayContaining(windows));
  expect(due).toHaveLength(windows.length);
});
