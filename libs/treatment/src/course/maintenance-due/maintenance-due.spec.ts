import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { subtractDateDuration } from '#libs/kernel/src/local-date.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { readModelWorld } from '#test/support/read-model-world.js';
import { CourseHistory, type CourseOptions, patient, site, zoned } from '#test/support/treatment-history.js';
import { SiteImportedMaintenanceReleased, siteStream } from '../../site/site.events.js';
import {
  CourseEntryRetracted,
  courseStream,
  MaintenanceDeclined,
  MaintenanceResumed,
  MaintenanceScheduled,
  SessionPerformedCorrected,
} from '../course.events.js';
import {
  PatientDied,
  PatientEntryRetracted,
  PatientLinked,
  PatientMovedAway,
  PatientReturned,
  patientStream,
  PatientUnlinked,
} from '../../patient/patient.events.js';
import { maintenanceDueSchema } from './maintenance-due.contract.js';
import type { MaintenanceParams } from './maintenance-due.query.js';

const world = readModelWorld();

const completed = (options: CourseOptions = {}, patientId = world.of.patient) =>
  new CourseHistory({ ...world.of, patient: patientId }, { end: 'completed', ...options });
const list = async (params: Partial<MaintenanceParams> = {}) =>
  (await world.models.maintenance.list(world.chain, { limit: 100, today: '2024-05-02', ...params })).items;

it('shows whose maintenance is coming up, due and overdue, in the order in which the windows open', async () => {
  const [second, third] = [newId(), newId()];
  const due = completed().performed('2024-01-02T10:00');
  const upcoming = completed({}, second).performed('2024-03-02T10:00');
  const overdue = completed({}, third)
    .performed('2023-03-02T10:00')
    .booked('2099-01-01T09:00', { kind: 'maintenance' });
  const histories = [upcoming, due, overdue, completed({}, newId()), completed({ protocol: 'general' }, newId())];
  await world.models.engine.codes.reserve(world.chain, 'course', ['C1'], () => due.id);
  await world.record([...world.references(), patient(second), ...histories.flatMap((history) => history.streams())]);
  const items = await list();
  expect(items.map(({ course, state, opens }) => [course.id, state, opens])).toEqual([
    [overdue.id, 'overdue', '2023-06-02'],
    [due.id, 'due', '2024-04-02'],
    [upcoming.id, 'upcoming', '2024-06-02'],
  ]);
  expect(maintenanceDueSchema.parse(items[1])).toEqual({
    course: { id: due.id, code: 'C1', protocol: 'facial' },
    patient: { id: world.of.patient, code: null, name: 'İpek Şahin' },
    site: { id: world.of.site, code: null, name: 'Nişantaşı' },
    ordinal: 1,
    opens: '2024-04-02',
    closes: '2024-07-02',
    latest: null,
    state: 'due',
    suggestedCourse: { opens: '2024-04-02', closes: '2024-07-02', state: 'open' },
    booked: null,
    imported: false,
  });
  expect(items[0]?.booked).toEqual({ sessionId: expect.any(String), at: '2099-01-01T09:00' });
  expect((await list({ state: ['due', 'upcoming'] })).map(({ state }) => state)).toEqual(['due', 'upcoming']);
});

it('comes in pages', async () => {
  const histories = Array.from({ length: 5 }, () => completed({}, newId()).performed('2024-01-02T10:00'));
  await world.record([...world.references(), ...histories.flatMap((history) => history.streams())]);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await world.models.maintenance.list(world.chain, { limit: 2, cursor });
    seen.push(...page.items.map(({ course }) => course.id));
    cursor = page.next ?? undefined;
  } while (cursor);
  expect(seen).toEqual(histories.map(({ id }) => id).sort());
});

