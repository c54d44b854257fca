import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { clearConsultation } from './support/cleared-consultation.js';
import { allNo } from './support/course-given.js';
import { openTestApi, type TestApi } from './support/test-api.js';

/**
 * A patient's way through the clinics of a chain, over HTTP: what the record holds, what it refuses, and how late
 * knowledge, corrections, adverse events, a recall and a second registration change what may happen next.
 */
interface Problem {
  readonly code: string;
  readonly fields: readonly { rule?: string; facts?: string[]; accepted?: string; override?: string }[];
}

let api: TestApi;
let today: string;
const PRODUCT = 'GlowMeso HA';

beforeAll(async () => {
  api = await openTestApi();
  today = localDateAt(new Date().toISOString(), 'Europe/Istanbul');
});
afterAll(() => api.close());

/** Sends a command that must be refused. */
async function refused(path: string, body: object): Promise<Problem> {
  const { status, body: answer } = await api.post(path, body);
  expect(status).toBe(422);
  return answer as Problem;
}

const rulesOf = ({ fields }: Problem): (string | undefined)[] => fields.map(({ rule }) => rule);

async function get<Body>(path: string): Promise<Body> {
  await api.followed();
  const { status, body } = await api.get(path);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
  return body as Body;
}

async function clinic() {
  const name = newId().slice(-6);
  const site = await api.made('/v1/sites', { name: `Site ${name}`, timeZone: 'Europe/Istanbul', language: 'tr' });
  const credentials = [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }];
  const physician = await api.made('/v1/practitioners', { name: 'Dr Aydın', role: 'physician', credentials });
  const nurse = await api.made('/v1/practitioners', { name: 'Nurse Kaya', role: 'nurse', credentials });
  const lotNumber = `L${name}`;
  await api.made('/v1/lots', {
    site,
    product: PRODUCT,
    lotNumber,
    expiresOn: addDays(today, 300),
    receivedOn: addDays(today, -10),
    ingredients: ['hyaluronic acid'],
  });
  return { site, physician, nurse, lotNumber };
}

const patient = () =>
  api.made('/v1/patients', {
    identity: { familyName: 'Yılmaz', givenName: 'Ayşe', birthDate: '1985-04-12', sex: 'female' },
    preference: { language: 'tr', channel: 'none', contactConsent: false },
  });

async function course(of: Awaited<ReturnType<typeof clinic>>, patientId: string): Promise<string> {
  const consulted = { patient: patientId, site: of.site, practitioner: of.physician, procedure: 'facial', on: today };
  const consultation = await clearConsultation(api.made, { ...consulted, on: addDays(today, -1) });
  return api.made('/v1/courses', {
    consultation,
    site: of.site,
    practitioner: of.physician,
    protocol: 'facial',
    plannedSessions: 4,
    areas: ['face'],
    products: [PRODUCT],
  });
}

const book = (of: Awaited<ReturnType<typeof clinic>>, courseId: string, more: object = {}) =>
  api.made(`/v1/courses/${courseId}/sessions`, {
    kind: 'course',
    site: of.site,
    practitioner: of.nurse,
    at: `${addDays(today, 20)}T10:00`,
    ...more,
  });

const session = (of: Awaited<ReturnType<typeof clinic>>, more: object = {}) => ({
  orderedBy: of.physician,
  areas: ['face'],
  device: 'needle',
  depthMm: 2,
  durationMinutes: 45,
  products: [
    { product: PRODUCT, lotNumber: of.lotNumber, volumeMl: 1.5, area: 'face' },
    { product: PRODUCT, lotNumber: of.lotNumber, volumeMl: 0.5, area: 'neck' },
  ],
  identifiers: ['name', 'birth-date'],
  check: allNo(facial),
  steps: facial.steps.map(({ code }) => ({ code })),
  painScore: 2,
  ...more,
});

