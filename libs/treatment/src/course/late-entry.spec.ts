import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { zonedTime } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { PaperClinic, PRODUCT } from '#test/support/paper-clinic.js';
import { type Answer, refusalOf, type TestApi } from '#test/support/test-api.js';
import { ProtocolPublished, protocolStream } from '../protocol/protocol.events.js';

/**
 * A clinic that catches up what it has on paper, over HTTP: courses, sessions and follow-ups are entered late, are judged
 * by what held on their days, and say both when they happened and when the record learned of them.
 */
let clinic: PaperClinic;
let api: TestApi;
let today: string;
let site: string;
let physician: string;
let patient: string;
let consultation: string;

beforeAll(async () => {
  clinic = await PaperClinic.open();
  ({ api, today, site, physician } = clinic);
  patient = await clinic.register();
  await Promise.all([clinic.receive('L1'), clinic.receive('L2')]);
  consultation = await clinic.clear(patient, 61);
});
afterAll(() => api?.close());

const ago = (days: number) => clinic.ago(days);

interface Shown {
  readonly eventId: string;
  readonly type: string;
  /** What the clock at the site showed. */
  readonly wall: string | null;
  readonly recordedAt: string;
}

const plan = (more: object = {}) => clinic.plan(consultation, more);
const session = (days: number, more: object = {}) => clinic.session(`${ago(days)}T10:00`, { kind: 'course', ...more });

describe('a course that stands on paper', () => {
  it('[plan.in-future] [session.entered-late] is entered as it was, with its sessions and check-ups, and not before its consultation', async () => {
    expect(refusalOf(await api.post('/v1/courses', plan({ at: `${ago(62)}T10:00` })))).toEqual([
      422,
      ['consultation.cleared', 'consent.missing'],
    ]);
    expect(refusalOf(await api.post('/v1/courses', plan({ at: `${addDays(today, 1)}T10:00` })))).toEqual([
      422,
      ['plan.in-future'],
    ]);
    const before = new Date().toISOString();
    const course = await api.made('/v1/courses', plan({ at: `${ago(60)}T10:00` }));
    const sessions = `/v1/courses/${course}/sessions/recorded`;
    expect(refusalOf(await api.post(sessions, session(61)))).toEqual([422, ['session.before-plan']]);
    await api.made(sessions, session(58));
    await api.made(sessions, session(44));
    // What is too close is refused as it would have been on the day.
    expect(refusalOf(await api.post(sessions, session(40)))).toEqual([422, ['session.interval-short']]);
    await api.made(`/v1/courses/${course}/follow-ups`, { site, kind: 'remote', at: `${ago(56)}T12:00`, reactions: [] });
    await api.followed();
    const { body } = await api.get(`/v1/courses/${course}`);
    expect(body).toMatchObject({ performed: 2, first: ago(58), last: ago(44), deviations: {} });
    // It had one session by then, and nobody knew of any before it was entered.
    const then = await api.get(`/v1/courses/${course}?asOf=${ago(50)}`);
    expect(then.body).toMatchObject({ performed: 1, last: ago(58) });
    expect((await api.get(`/v1/courses/${course}?knownAt=${before}`)).status).toBe(404);
    const history = await api.get(`/v1/courses/${course}/history`);
    const happened = (history.body.items as Shown[]).map(({ type, wall, recordedAt }) => [
      ...[type, wall?.slice(0, 10)],
      recordedAt > before,
    ]);
    expect(happened).toEqual([
      ['CoursePlanned', ago(60), true],
      ['SessionPerformed', ago(58), true],
      ['FollowUpHeld', ago(56), true],
      ['SessionPerformed', ago(44), true],
    ]);
  });

  it('[session.entered-late] [session.credential] is treated by whoever might on that day, not today', async () => {
    const course = await api.made('/v1/courses', plan({ at: `${ago(60)}T10:00` }));
    const sessions = `/v1/courses/${course}/sessions/recorded`;
    const [left, came] = await Promise.all([clinic.newPhysician(400, 20), clinic.newPhysician(10, null)]);
    const late = (by: string) => api.post(sessions, session(20, { practitioner: by, overrides: FAR }));
    expect(refusalOf(await late(came))).toEqual([422, ['session.credential']]);
    expect((await late(left)).status).toBe(201);
  });
});

const FAR = ['interval-short', 'interval-long'].map((deviation) => ({ deviation, reason: 'as it was' }));