it('is asked for one site', async () => {
  const elsewhere = newId();
  const there = new CourseHistory({ ...world.of, site: elsewhere, patient: newId() }, { end: 'completed' }).performed(
    '2024-01-02T10:00',
  );
  await world.models.engine.codes.reserve(world.chain, 'site', ['VAN1'], () => elsewhere);
  const here = completed().performed('2024-01-02T10:00');
  await world.record([...world.references(), site(elsewhere), ...there.streams(), ...here.streams()]);
  expect((await list({ site: 'VAN1' })).map(({ course }) => course.id)).toEqual([there.id]);
  await expect(list({ site: 'VAN2' })).rejects.toMatchObject({ code: 'site.unknown' });
});

it('goes on to the next window with each maintenance session', async () => {
  const history = completed()
    .performed('2024-01-02T10:00')
    .performed('2024-04-10T10:00', { kind: 'maintenance' })
    .performed('2024-06-30T10:00', { kind: 'maintenance' });
  await world.record([...world.references(), ...history.streams()]);
  expect(await list({ today: '2024-07-01' })).toMatchObject([
    { ordinal: 3, opens: '2024-08-30', closes: '2024-12-30', state: 'upcoming' },
  ]);
});

it('leaves out whom it no longer concerns: who declined, and who began a new course', async () => {
  const declined = completed({}, newId()).performed('2024-01-02T10:00');
  const renewed = completed().performed('2024-01-02T10:00');
  const later = new CourseHistory(world.of).performed('2024-05-10T10:00');
  await world.record([...world.references(), ...[declined, renewed, later].flatMap((history) => history.streams())]);
  const refusal = MaintenanceDeclined(occurredNow('2024-05-01T10:00:00.000Z'), {
    courseId: declined.id,
    patientId: declined.of.patient,
  });
  await world.record([{ stream: `course-${declined.id}`, events: [refusal] }]);
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
  const overdue = imported('2020-01-02T10:00', world.of);
  const overdueElsewhere = imported('2020-01-02T10:00', { site: elsewhere });
  const live = completed({}, newId()).performed('2020-01-02T10:00');
  const due = imported(`${subtractDateDuration(new Date().toISOString().slice(0, 10), 'P4M')}T10:00`, world.of);
  const future = imported('2098-01-02T10:00', world.of);
  const histories = [overdue, overdueElsewhere, live, due, future];
  await world.record([...world.references(), site(elsewhere), ...histories.flatMap((history) => history.streams())]);
  const waiting = async () => (await list()).filter((item) => item.imported).map(({ course }) => course.id);
  expect((await waiting()).sort()).toEqual([overdue.id, overdueElsewhere.id].sort());

  const release = SiteImportedMaintenanceReleased(occurredNow('2024-05-02T10:00:00.000Z'), { siteId: world.of.site });
  await world.record([{ stream: siteStream(world.of.site), events: [release] }]);
  expect(await waiting()).toEqual([overdueElsewhere.id]);

  // What a later import brings waits again.
  const later = imported('2020-01-02T10:00', world.of);
  await world.record(later.streams());
  expect((await waiting()).sort()).toEqual([overdueElsewhere.id, later.id].sort());
});

it('agrees with the list of courses', async () => {
  const histories = [
    completed({}, newId()).performed('2024-01-31T10:00').performed('2024-02-14T10:00'),
    completed({}, newId()).performed('2024-01-02T10:00').performed('2024-02-10T10:00', { kind: 'maintenance' }),
    completed({ protocol: 'hair' }, newId()).performed('2024-01-02T10:00'),
  ];
  await world.record([...world.references(), ...histories.flatMap((history) => history.streams())]);
  const { items } = await world.models.courses.list(world.chain, { limit: 100, today: '2024-05-02' });
  const windows = items.flatMap(({ id, maintenance }) => (maintenance ? [{ id, ...maintenance }] : []));
  const due = (await list()).map(({ course, opens, closes, state }) => ({ id: course.id, opens, closes, state }));
  expect(due).toEqual(expect.arrayContaining(windows));
  expect(due).toHaveLength(windows.length);
});

const now = occurredNow('2024-05-01T10:00:00.000Z');
const named = (history: CourseHistory) => ({ courseId: history.id, patientId: history.of.patient });
const tell = (history: CourseHistory, ...events: NewEvent[]) =>
  world.record([{ stream: courseStream(history.id), events }]);