interface Shown {
  sessions: {
    id: string;
    status: string;
    depthMm: number | null;
    needsReview: boolean;
    orderedBy: { id: string } | null;
    products: object[];
  }[];
  deviations: object;
  reviews: number;
  revision: number;
}

it('records a session with all that belongs to it, once, and refuses what must not happen with the rule and its evidence', async () => {
  const of = await clinic();
  const courseId = await course(of, await patient());
  const sessionId = await book(of, courseId);
  const perform = `/v1/courses/${courseId}/sessions/${sessionId}/perform`;
  const wrong = { identifiers: ['name'], depthMm: 9, check: {}, orderedBy: undefined };
  const problem = await refused(perform, session(of, wrong));
  expect(new Set(rulesOf(problem))).toEqual(
    new Set(['session.two-identifiers', 'session.check-complete', 'session.order', 'session.depth']),
  );
  expect(problem.fields.find(({ rule }) => rule === 'session.depth')).toMatchObject({
    facts: ['S3-D1'],
    accepted: '1 to 4 mm',
    override: 'anyone',
  });
  const key = newId();
  const first = await api.post(perform, session(of), key);
  expect(first.status).toBe(200);
  expect((await api.post(perform, session(of), key)).body).toEqual(first.body);
  const shown = await get<Shown>(`/v1/courses/${courseId}`);
  expect(shown.sessions).toMatchObject([
    {
      id: sessionId,
      status: 'performed',
      orderedBy: { id: of.physician },
      products: [{ area: 'face' }, { area: 'neck' }],
    },
  ]);
  // The next one comes too early: refused, unless somebody says why.
  const next = await book(of, courseId);
  const early = await refused(`/v1/courses/${courseId}/sessions/${next}/perform`, session(of));
  expect(rulesOf(early)).toEqual(['session.interval-short']);
  const overrides = [{ deviation: 'interval-short', reason: 'the patient travels' }];
  await api.made(`/v1/courses/${courseId}/sessions/${next}/perform`, session(of, { overrides }));
  expect((await get<Shown>(`/v1/courses/${courseId}`)).deviations).toEqual({ 'interval-short': 1 });
});

it('[lot.volume-exceeds] records with a reason, as a deviation, a session that uses more of a lot than is left', async () => {
  const of = await clinic();
  const name = `${of.lotNumber}-counted`;
  const lot = { site: of.site, product: PRODUCT, lotNumber: name, ingredients: ['hyaluronic acid'], volumeMl: 3 };
  const lotId = await api.made('/v1/lots', { ...lot, expiresOn: addDays(today, 300), receivedOn: addDays(today, -10) });
  const courseId = await course(of, await patient());
  const sessionId = await book(of, courseId);
  const perform = `/v1/courses/${courseId}/sessions/${sessionId}/perform`;
  const into = (area: string, volumeMl: number) => ({ product: PRODUCT, lotNumber: name, volumeMl, area });
  // What goes into several areas comes from one lot.
  const used = { products: [into('face', 2), into('neck', 1.2)] };
  const problem = await refused(perform, session(of, used));
  expect(problem.fields).toMatchObject([
    { rule: 'lot.volume-exceeds', seen: '3.2 ml', accepted: expect.stringContaining('up to 3 ml'), override: 'anyone' },
  ]);
  const overrides = [{ deviation: 'lot-volume', reason: 'the vial held more than is written on it' }];
  await api.made(perform, session(of, { ...used, overrides }));
  expect((await get<Shown>(`/v1/courses/${courseId}`)).deviations).toEqual({ 'lot-volume': 1 });
  expect(await get(`/v1/lots/${lotId}`)).toMatchObject({ usedMl: 3.2, leftMl: 0, excessMl: 0.2 });
});