it('[protocol.published-then] a course that is entered late has the version of the protocol that was published then', async () => {
  const since = (days: number) => occurredAt(zonedTime(`${ago(days)}T06:00:00.000Z`, 'UTC'));
  const publish = (code: string, version: number, days: number) =>
    api.append({
      stream: protocolStream(api.pistor.chain.id, code),
      events: [ProtocolPublished(since(days), { protocol: { ...structuredClone(facial), code, version } })],
    });
  await publish('facial', 2, 30);
  await publish('own-facial', 1, 40);
  const versionOf = async (more: object) => {
    const id = await api.made('/v1/courses', plan(more));
    await api.followed();
    return (await api.get(`/v1/courses/${id}`)).body['protocolVersion'];
  };
  expect(await versionOf({ at: `${ago(31)}T10:00` })).toBe(1);
  expect([await versionOf({ at: `${ago(30)}T10:00` }), await versionOf({})]).toEqual([2, 2]);
  // What is retired since was there.
  await api.made('/v1/protocols/facial/versions/2/retire', {});
  expect([await versionOf({ at: `${ago(20)}T10:00` }), await versionOf({})]).toEqual([2, 1]);
  const none = await api.post('/v1/courses', plan({ protocol: 'own-facial', at: `${ago(60)}T10:00` }));
  expect(refusalOf(none)).toEqual([422, ['protocol.published-then']]);
  expect(none.body['fields'][0]).toMatchObject({
    ...{ field: 'protocol', seen: `${ago(60)}T10:00` },
    accepted: expect.stringContaining(`${ago(40)}T09:00 or later`),
  });
});

it('[maintenance.after-course] [session.recorded-once] maintenance that stands on paper came after the last session of the course, and was once', async () => {
  const course = await api.made('/v1/courses', plan({ at: `${ago(60)}T13:00`, plannedSessions: 4 }));
  const sessions = `/v1/courses/${course}/sessions/recorded`;
  for (const days of [58, 44, 30, 16]) await api.made(sessions, session(days, { overrides: FAR }));
  const again = await api.post(sessions, session(16, { overrides: FAR }));
  expect(refusalOf(again)).toEqual([422, ['session.recorded-once', 'session.beyond-plan']]);
  expect(refusalOf(await api.post(sessions, session(10, { kind: 'maintenance' })))).toEqual([
    422,
    ['maintenance.after-course'],
  ]);
  await api.made(`/v1/courses/${course}/complete`, {});
  for (const [days, clock] of [
    [30, '18:00'],
    [16, '18:00'],
  ] as const) {
    const early = await api.post(sessions, session(days, { kind: 'maintenance', at: `${ago(days)}T${clock}` }));
    expect(refusalOf(early)).toEqual([422, ['maintenance.after-course']]);
    expect(early.body['fields'][0]).toMatchObject({
      ...{ field: 'at', seen: `${ago(days)}T${clock}`, accepted: `a day after ${ago(16)}` },
      facts: ['S1-M2', 'S2-M1'],
    });
  }
  await api.made(sessions, session(5, { kind: 'maintenance' }));
  expect(refusalOf(await api.post(sessions, session(5, { kind: 'maintenance' })))).toEqual([
    422,
    ['session.recorded-once'],
  ]);
});

it('[adverse-event.closed-then] [session.open-adverse-event] an adverse event of the paper record blocks the sessions before it was closed, and none after', async () => {
  const other = await clinic.register({ givenName: 'Su', birthDate: '1981-05-05' });
  const consulted = await clinic.clear(other, 61);
  const course = await api.made('/v1/courses', plan({ consultation: consulted, at: `${ago(60)}T10:00` }));
  const sessions = `/v1/courses/${course}/sessions/recorded`;
  await api.made(sessions, session(58));
  const event = await api.made(`/v1/patients/${other}/adverse-events`, {
    ...{ site, course, kind: 'infection', severity: 'moderate', owner: physician },
    ...{ onsetOn: ago(55), description: 'red and warm' },
  });
  const closing = (days: number) =>
    api.post(`/v1/patients/${other}/adverse-events/${event}/close`, {
      ...{ physician, outcome: 'recovered', at: `${ago(days)}T09:00` },
    });
  expect(refusalOf(await closing(56))).toEqual([422, ['adverse-event.closed-then']]);
  expect(refusalOf(await closing(-1))).toEqual([422, ['adverse-event.closed-then']]);
  expect((await closing(50)).status).toBe(200);
  expect(refusalOf(await api.post(sessions, session(51, { overrides: FAR })))).toEqual([
    422,
    ['session.open-adverse-event'],
  ]);
  await api.made(sessions, session(44));
});