const tellPatient = (patientId: string, ...events: NewEvent[]) =>
  world.record([{ stream: patientStream(patientId), events }]);
const idOfLast = async (stream: string, type: string) =>
  (await world.models.engine.store.readStream(world.chain.id, stream)).findLast(({ header }) => header.type === type)
    ?.header.id as string;
const begin = async (history: CourseHistory) => {
  await world.record([...world.references(), ...history.streams()]);
  return history;
};

describe('a protocol that leaves the date to the physician', () => {
  const faq = () => begin(completed({ protocol: 'clinic-faq' }).performed('2024-01-02T10:00'));
  const window = (history: CourseHistory, opens: string, closes: string, then = now) =>
    MaintenanceScheduled(then, { ...named(history), physicianId: world.of.practitioner, opens, closes });

  it('[maintenance.to-be-set] shows by when maintenance is to take place until a window is set', async () => {
    const history = await faq();
    const open = { opens: null, closes: null, latest: '2025-01-02', state: 'unscheduled', ordinal: 1 };
    expect(await list()).toEqual([expect.objectContaining({ ...open, suggestedCourse: null })]);
    expect(await list({ state: ['unscheduled'] })).toHaveLength(1);
    expect(await list({ state: ['upcoming', 'due', 'overdue'] })).toEqual([]);
    await tell(history, window(history, '2024-07-01', '2024-07-31'));
    const set = { opens: '2024-07-01', closes: '2024-07-31', latest: null, state: 'upcoming', ordinal: 1 };
    expect(await list()).toEqual([expect.objectContaining(set)]);
  });

  it('[maintenance.set-once] asks for a window anew after the maintenance session', async () => {
    const history = await faq();
    await tell(history, window(history, '2024-04-01', '2024-05-31', occurredAt(zoned('2024-02-01T10:00'))));
    expect((await list()).map(({ state }) => state)).toEqual(['due']);
    const treated = new CourseHistory(world.of, { id: history.id }).performed('2024-05-01T10:00', {
      kind: 'maintenance',
    });
    await tell(history, ...treated.events.slice(1));
    expect(await list()).toMatchObject([{ state: 'unscheduled', latest: '2025-05-01', ordinal: 2 }]);
  });

  it('[maintenance.to-be-set] stands in the list at that day, among the windows, in pages too', async () => {
    const rhythm = completed({}, newId()).performed('2024-01-02T10:00');
    const later = completed({}, newId()).performed('2025-01-02T10:00');
    const history = await faq();
    await world.record([...rhythm.streams(), ...later.streams()]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await world.models.maintenance.list(world.chain, { limit: 1, today: '2024-05-02', cursor });
      seen.push(...page.items.map(({ course }) => course.id));
      cursor = page.next ?? undefined;
    } while (cursor);
    expect(seen).toEqual([rhythm.id, history.id, later.id]);
  });
});

it('[maintenance.resumed] shows a course again whose patient wants maintenance again', async () => {
  const history = await begin(completed().performed('2024-01-02T10:00'));
  await tell(history, MaintenanceDeclined(now, named(history)));
  expect(await list()).toEqual([]);
  await tell(history, MaintenanceResumed(now, named(history)));
  expect(await list()).toMatchObject([{ opens: '2024-04-02', closes: '2024-07-02', state: 'due' }]);
});

describe('a correction', () => {
  it('[maintenance.anchor-moves] of a session moves the window, and taking the correction back moves it back', async () => {
    const history = await begin(completed().performed('2024-01-02T10:00'));
    const stream = courseStream(history.id);
    const performed = history.events.find(({ type }) => type === 'SessionPerformed')?.data;
    await tell(
      history,
      SessionPerformedCorrected(occurredAt(zoned('2024-02-12T10:00')), {
        ...(performed as Parameters<typeof SessionPerformedCorrected>[1]),
        at: zoned('2024-02-12T10:00'),
        corrects: await idOfLast(stream, 'SessionPerformed'),
        correctionReason: 'the month was mistyped',
      }),
    );
    expect(await list()).toMatchObject([
      { opens: '2024-05-12', closes: '2024-08-12', state: 'upcoming', suggestedCourse: { opens: '2024-05-12' } },
    ]);
    const correction = await idOfLast(stream, SessionPerformedCorrected.type);
    const back = { ...named(history), retracts: correction, retractionReason: 'it was right' };
    await tell(history, CourseEntryRetracted(now, back));
    expect(await list()).toMatchObject([{ opens: '2024-04-02', closes: '2024-07-02', state: 'due' }]);
  });
});

