import { newId } from '#libs/kernel/src/ids.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { patient, practitioner, site } from '#test/support/treatment-history.js';

/** The settings of a site over HTTP, on a real database. */

let api: TestApi;
const [siteId, otherId, ownerId] = [newId(), newId(), newId()];
const RULES = { reportingDays: { severe: 2, moderate: 10, mild: 20 }, ageOfMajorityYears: 21 };
const DEFAULTS = { reportingDays: { severe: 1, moderate: 15, mild: 30 }, ageOfMajorityYears: 18 };

beforeAll(async () => {
  api = await openTestApi();
  await api.append(site(siteId), site(otherId), practitioner({ id: ownerId }));
});
afterAll(() => api.close());

type Body = Record<string, unknown> & { readonly id: string };

async function send(method: 'POST' | 'PUT', url: string, payload: object) {
  const answer = await api.app.inject({ method, url, payload, headers: { host: '127.0.0.1' } });
  return { status: answer.statusCode, body: answer.json<Body>() };
}
const set = (rules: object, id = siteId) => send('PUT', `/v1/sites/${id}/legal-rules`, rules);
async function get(path: string) {
  await api.followed();
  return api.get(path);
}
const rulesOf = (id: string) => get(`/v1/sites/${id}/legal-rules`);
const head = () => api.pistor.engine.store.head(api.pistor.chain.id);

it('[site.legal-rules] are the defaults until the site sets its own, which hold there and nowhere else', async () => {
  expect(await rulesOf(siteId)).toMatchObject({ status: 200, body: DEFAULTS });
  expect((await set(RULES)).status).toBe(200);
  expect(await rulesOf(siteId)).toMatchObject({ body: RULES });
  expect(await rulesOf(otherId)).toMatchObject({ body: DEFAULTS });
  const before = await head();
  expect((await set(RULES)).status).toBe(200);
  expect(await head()).toBe(before);
});

it('[site.legal-rules] are refused where what is worse would be told later, or an age is none of majority', async () => {
  const { reportingDays } = RULES;
  const later = await set({ ...RULES, reportingDays: { ...reportingDays, severe: 11 } });
  expect(later).toMatchObject({ status: 400, body: { fields: [{ field: 'reportingDays.severe' }] } });
  expect((await set({ ...RULES, ageOfMajorityYears: 200 })).status).toBe(400);
  expect((await set({ ...RULES, reportingDays: { ...reportingDays, mild: 20.5 } })).status).toBe(400);
  expect((await set(RULES, newId())).status).toBe(404);
  expect((await rulesOf(newId())).status).toBe(404);
});

it('[adverse-event.deadline-of-site] set the last day for the report of what was learned of at the site', async () => {
  const { reportingDays } = RULES;
  await set({ ...RULES, reportingDays: { ...reportingDays, severe: 0 } }, otherId);
  const patientId = newId();
  await api.append(patient(patientId));
  const report = { site: otherId, kind: 'infection', severity: 'severe', owner: ownerId, onsetOn: '2026-01-08' };
  const { status, body } = await send('POST', `/v1/patients/${patientId}/adverse-events`, {
    ...report,
    description: 'red and warm',
  });
  expect(status).toBe(201);
  const now = await api.pistor.engine.chains.now(api.pistor.chain);
  // The deadline counts by the clock that is behind all others.
  const days = [-1, 0].map((n) => new Date(Date.parse(now) + n * 86_400_000).toISOString().slice(0, 10));
  expect(days).toContain((await get(`/v1/adverse-events/${body.id}`)).body['reportBy']);
});

it('[patient.age-of-majority] is the highest of the chain’s sites where a guardian is named', async () => {
  await set(RULES);
  const now = await api.pistor.engine.chains.now(api.pistor.chain);
  const birthDate = `${Number(now.slice(0, 4)) - 20}-06-01`;
  const { body } = await send('POST', '/v1/patients', {
    identity: { familyName: 'Doe', givenName: 'Kim', birthDate, sex: 'other' },
    preference: { language: 'en', channel: 'none', contactConsent: false },
  });
  expect(await get(`/v1/patients/${body.id}/person`)).toMatchObject({ body: { isMinor: true } });
  const named = await send('POST', `/v1/patients/${body.id}/guardian`, { name: 'Bob Doe', relation: 'father' });
  expect(named.status).toBe(200);
});