it('[history.registered-always] a patient who was registered later is on record as of a time at which their course stood', async () => {
  await api.made('/v1/courses', plan({ at: `${ago(60)}T19:00` }));
  await api.followed();
  const then = await api.get(`/v1/patients/${patient}?asOf=${ago(50)}`);
  expect([then.status, then.body['name']]).toEqual([200, 'Ada Kaya']);
  const courses = await api.get(`/v1/courses?patient=${patient}&asOf=${ago(50)}`);
  expect((courses.body['items'] as unknown[]).length).toBeGreaterThan(0);
});

it('says which course, session, entry or consultation was asked for where there is none', async () => {
  const course = await api.made('/v1/courses', plan({ at: `${ago(60)}T20:00` }));
  const none = newId();
  const asked = async (path: string) => {
    const { status, body } = await api.post(path, { reason: 'ill' });
    return [status, body['code'], body['fields']?.map((each: any) => [each.field, each.seen])];
  };
  expect(await asked(`/v1/courses/${course}/sessions/${none}/cancel`)).toEqual([
    ...[404, 'session.unknown'],
    [['session', none]],
  ]);
  expect(await asked(`/v1/courses/${none}/stop`)).toEqual([404, 'course.unknown', [['course', none]]]);
  expect(await asked('/v1/courses/C-1/stop')).toEqual([404, 'course.unknown', [['course', 'C-1']]]);
  expect(await asked(`/v1/courses/${course}/entries/${none}/retract`)).toEqual([
    ...[404, 'entry.unknown'],
    [['entry', none]],
  ]);
  const shown = await api.get(`/v1/consultations/${none}`);
  expect([shown.status, (shown.body as Record<string, any>)['fields']?.[0]]).toEqual([
    404,
    expect.objectContaining({ field: 'consultation', seen: none }),
  ]);
});

describe('what became of a course that stands on paper', () => {
  const planned = (clock: string) => api.made('/v1/courses', plan({ at: `${ago(60)}T${clock}` }));
  const statusOn = async (course: string, days: number) =>
    (await api.get(`/v1/courses/${course}?asOf=${ago(days)}`)).body['status'];
  const then = (course: string, what: string, days: number, more: object = {}) =>
    api.post(`/v1/courses/${course}/${what}`, { at: `${ago(days)}T18:00`, ...more });
  const late = (answer: Answer) => expect(refusalOf(answer)).toEqual([422, ['course.entered-late']]);

  it('[course.entered-late] was completed on the day that is said, after its last session', async () => {
    const course = await planned('14:00');
    for (const days of [58, 44, 30, 16])
      await api.made(`/v1/courses/${course}/sessions/recorded`, session(days, { overrides: FAR }));
    late(await then(course, 'complete', 17));
    late(await then(course, 'complete', -1));
    expect((await then(course, 'complete', 15)).status).toBe(200);
    await api.followed();
    expect([await statusOn(course, 16), await statusOn(course, 15)]).toEqual(['active', 'completed']);
    late(await then(course, 'decline-maintenance', 61));
    expect((await then(course, 'decline-maintenance', 10)).status).toBe(200);
    await api.made(`/v1/courses/${course}/maintenance/resume`, {});
    late(await then(course, 'decline-maintenance', 9));
  });
  it('[course.entered-late] was stopped or had lapsed on the day that is said, by the rule of that day', async () => {
    const [stopped, lapsed] = [await planned('15:00'), await planned('16:00')];
    for (const course of [stopped, lapsed])
      await api.made(`/v1/courses/${course}/sessions/recorded`, session(58, { overrides: FAR }));
    const reason = 'moved away';
    late(await then(stopped, 'stop', 59, { reason }));
    expect((await then(stopped, 'stop', 40, { reason })).status).toBe(200);
    await api.followed();
    expect([await statusOn(stopped, 41), await statusOn(stopped, 40)]).toEqual(['active', 'stopped']);
    // What took place before that is entered after it.
    const recorded = `/v1/courses/${stopped}/sessions/recorded`;
    expect((await api.post(recorded, session(39, { overrides: FAR }))).body['code']).toBe('course.not-active');
    await api.made(recorded, session(44, { overrides: FAR }));
    await api.followed();
    expect((await api.get(`/v1/courses/${stopped}`)).body).toMatchObject({ status: 'stopped', performed: 2 });
    const lapse = (days: number) => then(lapsed, 'lapse', days, { practitioner: physician, reason });
    expect(refusalOf(await lapse(50))).toEqual([422, ['course.lapsed']]);
  });
  it('[course.entered-late] [plan.by-physician] had its plan changed on the day that is said, by whoever might then', async () => {
    const course = await planned('17:00');
    const left = await clinic.newPhysician(400, 20);
    const change = (days: number, plannedSessions: number) =>
      then(course, 'plan', days, { plannedSessions, physician: left, reason: 'it helps' });
    expect(refusalOf(await change(10, 5))).toEqual([422, ['plan.by-physician']]);
    late(await change(61, 5));
    expect((await change(40, 5)).status).toBe(200);
    late(await change(41, 6));
    await api.followed();
    const plannedOn = async (days: number) =>
      (await api.get(`/v1/courses/${course}?asOf=${ago(days)}`)).body['planned'];
    expect([await plannedOn(41), await plannedOn(40)]).toEqual([4, 5]);
  });
  it('[course.entered-late] has sessions of which nothing became before they were booked', async () => {
    const course = await planned('18:00');
    const booking = { kind: 'course', site, practitioner: physician, at: `${addDays(today, 5)}T10:00` };
    const booked = await api.post(`/v1/courses/${course}/sessions`, booking);
    late(await then(course, `sessions/${booked.body['id']}/cancel`, 3, { reason: 'ill' }));
    expect(refusalOf(await then(course, `sessions/${booked.body['id']}/miss`, 3))).toEqual([422, ['session.missed']]);
    expect(
      (await api.post(`/v1/courses/${course}/sessions/${booked.body['id']}/cancel`, { reason: 'ill' })).status,
    ).toBe(200);
  });
});

