import { newId } from '#libs/kernel/src/ids.js';
import { addDays, addDateDuration } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestApi, rulesOf, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, practitioner, site } from '#test/support/treatment-history.js';
import { CourseEntered, PatientMovedAway, patientStream } from '../patient/patient.events.js';
import { PractitionerRegistered, practitionerStream } from '../practitioner/practitioner.events.js';
import { courseStream } from './course.events.js';
import { maintenanceDueSchema } from './maintenance-due/maintenance-due.contract.js';

/** Maintenance as a client sees it: over HTTP, with everything behind it. */
let api: TestApi;
const of = { site: newId(), practitioner: newId() };
const nurse = newId();
let today: string;

beforeAll(async () => {
  api = await openTestApi();
  const now = occurredNow('2026-01-01T00:00:00.000Z', 'unknown');
  await api.append(
    site(of.site),
    practitioner({ id: of.practitioner, procedures: ['facial', 'clinic-faq', 'general'] }),
    {
      stream: practitionerStream(nurse),
      events: [PractitionerRegistered(now, { practitionerId: nurse, role: 'nurse', name: 'Nur' })],
    },
  );
  today = (await api.pistor.engine.chains.now(api.pistor.chain)).slice(0, 10);
});
afterAll(() => api.close());

/** A course that was completed with a session three weeks ago, unless told otherwise. */
async function completed(protocol = 'clinic-faq', daysAgo = 21): Promise<CourseHistory> {
  const patientId = newId();
  const course = new CourseHistory({ ...of, patient: patientId }, { protocol, end: 'completed' });
  course.performed(`${addDays(today, -daysAgo)}T10:00`);
  const entered = CourseEntered(occurredNow('2026-01-01T00:00:00.000Z'), { patientId, courseId: course.id });
  await api.append(patient(patientId), { stream: patientStream(patientId), events: [entered] }, ...course.streams());
  return course;
}
const schedule = ({ id }: CourseHistory, opens: string, closes: string, more: object = {}, key?: string) =>
  api.post(`/v1/courses/${id}/maintenance/schedule`, { physician: of.practitioner, opens, closes, ...more }, key);

/** What stands against a session of maintenance in 40 days, beside what the patient has not signed here. */
async function againstBooking({ id }: CourseHistory): Promise<string[]> {
  const where = { site: of.site, practitioner: of.practitioner, at: `${addDays(today, 40)}T10:00` };
  const answer = await api.post(`/v1/courses/${id}/sessions`, { kind: 'maintenance', ...where });
  return rulesOf(answer).filter((rule) => rule.startsWith('maintenance.'));
}

async function dueOf({ id }: CourseHistory) {
  await api.followed();
  const { body } = await api.get('/v1/maintenance?limit=500');
  return (body.items as object[])
    .map((item) => maintenanceDueSchema.parse(item))
    .find(({ course }) => course.id === id);
}
const types = async ({ id }: CourseHistory) =>
  (await api.pistor.engine.store.readStream(api.pistor.chain.id, courseStream(id))).map(({ header }) => header.type);

