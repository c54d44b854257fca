import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { clearConsultation } from '#test/support/cleared-consultation.js';
import { allNo } from '#test/support/course-given.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';

/**
 * A clinic that catches up what it has on paper, over HTTP: courses, sessions and follow-ups are entered late, are judged
 * by what held on their days, and say both when they happened and when the record learned of them.
 */
let api: TestApi;
let today: string;
let site: string;
let physician: string;
let patient: string;
let consultation: string;
const PRODUCT = 'GlowMeso HA';

const ago = (days: number) => addDays(today, -days);

interface Shown {
  readonly eventId: string;
  readonly type: string;
  /** What the clock at the site showed. */
  readonly wall: string | null;
  readonly recordedAt: string;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, any>;
}

async function post(path: string, payload: object): Promise<Answer> {
  const headers = { host: '127.0.0.1', 'idempotency-key': newId() };
  const answer = await api.app.inject({ method: 'POST', url: path, payload, headers });
  return { status: answer.statusCode, body: answer.json() };
}
const rulesOf = ({ status, body }: Answer): unknown => [status, body['fields']?.map((field: any) => field.rule)];

async function made(path: string, payload: object): Promise<string> {
  const { status, body } = await post(path, payload);
  if (status >= 300) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
  return body['id'];
}

/** A practitioner with a credential for some days before today. */
const practitioner = (role: 'physician' | 'nurse', from: number, to: number | null) =>
  made('/v1/practitioners', {
    ...{ name: 'Deniz', role },
    credentials: [{ procedures: ['facial'], validFrom: ago(from), validTo: to === null ? null : ago(to) }],
  });

const receive = (lotNumber: string) =>
  made('/v1/lots', {
    ...{ site, product: PRODUCT, lotNumber, receivedOn: ago(90), expiresOn: addDays(today, 300) },
    ingredients: ['hyaluronic acid'],
  });

beforeAll(async () => {
  api = await openTestApi();
  today = localDateAt(await api.pistor.engine.chains.now(api.pistor.chain), 'Europe/Istanbul');
  site = await made('/v1/sites', { name: 'Bebek', timeZone: 'Europe/Istanbul', language: 'tr' });
  physician = await practitioner('physician', 400, null);
  patient = await made('/v1/patients', {
    identity: { familyName: 'Kaya', givenName: 'Ada', birthDate: '1980-05-05', sex: 'female' },
    preference: { language: 'tr', channel: 'none', contactConsent: false },
  });
  await Promise.all([receive('L1'), receive('L2')]);
  const who = { patient, site, practitioner: physician, procedure: 'facial' };
  consultation = await clearConsultation(made, { ...who, on: ago(61) });
});
afterAll(() => api.close());

const plan = (more: object = {}) => ({
  ...{ consultation, site, practitioner: physician, protocol: 'facial', plannedSessions: 4 },
  ...more,
});

const session = (days: number, more: object = {}) => ({
  kind: 'course',
  ...{ site, practitioner: physician, at: `${ago(days)}T10:00` },
  ...{ areas: ['face'], device: 'needle', depthMm: 2, durationMinutes: 45 },
  products: [{ product: PRODUCT, lotNumber: 'L1' }],
  ...{ identifiers: ['name', 'birth-date'], check: allNo(facial) },
  ...more,
});

describe('a course that stands on paper', () => {
  it('[plan.in-future] [session.entered-late] is entered as it was, with its sessions and check-ups, and not before its consultation', async () => {
    expect(rulesOf(await post('/v1/courses', plan({ at: `${ago(62)}T10:00` })))).toEqual([
      422,
      ['consultation.cleared', 'consent.missing'],
    ]);
    expect(rulesOf(await post('/v1/courses', plan({ at: `${addDays(today, 1)}T10:00` })))).toEqual([
      422,
      ['plan.in-future'],
    ]);
    const before = new Date().toISOString();
    const course = await made('/v1/courses', plan({ at: `${ago(60)}T10:00` }));
    const sessions = `/v1/courses/${course}/sessions/recorded`;
    expect(rulesOf(await post(sessions, session(61)))).toEqual([422, ['session.before-plan']]);
    await made(sessions, session(58));
    await made(sessions, session(44));
    // What is too close is refused as it would have been on the day.
    expect(rulesOf(await post(sessions, session(40)))).toEqual([422, ['session.interval-short']]);
    await made(`/v1/courses/${course}/follow-ups`, { site, kind: 'remote', at: `${ago(56)}T12:00`, reactions: [] });
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
    const course = await made('/v1/courses', plan({ at: `${ago(60)}T10:00` }));
    const sessions = `/v1/courses/${course}/sessions/recorded`;
    const [left, came] = await Promise.all([practitioner('physician', 400, 20), practitioner('physician', 10, null)]);
    const late = (by: string) => post(sessions, session(20, { practitioner: by, overrides: FAR }));
    expect(rulesOf(await late(came))).toEqual([422, ['session.credential']]);
    expect((await late(left)).status).toBe(201);
  });
});

const FAR = ['interval-short', 'interval-long'].map((deviation) => ({ deviation, reason: 'as it was' }));

it('[plan.by-physician] [maintenance.physician-sets] a plan is changed by a physician who may carry out the procedure today', async () => {
  const course = await made('/v1/courses', plan({ at: `${ago(60)}T11:00` }));
  const left = await practitioner('physician', 400, 1);
  const change = (by: string) =>
    post(`/v1/courses/${course}/plan`, { plannedSessions: 5, physician: by, reason: 'it helps' });
  const refused = await change(left);
  expect(rulesOf(refused)).toEqual([422, ['plan.by-physician']]);
  expect(refused.body['fields'][0]).toMatchObject({
    ...{ facts: ['S2-F1', 'S0-N1', 'S2-Q1'], seen: `a physician without a credential that is valid on ${today}` },
    accepted: `a physician with a credential for facial that is valid on ${today}`,
  });
  expect((await change(physician)).status).toBe(200);
});

it('[session.reviewed] [lot.recalled] a session that is said to have used a recalled lot waits for a physician, and the recall finds it', async () => {
  const course = await made('/v1/courses', plan({ at: `${ago(60)}T12:00` }));
  const id = await made(`/v1/courses/${course}/sessions/recorded`, session(2, { overrides: FAR }));
  await api.followed();
  const recall = await made('/v1/recalls', {
    ...{ product: 'glow-meso ha', lotNumber: 'l 2', recalledOn: ago(3), reference: 'FSN-7', cause: 'sterility' },
  });
  const history = await api.get(`/v1/courses/${course}/history`);
  const { eventId: entry } = (history.body.items as Shown[]).find(({ type }) => type === 'SessionPerformed') as Shown;
  const says = (lotNumber: string) =>
    made(`/v1/courses/${course}/entries/${entry}/correct`, {
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