const linked = (a: string, b: string, linkId: string) => ({
  patientId: a,
  otherPatientId: b,
  linkId,
  reason: 'the same person',
});
async function link(a: string, b: string): Promise<string> {
  const linkId = newId();
  await tellPatient(a, PatientLinked(now, linked(a, b, linkId)));
  await tellPatient(b, PatientLinked(now, linked(b, a, linkId)));
  return linkId;
}
async function unlink(a: string, b: string, linkId: string): Promise<void> {
  await tellPatient(a, PatientUnlinked(now, linked(a, b, linkId)));
  await tellPatient(b, PatientUnlinked(now, linked(b, a, linkId)));
}

describe('the courses of a person under several registrations', () => {
  const due = async () => (await list()).map(({ course }) => course.id);
  let other: string;
  beforeEach(async () => {
    other = newId();
  });

  it('[maintenance.rhythm-of-person] ends with a later course under another registration, while they are linked', async () => {
    const former = await begin(completed().performed('2024-01-02T10:00'));
    const later = completed({}, other).performed('2024-02-02T10:00');
    await world.record([patient(other), ...later.streams()]);
    expect(await due()).toEqual([former.id, later.id]);
    const together = await link(world.of.patient, other);
    expect(await due()).toEqual([later.id]);
    await unlink(world.of.patient, other, together);
    expect(await due()).toEqual([former.id, later.id]);
    // What happens once they are linked counts as well, not only what had happened by then.
    await link(world.of.patient, other);
    const third = completed().performed('2024-03-02T10:00');
    await world.record(third.streams());
    expect(await due()).toEqual([third.id]);
  });

  it('[maintenance.declined-by-person] ends with a decline under another registration, while it and the link stand', async () => {
    const former = await begin(completed().performed('2024-01-02T10:00'));
    const elsewhere = completed({}, other).performed('2023-12-02T10:00');
    await world.record([patient(other), ...elsewhere.streams()]);
    const decline = () =>
      tell(elsewhere, MaintenanceDeclined(occurredNow('2024-04-20T10:00:00.000Z'), named(elsewhere)));
    await decline();
    expect(await due()).toEqual([former.id]);
    const together = await link(world.of.patient, other);
    expect(await due()).toEqual([]);
    await tell(elsewhere, MaintenanceResumed(now, named(elsewhere)));
    expect(await due()).toEqual([former.id]);
    await decline();
    expect(await due()).toEqual([]);
    await unlink(world.of.patient, other, together);
    expect(await due()).toEqual([former.id]);
  });

  it('[maintenance.declined-by-person] does not hold for a course that began after it, nor under another protocol', async () => {
    const declined = await begin(completed().performed('2024-01-02T10:00'));
    await tell(declined, MaintenanceDeclined(occurredNow('2024-01-20T10:00:00.000Z'), named(declined)));
    const later = completed({}, other).performed('2024-02-02T10:00');
    await world.record([patient(other), ...later.streams()]);
    await link(world.of.patient, other);
    expect(await due()).toEqual([later.id]);
    await tell(later, MaintenanceDeclined(occurredNow('2024-03-20T10:00:00.000Z'), named(later)));
    expect(await due()).toEqual([]);
  });

  it('[maintenance.rhythm-of-person] stands as the course itself says, in whatever order it was told and linked', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('course' as const), who: fc.nat(2), day: fc.integer({ min: 1, max: 28 }) }),
      fc.record({ kind: fc.constant('wish' as const), declines: fc.boolean(), which: fc.nat(5) }),
      fc.record({ kind: fc.constant('tie' as const), links: fc.boolean(), a: fc.nat(2), b: fc.nat(2) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        world.chain = await world.models.engine.newChain();
        const patients = [world.of.patient, newId(), newId()];
        await world.record([...world.references(), patient(patients[1]), patient(patients[2])]);
        const courses: { history: CourseHistory; who: number; began: string; declinedAt: string | null }[] = [];
        const links = new Map<string, string>();
        let hour = 0;
        for (const each of steps) {
          hour += 1;
          const instant = new Date(Date.UTC(2024, 3, 1, hour)).toISOString();
          if (each.kind === 'course') {
            const began = `2024-01-${String(each.day).padStart(2, '0')}T10:${String(courses.length).padStart(2, '0')}`;
            const history = completed({}, patients[each.who]).performed(began);
            await world.record(history.streams());
            courses.push({ history, who: each.who, began, declinedAt: null });
          } else if (each.kind === 'wish') {
            const course = courses[each.which % Math.max(courses.length, 1)];
            if (!course || each.declines === (course.declinedAt !== null)) continue;
            const told = each.declines ? MaintenanceDeclined : MaintenanceResumed;
            await tell(course.history, told(occurredNow(instant), named(course.history)));
            course.declinedAt = each.declines ? instant : null;
          } else {
            const key = [each.a, each.b].sort((a, b) => a - b).join('-');
            if (each.a === each.b || each.links === links.has(key)) continue;
            const [a, b] = [patients[each.a] as string, patients[each.b] as string];
            if (each.links) links.set(key, await link(a, b));
            else await unlink(a, b, links.get(key) as string);
            if (!each.links) links.delete(key);
          }
        }
        const group = (who: number, seen = new Set([who])): Set<number> => {
          for (const key of links.keys()) {
            const [a, b] = key.split('-').map(Number) as [number, number];
            for (const [x, y] of [
              [a, b],
              [b, a],
            ] as const)
              if (seen.has(x) && !seen.has(y)) group(who, seen.add(y));
          }
          return seen;
        };
        const goesOn = courses.filter((course) => {
          const others = courses.filter((each) => each !== course && group(course.who).has(each.who));
          const isEnded = others.some(({ began, declinedAt }) => began > course.began || declinedAt !== null);
          return course.declinedAt === null && !isEnded;
        });
        expect(new Set(await due())).toEqual(new Set(goesOn.map(({ history }) => history.id)));
      }),
      { numRuns: 25 },
    );
  });
});