describe('the window of the next maintenance session', () => {
  it('[maintenance.physician-sets] is set by a physician, and stands in the list and in the course', async () => {
    const course = await completed();
    const latest = addDateDuration(addDays(today, -21), 'P1Y');
    expect(await dueOf(course)).toMatchObject({ state: 'unscheduled', opens: null, closes: null, latest });
    const window = [addDays(today, 30), addDays(today, 60)] as const;
    expect((await schedule(course, ...window)).status).toBe(200);
    expect(await dueOf(course)).toMatchObject({ state: 'upcoming', opens: window[0], closes: window[1], latest: null });
    const { body } = await api.get(`/v1/courses/${course.id}`);
    expect(body).toMatchObject({
      maintenance: { opens: window[0], closes: window[1], state: 'upcoming' },
      suggestedCourse: null,
    });
  });

  it('[maintenance.set-once] is set once, however often the command comes in', async () => {
    const course = await completed();
    const [window, key] = [[addDays(today, 30), addDays(today, 60)] as const, newId()];
    const first = await schedule(course, ...window, {}, key);
    const repeated = await schedule(course, ...window, {}, key);
    expect(repeated.body).toMatchObject({ id: first.body['id'], revision: first.body['revision'] });
    expect((await schedule(course, ...window)).status).toBe(200);
    expect((await types(course)).filter((type) => type === 'MaintenanceScheduled')).toHaveLength(1);
  });

  it('[maintenance.latest] is refused with every rule that it breaks, and with what would be accepted', async () => {
    const course = await completed();
    const answer = await schedule(course, addDays(today, 30), addDays(today, 400), { physician: nurse });
    expect(answer.status).toBe(422);
    expect(answer.body['code']).toBe('maintenance.refused');
    expect(rulesOf(answer)).toEqual(['maintenance.physician-sets', 'maintenance.latest']);
    const latest = addDateDuration(addDays(today, -21), 'P1Y');
    expect((answer.body['fields'] as object[])[1]).toMatchObject({
      ...{ field: 'closes', facts: ['S4-E1'] },
      ...{ seen: addDays(today, 400), accepted: `${latest} or earlier` },
    });
    expect(await types(course)).not.toContain('MaintenanceScheduled');
  });

  it('[maintenance.rhythm-sets] is refused where the protocol has a rhythm', async () => {
    const answer = await schedule(await completed('facial'), addDays(today, 30), addDays(today, 60));
    expect(rulesOf(answer)).toEqual(['maintenance.rhythm-sets']);
  });

  it('[maintenance.patient-gone] is refused for a patient who has moved away', async () => {
    const course = await completed();
    const { patient: patientId } = course.of;
    const moved = PatientMovedAway(occurredNow('2026-01-01T00:00:00.000Z'), { patientId, on: addDays(today, -2) });
    await api.append({ stream: patientStream(patientId), events: [moved] });
    expect(rulesOf(await schedule(course, addDays(today, 30), addDays(today, 60)))).toEqual([
      'maintenance.patient-gone',
    ]);
    expect(await againstBooking(course)).toEqual(['maintenance.patient-gone']);
    expect(await dueOf(course)).toBeUndefined();
  });

  it('[maintenance.later-course] is refused once a later course of the patient has begun', async () => {
    const course = await completed();
    const later = new CourseHistory(course.of, { protocol: 'clinic-faq' }).performed(`${addDays(today, -3)}T10:00`);
    const entered = CourseEntered(occurredNow('2026-01-01T00:00:00.000Z'), {
      patientId: course.of.patient,
      courseId: later.id,
    });
    await api.append({ stream: patientStream(course.of.patient), events: [entered] }, ...later.streams());
    expect(rulesOf(await schedule(course, addDays(today, 30), addDays(today, 60)))).toEqual([
      'maintenance.later-course',
    ]);
    expect(await againstBooking(course)).toEqual(['maintenance.later-course']);
  });

  it('[maintenance.physician-sets] names a practitioner and a course that exist', async () => {
    const course = await completed();
    const window = { opens: addDays(today, 30), closes: addDays(today, 60) };
    const unknown = await api.post(`/v1/courses/${course.id}/maintenance/schedule`, { physician: newId(), ...window });
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'practitioner.unknown']);
    const nowhere = await api.post(`/v1/courses/${newId()}/maintenance/schedule`, {
      physician: of.practitioner,
      ...window,
    });
    expect(nowhere.status).toBe(404);
  });
});

it('[maintenance.resumed] goes on when a patient who has declined wants it again', async () => {
  const course = await completed('facial');
  expect((await api.post(`/v1/courses/${course.id}/decline-maintenance`, {})).status).toBe(200);
  expect(await dueOf(course)).toBeUndefined();
  expect((await api.post(`/v1/courses/${course.id}/maintenance/resume`, {})).status).toBe(200);
  expect(await dueOf(course)).toMatchObject({ state: 'upcoming', suggestedCourse: { state: 'upcoming' } });
  expect((await api.post(`/v1/courses/${course.id}/maintenance/resume`, {})).status).toBe(200);
  expect((await types(course)).filter((type) => type === 'MaintenanceResumed')).toHaveLength(1);
});