it('blocks what is to come and marks what has been, when the patient turns out to be pregnant (S0-C1)', async () => {
  const of = await clinic();
  const patientId = await patient();
  const courseId = await course(of, patientId);
  const performed = await book(of, courseId);
  await api.made(`/v1/courses/${courseId}/sessions/${performed}/perform`, session(of));
  const booked = await book(of, courseId);
  const standing = () =>
    get<{ sessions: { id: string; blocked: boolean; fields: object[] }[] }>(`/v1/courses/${courseId}/standing`);
  expect((await standing()).sessions).toMatchObject([{ id: booked, blocked: false }]);
  const fact = { kind: 'condition', statement: 'pregnancy', since: addDays(today, -30) };
  await api.made(`/v1/patients/${patientId}/health-facts`, fact);
  expect((await standing()).sessions).toMatchObject([
    { id: booked, blocked: true, fields: [{ rule: 'session.contraindication-absolute', facts: ['S0-C1'] }] },
  ]);
  const shown = await get<Shown>(`/v1/courses/${courseId}`);
  expect(shown).toMatchObject({ reviews: 1, deviations: { contraindication: 1 } });
  const waiting = await get<{ items: { id: string }[] }>('/v1/courses?waiting=review');
  expect(waiting.items.map(({ id }) => id)).toContain(courseId);
  const review = `/v1/courses/${courseId}/sessions/${performed}/review`;
  expect(rulesOf(await refused(review, { physician: of.nurse, outcome: 'no-harm', note: 'well' }))).toEqual([
    'session.reviewed',
  ]);
  await api.made(review, { physician: of.physician, outcome: 'no-harm', note: 'mother and child well' });
  expect(await get<Shown>(`/v1/courses/${courseId}`)).toMatchObject({ reviews: 0 });
});

it('[session.held] holds a session for a positive answer, and remembers what it says of the patient', async () => {
  const of = await clinic();
  const patientId = await patient();
  const courseId = await course(of, patientId);
  const sessionId = await book(of, courseId);
  const at = `/v1/courses/${courseId}/sessions/${sessionId}`;
  await api.made(`${at}/hold`, { practitioner: of.nurse, positive: ['pregnancy', 'new-medication'] });
  const proceed = { physician: of.physician, decision: 'proceed', reason: 'early' };
  expect(rulesOf(await refused(`${at}/decide`, proceed))).toEqual(['session.check-absolute']);
  await api.made(`${at}/decide`, { ...proceed, decision: 'do-not-treat' });
  const health = await get<{ health: { conditions: string[] } }>(`/v1/patients/${patientId}/health`);
  expect(health.health.conditions).toEqual(['pregnancy']);
  expect(new Set(rulesOf(await refused(`${at}/perform`, session(of))))).toEqual(
    new Set(['session.held', 'session.contraindication-absolute']),
  );
});

it('reports as an adverse event what a physician finds in a review, which blocks the next session', async () => {
  const of = await clinic();
  const courseId = await course(of, await patient());
  const first = await book(of, courseId);
  await api.made(`/v1/courses/${courseId}/sessions/${first}/perform`, session(of));
  const review = `/v1/courses/${courseId}/sessions/${first}/review`;
  const found = { physician: of.physician, outcome: 'adverse-event', note: 'a nodule under the skin' };
  expect((await api.post(review, found)).status).toBe(400);
  await api.made(review, { ...found, adverseEvent: { kind: 'other', severity: 'mild', owner: of.physician } });
  const next = await book(of, courseId);
  const standing = await get<{ sessions: { id: string; fields: { rule: string }[] }[] }>(
    `/v1/courses/${courseId}/standing`,
  );
  expect(standing.sessions).toMatchObject([{ id: next, fields: [{ rule: 'session.open-adverse-event' }] }]);
  const open = await get<{ items: { kind: string }[] }>(`/v1/adverse-events?state=open&site=${of.site}`);
  expect(open.items).toMatchObject([{ kind: 'other' }]);
});

