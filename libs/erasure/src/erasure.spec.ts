import { readFile } from 'node:fs/promises';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { eventually } from '#test/support/eventually.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, practitioner, site } from '#test/support/treatment-history.js';

/*
 * Over HTTP, on a whole application that works by itself. A sandbox signs in one user; its second person is the one that
 * stands in (`asSecondPerson`).
 */

let api: TestApi;
const siteId = newId();
const practitionerId = newId();

beforeAll(async () => {
  api = await openTestApi({ working: true });
  await api.append(site(siteId), practitioner({ id: practitionerId }));
});
afterAll(() => api.close());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly fields?: readonly { readonly rule: string }[] };
}

async function post(path: string, payload: object, method: 'POST' | 'PUT' = 'POST'): Promise<Answer> {
  const answer = await api.app.inject({
    ...{ method, payload, url: path },
    headers: { host: '127.0.0.1', 'idempotency-key': newId() },
  });
  return { status: answer.statusCode, body: answer.json() };
}

const CODE = 'PT-ERASE-1';

/** A patient with a code, registered as the reception does it. */
async function registered(code: string, familyName = 'Vanderbilt'): Promise<string> {
  const { body } = await post('/v1/patients', {
    code,
    identity: { familyName, givenName: 'Xenia', birthDate: '1970-01-01', sex: 'female', phone: '+905551112233' },
    preference: { language: 'tr', channel: 'sms', contactConsent: true },
    health: { allergies: ['zirconium'], conditions: [], medications: [] },
    site: siteId,
  });
  return body['id'] as string;
}

const ask = (id: string) =>
  post(`/v1/patients/${id}/erasure-requests`, { ground: 'patient-asked', reason: 'asked by a letter of Xenia' });
const confirm = (id: string, erasure: unknown, asSecondPerson = true) =>
  post(`/v1/patients/${id}/erasure-requests/confirm`, { erasure, ...(asSecondPerson && { asSecondPerson }) });
const standing = async (id: string) => (await api.get(`/v1/patients/${id}/erasure`)).body;
const rulesOf = ({ body }: Answer) => body.fields?.map(({ rule }) => rule);

describe('an erasure', () => {
  let id: string;
  let erasure: unknown;

  beforeAll(async () => {
    id = await registered(CODE);
    await api.followed();
  });

  it('[erasure.two-people] waits for a second person', async () => {
    expect(await standing(id)).toMatchObject({ state: 'none', registrations: [id], keptUntil: null, against: [] });
    const asked = await ask(id);
    expect(asked.status).toBe(201);
    erasure = asked.body['id'];
    const refused = await confirm(id, erasure, false);
    expect([refused.status, rulesOf(refused)]).toEqual([422, ['erasure.two-people']]);
    expect(await standing(id)).toMatchObject({
      ...{ state: 'requested', erased: null },
      request: { erasureId: erasure, ground: 'patient-asked', reason: 'asked by a letter of Xenia' },
    });
    expect((await api.get(`/v1/patients/${CODE}`)).body).toMatchObject({ familyName: 'Vanderbilt' });
  });

  it('[erasure.legal-hold] waits for a legal hold to be lifted', async () => {
    const { body } = await post(`/v1/patients/${id}/legal-holds`, { reason: 'a claim in court' });
    const refused = await confirm(id, erasure);
    expect([refused.status, rulesOf(refused)]).toEqual([422, ['erasure.legal-hold']]);
    expect(await standing(id)).toMatchObject({
      against: ['erasure.legal-hold'],
      holds: [{ holdId: body['id'], reason: 'a claim in court' }],
    });
    const lifted = await post(`/v1/patients/${id}/legal-holds/${String(body['id'])}/lift`, { reason: 'settled' });
    expect(lifted.status).toBe(200);
  });

  it('[erasure.at-once] leaves nothing to be read or found when it is answered', async () => {
    await api.followed();
    expect((await post('/v1/patients/search', { search: 'Vanderbilt' })).body['items']).toHaveLength(1);
    expect((await confirm(id, erasure)).status).toBe(200);
    // Before any read model has come to it: the keys are gone.
    expect(await standing(id)).toMatchObject({ erased: { keysDestroyedAt: expect.any(String) } });
    expect((await api.get(`/v1/patients/${id}`)).body).toMatchObject({ name: null, phone: null, health: null });
    expect((await api.get(`/v1/patients/${CODE}`)).status).toBe(404);
    await api.followed();
    expect((await post('/v1/patients/search', { search: 'Vanderbilt' })).body['items']).toEqual([]);
    expect((await post('/v1/patients/search', { search: CODE })).body['items']).toEqual([]);
    expect((await api.get(`/v1/patients/${id}/person`)).status).toBe(200);
  });

  it('[erasure.final] is final once the bucket has another key, which the register outside the database outlives', async () => {
    await eventually('a final erasure', async () => ((await standing(id))['state'] === 'final' ? true : undefined));
    const register = await readFile(api.pistor.erasure.register.file, 'utf8');
    expect(register).toContain(id);
    expect(register).not.toMatch(/Vanderbilt|Xenia|letter/);
    const { items } = (await api.get('/v1/erasure/requests')).body;
    expect(items).toMatchObject([
      { patient: { id, name: null, code: null }, state: 'erased', finalAt: expect.any(String) },
    ]);
  });

  it('[erasure.history-stays] leaves a history that says nobody’s name', async () => {
    const { body } = await api.get(`/v1/patients/${id}/timeline`);
    expect(JSON.stringify(body)).not.toMatch(/Vanderbilt|zirconium|Xenia/);
    const titles = (body.items as { title: string }[]).map(({ title }) => title);
    expect(titles).toContain('Erased: what was personal can be read no more.');
    expect(titles).toContain('Registered as a patient.');
  });

  it('[patient.erased] takes nothing more about the person', async () => {
    const refused = await post(`/v1/patients/${id}/health-facts`, {
      ...{ kind: 'allergy', statement: 'latex', since: null, until: null },
    });
    expect([refused.status, rulesOf(refused)]).toEqual([422, ['patient.erased']]);
    expect((await ask(id)).body['code']).toBe('erasure.done');
    // The code is free again, for somebody else.
    const next = await registered(CODE, 'Rockefeller');
    expect(next).not.toBe(id);
  });
});

