import { newId } from '#libs/kernel/src/ids.js';
import { openTestApi, rulesOf, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, site } from '#test/support/treatment-history.js';
import { allowedPractitionerSchema, practitionerCredentialsSchema } from './credentials.contract.js';

/** Credentials as a client sees them: over HTTP, with everything behind it. */
let api: TestApi;
const siteId = newId();

beforeAll(async () => {
  api = await openTestApi();
  await api.append(site(siteId));
});
afterAll(() => api.close());

const credential = (procedures: string[], validFrom = '2025-01-01', validTo: string | null = null) => ({
  procedures,
  validFrom,
  validTo,
});

async function registered(name: string, ...credentials: object[]): Promise<string> {
  const { body } = await api.post('/v1/practitioners', { name, role: 'physician', credentials });
  return body['id'] as string;
}

const of = async (id: string, on: string, more = '') =>
  practitionerCredentialsSchema.parse((await api.get(`/v1/practitioners/${id}/credentials?on=${on}${more}`)).body);

async function allowed(query: string) {
  await api.followed();
  const { body } = await api.get(`/v1/credentials?${query}`);
  return (body.items as object[]).map((item) => allowedPractitionerSchema.parse(item));
}
const namesOf = (items: Awaited<ReturnType<typeof allowed>>) => items.map(({ practitioner }) => practitioner.name);