it('shows the corrected value everywhere, both in the history, and the old one as it was known then', async () => {
  const of = await clinic();
  const courseId = await course(of, await patient());
  const sessionId = await book(of, courseId);
  await api.made(`/v1/courses/${courseId}/sessions/${sessionId}/perform`, session(of));
  const history = await get<{ items: { eventId: string; type: string; recordedAt: string }[] }>(
    `/v1/courses/${courseId}/history`,
  );
  const entry = history.items.find(({ type }) => type === 'SessionPerformed');
  const data = { type: 'SessionPerformed', depthMm: 3, painScore: null };
  await api.made(`/v1/courses/${courseId}/entries/${entry?.eventId}/correct`, {
    data,
    reason: 'read from the wrong line',
  });
  expect((await get<Shown>(`/v1/courses/${courseId}`)).sessions[0]).toMatchObject({ depthMm: 3 });
  const then = await get<Shown>(`/v1/courses/${courseId}?knownAt=${entry?.recordedAt}`);
  expect(then.sessions[0]).toMatchObject({ depthMm: 2 });
  const both = await get<{ items: { eventId: string; corrections: object[] }[] }>(`/v1/courses/${courseId}/history`);
  expect(both.items.find(({ eventId }) => eventId === entry?.eventId)?.corrections).toMatchObject([
    { reason: 'read from the wrong line' },
  ]);
  await api.made(`/v1/courses/${courseId}/entries/${entry?.eventId}/retract`, { reason: 'another patient' });
  expect((await get<Shown>(`/v1/courses/${courseId}`)).sessions).toMatchObject([{ id: sessionId, status: 'booked' }]);
});

it('waits with the next session until a physician has closed an adverse event (S4-R2)', async () => {
  const of = await clinic();
  const patientId = await patient();
  const courseId = await course(of, patientId);
  const first = await book(of, courseId);
  await api.made(`/v1/courses/${courseId}/sessions/${first}/perform`, session(of));
  const event = await api.made(`/v1/patients/${patientId}/adverse-events`, {
    site: of.site,
    course: courseId,
    session: first,
    kind: 'infection',
    severity: 'moderate',
    owner: of.physician,
    onsetOn: today,
    description: 'redness that spreads',
  });
  const next = await book(of, courseId);
  const perform = `/v1/courses/${courseId}/sessions/${next}/perform`;
  const overrides = [{ deviation: 'interval-short', reason: 'the patient travels' }];
  expect(rulesOf(await refused(perform, session(of, { overrides })))).toEqual(['session.open-adverse-event']);
  const close = `/v1/patients/${patientId}/adverse-events/${event}/close`;
  const closing = { outcome: 'recovered', note: 'healed' };
  expect((await refused(close, { ...closing, physician: of.nurse })).fields).not.toEqual([]);
  await api.made(close, { ...closing, physician: of.physician });
  await api.made(perform, session(of, { overrides }));
});

it('tells of a recalled lot all that it touched, and blocks what is planned on it', async () => {
  const of = await clinic();
  const patientId = await patient();
  const courseId = await course(of, patientId);
  const first = await book(of, courseId);
  await api.made(`/v1/courses/${courseId}/sessions/${first}/perform`, session(of));
  const next = await book(of, courseId, { products: [{ product: PRODUCT, lotNumber: of.lotNumber }] });
  const recall = await api.made('/v1/recalls', {
    product: PRODUCT,
    lotNumber: of.lotNumber,
    recalledOn: today,
    reference: 'FSN-4711',
    cause: 'contamination',
  });
  await api.made(`/v1/recalls/${recall}/told`, { patients: [patientId], on: today, how: 'phone' });
  const trace = await get<{ counts: Record<string, number> }>(
    `/v1/lots/trace?product=${encodeURIComponent(PRODUCT)}&lot=${of.lotNumber}`,
  );
  expect(trace.counts).toMatchObject({ sessions: 1, patients: 1, sites: 1, practitioners: 1, told: 1 });
  const overrides = [{ deviation: 'interval-short', reason: 'the patient travels' }];
  const perform = `/v1/courses/${courseId}/sessions/${next}/perform`;
  expect(rulesOf(await refused(perform, session(of, { overrides })))).toContain('lot.recalled');
  const standing = await get<{ sessions: { fields: { rule: string }[] }[] }>(`/v1/courses/${courseId}/standing`);
  expect(rulesOf({ code: '', fields: standing.sessions[0]?.fields ?? [] })).toContain('lot.recalled');
});