describe('the maintenance of a patient as it stood', () => {
  const items = async (query: string) => {
    await api.followed();
    const { status, body } = await api.get(`/v1/maintenance?${query}`);
    return { status, body: body as Record<string, any> };
  };

  it('[history.head] says the same as the list, as of now and as known now', async () => {
    for (const protocol of ['facial', 'clinic-faq']) {
      const course = await completed(protocol);
      const now = await api.pistor.engine.chains.now(api.pistor.chain);
      const listed = await items(`patient=${course.of.patient}`);
      expect(listed.body['items']).toHaveLength(1);
      for (const query of [`asOf=${now}`, `knownAt=${now}`]) {
        expect(await items(`patient=${course.of.patient}&${query}`)).toEqual(listed);
      }
    }
  });

  it('[history.known-then] [history.as-of] shows a window that was set since as one that was to be set', async () => {
    const course = await completed();
    const before = await api.pistor.engine.chains.now(api.pistor.chain);
    await schedule(course, addDays(today, 30), addDays(today, 60));
    const of = `patient=${course.of.patient}`;
    expect((await items(of)).body['items']).toMatchObject([{ state: 'upcoming', opens: addDays(today, 30) }]);
    for (const query of [`knownAt=${before}`, `asOf=${before}`]) {
      expect((await items(`${of}&${query}`)).body['items']).toMatchObject([{ state: 'unscheduled', opens: null }]);
      expect((await items(`${of}&${query}&state=upcoming`)).body['items']).toEqual([]);
    }
    expect((await items(`${of}&asOf=${addDays(today, -30)}`)).body['items']).toEqual([]);
  });

  it('[history.patient-missing] is refused for everybody’s', async () => {
    expect(await items(`asOf=${today}`)).toMatchObject({ status: 400, body: { code: 'history.patient-missing' } });
  });
});

describe('a decline under another registration of the person', () => {
  async function linked(): Promise<[CourseHistory, CourseHistory]> {
    const [a, b] = [await completed('facial'), await completed('facial', 28)];
    const link = await api.post(`/v1/patients/${a.of.patient}/links`, {
      patient: b.of.patient,
      reason: 'the same person',
    });
    expect(link.status).toBe(201);
    return [a, b];
  }

  it('[maintenance.declined-by-person] ends the maintenance of both in the list, the course and its history, until resumed', async () => {
    const [a, b] = await linked();
    expect(await dueOf(a)).toMatchObject({ state: 'upcoming' });
    expect((await api.post(`/v1/courses/${b.id}/decline-maintenance`, {})).status).toBe(200);
    expect(await dueOf(a)).toBeUndefined();
    await api.followed();
    const now = await api.pistor.engine.chains.now(api.pistor.chain);
    expect(await againstBooking(a)).toEqual(['maintenance.declined']);
    for (const query of ['', `?asOf=${now}`]) {
      expect((await api.get(`/v1/courses/${a.id}${query}`)).body).toMatchObject({ maintenance: null });
    }
    expect((await api.post(`/v1/courses/${a.id}/maintenance/resume`, {})).status).toBe(200);
    expect(await types(b)).toContain('MaintenanceResumed');
    expect(await againstBooking(a)).toEqual([]);
    expect(await dueOf(a)).toMatchObject({ state: 'upcoming' });
  });

  it('[maintenance.declined-by-person] refuses a window until maintenance is wanted again', async () => {
    const [a, b] = [await completed(), await completed('clinic-faq', 28)];
    await api.post(`/v1/patients/${a.of.patient}/links`, { patient: b.of.patient, reason: 'the same person' });
    await api.post(`/v1/courses/${b.id}/decline-maintenance`, {});
    const window = [addDays(today, 30), addDays(today, 60)] as const;
    expect(rulesOf(await schedule(a, ...window))).toEqual(['maintenance.declined']);
    await api.post(`/v1/courses/${a.id}/maintenance/resume`, {});
    expect((await schedule(a, ...window)).status).toBe(200);
  });
});