describe('a patient who is gone', () => {
  const died = (patientId: string, on: string) => PatientDied(now, { patientId, on });
  const states = async (today = '2024-05-02') => (await list({ today })).map(({ state }) => state);

  it('[maintenance.patient-gone] is left out from the day of death on, and comes back where that was a mistake', async () => {
    await begin(completed().performed('2024-01-02T10:00'));
    await tellPatient(world.of.patient, died(world.of.patient, '2024-05-03'));
    expect(await states('2024-05-02')).toEqual(['due']);
    expect(await states('2024-05-03')).toEqual([]);
    const entry = await idOfLast(patientStream(world.of.patient), PatientDied.type);
    const retraction = { patientId: world.of.patient, retracts: entry, retractionReason: 'somebody else' };
    await tellPatient(world.of.patient, PatientEntryRetracted(now, retraction));
    expect(await states('2024-05-03')).toEqual(['due']);
  });

  it('[maintenance.patient-gone] is left out after moving away, and comes back on return', async () => {
    await begin(completed().performed('2024-01-02T10:00'));
    const of_ = { patientId: world.of.patient, on: '2024-04-30' };
    await tellPatient(world.of.patient, PatientMovedAway(now, of_));
    expect(await states()).toEqual([]);
    await tellPatient(world.of.patient, PatientReturned(now, { ...of_, on: '2024-05-01' }));
    expect(await states()).toEqual(['due']);
  });

  it('[maintenance.patient-gone] is gone by any of the registrations that are linked', async () => {
    await begin(completed().performed('2024-01-02T10:00'));
    const [other, third] = [newId(), newId()];
    await world.record([patient(other), patient(third)]);
    await tellPatient(third, died(third, '2024-05-01'));
    const link = (a: string, b: string, linkId: string) => ({
      patientId: a,
      otherPatientId: b,
      linkId,
      reason: 'same',
    });
    const [near, far] = [newId(), newId()];
    await tellPatient(world.of.patient, PatientLinked(now, link(world.of.patient, other, near)));
    await tellPatient(other, PatientLinked(now, link(other, world.of.patient, near)));
    expect(await states()).toEqual(['due']);
    await tellPatient(other, PatientLinked(now, link(other, third, far)));
    await tellPatient(third, PatientLinked(now, link(third, other, far)));
    expect(await states()).toEqual([]);
    await tellPatient(world.of.patient, PatientUnlinked(now, link(world.of.patient, other, near)));
    await tellPatient(other, PatientUnlinked(now, link(other, world.of.patient, near)));
    expect(await states()).toEqual(['due']);
  });

  it('[maintenance.patient-gone] is left out once erased', async () => {
    await begin(completed().performed('2024-01-02T10:00'));
    await world.models.engine.db.query(
      `update subject_key set wrapped = null, destroyed_at = now() where chain = $1 and subject = $2`,
      [world.chain.no, world.of.patient],
    );
    expect(await states()).toEqual([]);
    const { items } = await world.models.courses.list(world.chain, { limit: 10, today: '2024-05-02' });
    expect(items).toMatchObject([{ maintenance: null, suggestedCourse: null }]);
  });

  it('[maintenance.patient-gone] is left out once erased under any registration, until the link is undone', async () => {
    await begin(completed().performed('2024-01-02T10:00'));
    const other = newId();
    await world.record([patient(other)]);
    const together = await link(world.of.patient, other);
    expect(await states()).toEqual(['due']);
    await world.models.engine.db.query(
      `update subject_key set wrapped = null, destroyed_at = now() where chain = $1 and subject = $2`,
      [world.chain.no, other],
    );
    expect(await states()).toEqual([]);
    await unlink(world.of.patient, other, together);
    expect(await states()).toEqual(['due']);
  });

  it('[maintenance.patient-gone] shows no maintenance in the course either', async () => {
    const history = await begin(completed().performed('2024-01-02T10:00'));
    const view = async () => world.models.courses.detail(world.chain, history.id, { today: '2024-05-02' });
    expect(await view()).toMatchObject({ maintenance: { state: 'due' }, suggestedCourse: { state: 'open' } });
    await tellPatient(world.of.patient, died(world.of.patient, '2024-05-02'));
    expect(await view()).toMatchObject({ maintenance: null, suggestedCourse: null });
  });
});

describe('the suggestion of a whole new course', () => {
  it('[maintenance.suggested-course] stands beside the window with a state of its own', async () => {
    await begin(completed().performed('2024-01-02T10:00').performed('2024-01-31T10:00'));
    const on = async (today: string) => (await list({ today })).map(({ suggestedCourse }) => suggestedCourse?.state);
    expect(await on('2024-04-29')).toEqual(['upcoming']);
    expect(await on('2024-04-30')).toEqual(['open']);
    expect(await on('2024-07-31')).toEqual(['open']);
    expect(await on('2024-08-01')).toEqual(['over']);
    expect(await list({ suggestedCourse: ['open'], today: '2024-04-29' })).toEqual([]);
    expect(await list({ suggestedCourse: ['open'], today: '2024-04-30' })).toHaveLength(1);
  });

  it('[maintenance.suggested-course] ends with the first session of the new course', async () => {
    await begin(completed().performed('2024-01-02T10:00'));
    await world.record(new CourseHistory(world.of).performed('2024-05-02T10:00').streams());
    expect(await list({ today: '2024-05-01' })).toMatchObject([{ suggestedCourse: { state: 'open' } }]);
    expect(await list({ today: '2024-05-02' })).toEqual([]);
  });
});