it('holds intervals and allergies across two registrations of one person, until the link is undone', async () => {
  const [of, elsewhere] = [await clinic(), await clinic()];
  const [known, again] = [await patient(), await patient()];
  const courseId = await course(of, known);
  const first = await book(of, courseId);
  await api.made(`/v1/courses/${courseId}/sessions/${first}/perform`, session(of));
  const other = await course(elsewhere, again);
  const second = await book(elsewhere, other);
  const link = await api.made(`/v1/patients/${again}/links`, { patient: known, reason: 'the same identity card' });
  const perform = `/v1/courses/${other}/sessions/${second}/perform`;
  expect(rulesOf(await refused(perform, session(elsewhere)))).toEqual(['session.interval-short']);
  await api.made(`/v1/patients/${known}/health-facts`, { kind: 'allergy', statement: 'Hyaluronic acid' });
  expect(new Set(rulesOf(await refused(perform, session(elsewhere))))).toEqual(
    new Set(['session.interval-short', 'session.contraindication-absolute']),
  );
  // What one registration tells marks what the other was treated with.
  await api.made(`/v1/patients/${again}/health-facts`, { kind: 'condition', statement: 'cardiovascular-disease' });
  const touched = { reviews: 1, deviations: { contraindication: 1 } };
  expect(await get<Shown>(`/v1/courses/${courseId}`)).toMatchObject(touched);
  const now = new Date(Date.now() - 1).toISOString();
  expect(await get<Shown>(`/v1/courses/${courseId}?knownAt=${now}`)).toMatchObject(touched);
  const undone = new Date(Date.now() - 1).toISOString();
  await api.made(`/v1/patients/${again}/links/${link}/undo`, { reason: 'two sisters' });
  const others = await get<{ registrations: object[] }>(`/v1/patients/${known}/person`);
  expect(others.registrations).toHaveLength(1);
  const then = await get<{ registrations: object[] }>(`/v1/patients/${known}/person?knownAt=${undone}`);
  expect(then.registrations).toHaveLength(2);
  expect(rulesOf(await refused(perform, session(elsewhere)))).toEqual(['session.contraindication']);
  const overrides = [{ deviation: 'contraindication', reason: 'stable for years' }];
  await api.made(perform, session(elsewhere, { overrides }));
});

it('lets a draft be tried on what has happened before it is published, and writes nothing', async () => {
  const of = await clinic();
  const courseId = await course(of, await patient());
  for (const overrides of [[], [{ deviation: 'interval-short', reason: 'the patient travels' }]]) {
    const next = await book(of, courseId);
    await api.made(`/v1/courses/${courseId}/sessions/${next}/perform`, session(of, { overrides }));
  }
  const before = (await get<{ head: number }>('/v1/chain')).head;
  const protocol = { ...structuredClone(facial), depthMm: { ...facial.depthMm, min: 3 } };
  const headers = { host: '127.0.0.1' };
  const payload = { protocol, from: addDays(today, -1), to: addDays(today, 1), site: of.site };
  const answer = await api.app.inject({ method: 'POST', url: '/v1/protocols/what-if', headers, payload });
  const lines = answer.body.trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    summary: { courses: 1, differing: 1, sessionsBlocked: 2, blocked: { depth: 2 } },
  });
  expect((await get<{ head: number }>('/v1/chain')).head).toBe(before);
});