describe('who was allowed', () => {
  it('[credential.valid-on] is told for the day, not for today', async () => {
    const id = await registered('Ada', credential(['hair'], '2025-01-01', '2025-03-31'), credential(['facial']));
    expect((await of(id, '2025-03-31')).procedures).toEqual(['facial', 'hair']);
    expect((await of(id, '2025-04-01')).procedures).toEqual(['facial']);
    expect((await of(id, '2024-12-31')).procedures).toEqual([]);
    expect(namesOf(await allowed('procedure=hair&on=2025-03-31'))).toEqual(['Ada']);
    expect(namesOf(await allowed('procedure=hair&on=2025-04-01'))).toEqual([]);
  });

  it('[credential.revoked] ends with a revocation, in the list of practitioners too', async () => {
    const id = await registered('Bora', credential(['general', 'chin-and-neck-fat']));
    const revocation = { procedures: ['general'], from: '2025-06-01', reason: 'certificate not renewed' };
    expect((await api.post(`/v1/practitioners/${id}/credentials/revoke`, revocation)).status).toBe(200);
    expect((await of(id, '2025-05-31')).procedures).toEqual(['chin-and-neck-fat', 'general']);
    expect(await of(id, '2025-06-01')).toMatchObject({
      procedures: ['chin-and-neck-fat'],
      entries: [
        { type: 'CredentialGranted', from: '2025-01-01', to: null, reason: null },
        { type: 'CredentialRevoked', from: '2025-06-01', reason: 'certificate not renewed' },
      ],
    });
    expect(await allowed('procedure=general&on=2025-05-31')).toMatchObject([
      { practitioner: { id }, allowed: true, validFrom: '2025-01-01', validTo: '2025-05-31', sessions: null },
    ]);
    expect(await allowed('procedure=general&on=2025-06-01')).toEqual([]);
    const listed = (await api.get('/v1/practitioners')).body.items as { id: string; credentials: object[] }[];
    expect(listed.find((each) => each.id === id)?.credentials).toEqual([
      credential(['chin-and-neck-fat']),
      credential(['general'], '2025-01-01', '2025-05-31'),
    ]);
    await api.post(`/v1/practitioners/${id}/credentials`, credential(['general'], '2025-09-01'));
    expect(namesOf(await allowed('procedure=general&on=2025-09-01'))).toEqual(['Bora']);
    expect(await allowed('procedure=general&on=2025-08-31')).toEqual([]);
  });

  it('[credential.not-held] [credential.repeated] refuses to revoke what was never held, and repeats nothing', async () => {
    const id = await registered('Can', credential(['clinic-faq']));
    const revoke = (procedure: string, key = newId()) =>
      api.post(
        `/v1/practitioners/${id}/credentials/revoke`,
        { procedures: [procedure], from: '2025-06-01', reason: 'r' },
        key,
      );
    const refused = await revoke('hair');
    expect([refused.status, rulesOf(refused)]).toEqual([422, ['credential.not-held']]);
    expect(refused.body['fields'][0]).toMatchObject({ facts: ['S2-Q1'], seen: 'hair', accepted: 'clinic-faq' });
    const key = newId();
    const first = await revoke('clinic-faq', key);
    expect((await revoke('clinic-faq', key)).body).toEqual(first.body);
    expect((await revoke('clinic-faq')).body['revision']).toBe(first.body['revision']);
    expect((await of(id, '2025-07-01')).entries).toHaveLength(2);
    expect((await api.post(`/v1/practitioners/${newId()}/credentials`, credential(['hair']))).status).toBe(404);
  });

  it('[credential.corrected] follows a correction, and is still told as it was known then', async () => {
    const id = await registered('Deniz', credential(['slimming-and-cellulite'], '2025-01-01'));
    const [entry] = (await of(id, '2025-01-15')).entries;
    const before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const path = `/v1/practitioners/${id}/entries/${entry?.event}`;
    const data = { type: 'CredentialGranted', ...credential(['slimming-and-cellulite'], '2025-02-01') };
    expect((await api.post(`${path}/correct`, { data, reason: 'misread' })).status).toBe(200);
    expect((await of(id, '2025-01-15')).procedures).toEqual([]);
    expect((await of(id, '2025-01-15', `&knownAt=${before}`)).procedures).toEqual(['slimming-and-cellulite']);
    expect((await of(id, '2025-02-01')).entries).toMatchObject([
      { from: '2025-02-01', correctedBy: [expect.any(String)] },
    ]);
    expect(await allowed('procedure=slimming-and-cellulite&on=2025-01-15')).toEqual([]);
    const then = `procedure=slimming-and-cellulite&on=2025-01-15&knownAt=${before}`;
    expect(await allowed(then)).toMatchObject([{ practitioner: { id }, allowed: true, validFrom: '2025-01-01' }]);
    expect(namesOf(await allowed('procedure=slimming-and-cellulite&on=2025-02-01'))).toEqual(['Deniz']);
    expect((await api.post(`${path}/retract`, { reason: 'another practitioner' })).status).toBe(200);
    expect(await allowed('procedure=slimming-and-cellulite&on=2025-02-01')).toEqual([]);
    expect(rulesOf(await api.post(`${path}/retract`, { reason: 'again' }))).toEqual(['credential.entry']);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    expect((await api.get(`/v1/credentials?procedure=hair&on=2025-01-01&knownAt=${later}`)).status).toBe(400);
    expect((await api.get(`/v1/practitioners/${id}/credentials?on=2025-01-01&knownAt=${later}`)).status).toBe(400);
  });

  it('[credential.valid-on] at a site tells of everybody who has a session there, also of those who were not', async () => {
    const [withOne, without, patientId] = [
      await registered('Ela', credential(['facial'])),
      await registered('Filiz'),
      newId(),
    ];
    await api.append(patient(patientId));
    for (const [practitionerId, hour] of [
      [withOne, '10'],
      [without, '11'],
    ] as const) {
      const history = new CourseHistory({ site: siteId, patient: patientId, practitioner: practitionerId });
      await api.append(...history.performed(`2025-02-03T${hour}:00`).streams());
    }
    const items = await allowed(`procedure=facial&on=2025-02-03&site=${siteId}`);
    expect(items).toMatchObject([
      { practitioner: { name: 'Ela' }, allowed: true, validFrom: '2025-01-01', sessions: 1 },
      { practitioner: { name: 'Filiz' }, allowed: false, validFrom: null, validTo: null, sessions: 1 },
    ]);
    const now = await api.pistor.engine.chains.now(api.pistor.chain);
    expect(await allowed(`procedure=facial&on=2025-02-03&site=${siteId}&knownAt=${now}`)).toEqual(items);
    const before = await allowed(`procedure=facial&on=2025-02-03&site=${siteId}&knownAt=2025-01-01T00:00:00.000Z`);
    expect(before.map((each) => each.allowed)).toEqual([false, false]);
    const all = await allowed(`procedure=facial&on=2025-02-03`);
    expect(await allowed(`procedure=facial&on=2025-02-03&knownAt=${now}`)).toEqual(all);
    expect(await allowed(`procedure=facial&on=2025-02-04&site=${siteId}`)).toEqual([]);
    expect((await api.get('/v1/credentials?procedure=facial&on=2025-02-03&site=NOWHERE')).status).toBe(404);
    expect((await api.get('/v1/credentials?procedure=facial')).status).toBe(400);
    const first = (await api.get('/v1/credentials?procedure=facial&on=2025-02-03&limit=1')).body;
    expect(first.items).toHaveLength(1);
    const rest = (await api.get(`/v1/credentials?procedure=facial&on=2025-02-03&cursor=${String(first['next'])}`)).body;
    expect(JSON.stringify(rest.items)).not.toContain(JSON.stringify((first.items as object[])[0]));
  });
});