it('[plan.by-physician] [maintenance.physician-sets] a plan is changed by a physician who may carry out the procedure today', async () => {
  const course = await api.made('/v1/courses', plan({ at: `${ago(60)}T11:00` }));
  const left = await clinic.newPhysician(400, 1);
  const change = (by: string) =>
    api.post(`/v1/courses/${course}/plan`, { plannedSessions: 5, physician: by, reason: 'it helps' });
  const refused = await change(left);
  expect(refusalOf(refused)).toEqual([422, ['plan.by-physician']]);
  expect(refused.body['fields'][0]).toMatchObject({
    ...{ facts: ['S2-F1', 'S0-N1', 'S2-Q1'], seen: `a physician without a credential that is valid on ${today}` },
    accepted: `a physician with a credential for facial that is valid on ${today}`,
  });
  expect((await change(physician)).status).toBe(200);
});

it('[session.reviewed] [lot.recalled] a session that is said to have used a recalled lot waits for a physician, and the recall finds it', async () => {
  const course = await api.made('/v1/courses', plan({ at: `${ago(60)}T12:00` }));
  const id = await api.made(`/v1/courses/${course}/sessions/recorded`, session(2, { overrides: FAR }));
  await api.followed();
  const recall = await api.made('/v1/recalls', {
    ...{ product: 'glow-meso ha', lotNumber: 'l 2', recalledOn: ago(3), reference: 'FSN-7', cause: 'sterility' },
  });
  const history = await api.get(`/v1/courses/${course}/history`);
  const { eventId: entry } = (history.body.items as Shown[]).find(({ type }) => type === 'SessionPerformed') as Shown;
  const says = (lotNumber: string) =>
    api.made(`/v1/courses/${course}/entries/${entry}/correct`, {
      data: { type: 'SessionPerformed', products: [{ product: PRODUCT, lotNumber }] },
      reason: 'the label was misread',
    });
  const shown = async () => {
    await api.followed();
    const { body } = await api.get(`/v1/courses/${course}`);
    const [{ needsReview, deviations }] = body['sessions'] as [Record<string, unknown>];
    const trace = await api.get(`/v1/recalls/${recall}`);
    return { needsReview, deviations, traced: JSON.stringify(trace.body).includes(id) };
  };
  expect(await shown()).toEqual({ needsReview: false, deviations: [], traced: false });
  await says('L2');
  expect(await shown()).toMatchObject({ needsReview: true, deviations: ['lot-recalled'], traced: true });
  await says('L1');
  expect(await shown()).toMatchObject({ needsReview: false, traced: false });
});