it('[erasure.registrations] erases a person under each registration that is linked, by an event of its own', async () => {
  const [first, second] = [await registered('PT-TWICE-1', 'Onassis'), await registered('PT-TWICE-2', 'Onassis')];
  await post(`/v1/patients/${first}/links`, { patient: second, reason: 'the same person' });
  const grants = [first, second].map((patient) => ({ role: 'patient', patient }));
  const account = (await post('/v1/users', { name: 'Xenia Onassis', grants })).body['id'] as string;
  const { body } = await ask(first);
  expect((await confirm(first, body['id'])).status).toBe(200);
  await api.followed();
  expect((await api.get(`/v1/users/${account}`)).body).toMatchObject({ name: null, status: 'disabled', grants: [] });
  for (const each of [first, second]) {
    expect(await standing(each)).toMatchObject({
      erased: { erasureId: body['id'] },
      registrations: [first, second].sort((a) => (a === each ? -1 : 1)),
    });
    const events = await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${each}`);
    expect(events.filter(({ header }) => header.type === 'PatientErased')).toHaveLength(1);
  }
});

describe('a record that has to be kept', () => {
  const id = newId();
  const today = new Date().toISOString().slice(0, 10);

  beforeAll(async () => {
    const course = new CourseHistory({ site: siteId, patient: id, practitioner: practitionerId });
    await api.append(patient(id, {}, 'Habsburg'), ...course.performed('2024-01-20T11:00').streams());
    await api.followed();
  });

  it('[erasure.retention] is not erased before the time has passed that the law of the site’s country asks for', async () => {
    expect(await standing(id)).toMatchObject({ keptUntil: '2044-01-20', against: ['erasure.retention'] });
    const refused = await ask(id);
    expect([refused.status, rulesOf(refused)]).toEqual([422, ['erasure.retention']]);
  });

  it('[erasure.proposed] is proposed for erasure when it need not be kept any more', async () => {
    const proposed = async () => {
      const { items } = (await api.get('/v1/erasure/proposals')).body;
      return (items as { patient: { id: string } }[]).map((item) => item.patient.id);
    };
    expect(await proposed()).toEqual([]);
    expect((await post(`/v1/sites/${siteId}/retention-rules`, { years: 1, yearsFromMajority: 1 }, 'PUT')).status).toBe(
      200,
    );
    expect((await api.get(`/v1/sites/${siteId}/retention-rules`)).body).toEqual({ years: 1, yearsFromMajority: 1 });
    expect(addDays('2025-01-20', 1) < today).toBe(true);
    expect(await proposed()).toEqual([id]);
    const { body } = await ask(id);
    await api.followed();
    // For whom somebody has asked already, nobody need be told.
    expect(await proposed()).toEqual([]);
    expect((await confirm(id, body['id'])).status).toBe(200);
    await api.followed();
    expect(await proposed()).toEqual([]);
  });
});

it('[message.patient-erased] has every message of the person end that has not left, whatever it is about', async () => {
  const id = await registered('PT-TOLD-1', 'Medici');
  const { now } = (await api.get('/v1/chain')).body as { now: string };
  const day = (days: number) => `${addDays(now.slice(0, 10), days)}T11:00`;
  const course = new CourseHistory({ site: siteId, patient: id, practitioner: practitionerId });
  await api.append(...course.booked(day(20)).streams());
  const messages = async () => {
    const { items } = (await api.get(`/v1/messages?patient=${id}`)).body;
    return items as { status: string; reason: string | null }[];
  };
  await eventually('planned messages', async () => ((await messages()).length > 0 ? true : undefined));
  const { body } = await ask(id);
  // The consultation was long ago, by the rules that the site has set above.
  expect((await confirm(id, body['id'])).status).toBe(200);

  await eventually('nothing that waits', async () =>
    (await messages()).every(({ status }) => status === 'suppressed') ? true : undefined,
  );
  expect(new Set((await messages()).map(({ reason }) => reason))).toEqual(new Set(['patient-erased']));
});

it('[erasure.at-once] shows what was never there as an unknown patient', async () => {
  expect((await api.get(`/v1/patients/${newId()}/erasure`)).status).toBe(404);
  expect((await ask(newId())).status).toBe(404);
});
