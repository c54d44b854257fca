import { newId } from '#libs/kernel/src/ids.js';
import { type SiteWorld, siteWorld } from './support/site-world.js';
import { openTestApi, type TestApi } from './support/test-api.js';

/** What is read of a patient who was opened in an emergency says so on record, and ends when somebody has looked at it. */
let api: TestApi;
let here: SiteWorld;
let there: SiteWorld;
const host = 'localhost:3000';

beforeAll(async () => {
  api = await openTestApi({ live: true });
  [here, there] = [siteWorld(), siteWorld()];
  for (const { streams } of [here, there]) await api.append(...streams);
  await api.followed();
}, 60_000);
afterAll(() => api.close());

async function ask(url: string, headers: Record<string, string>, payload?: object) {
  const answer = await api.app.inject({
    ...{ url, headers: { host, ...headers } },
    ...(payload && { method: 'POST', payload }),
  });
  return {
    ...{ status: answer.statusCode, headers: answer.headers },
    body: answer.json<Record<string, any>>(),
  };
}

const operate = (url: string, payload?: object) =>
  ask(url, { authorization: `Bearer ${api.pistor.access.operatorToken}` }, payload);

async function signedIn(grants: readonly object[]): Promise<{ user: string; cookie: string }> {
  const { body } = await operate('/v1/users', { name: 'Zoë', grants });
  const user = body['id'] as string;
  return {
    user,
    cookie: `pistor-session=${await api.pistor.access.sessions.begin(api.pistor.chain, user, undefined)}`,
  };
}

async function newest(): Promise<{ operation: string; purpose: string; patients: readonly string[] }> {
  const { rows } = await api.pistor.engine.db.query<{ header: string; data: string }>(
    'select header, data from read_record where chain = $1 order by position desc limit 1',
    [api.pistor.chain.no],
  );
  return { ...JSON.parse(rows[0]?.header ?? '{}'), ...JSON.parse(rows[0]?.data ?? '{}') };
}

describe('a record that was opened in an emergency', () => {
  it('is read as an emergency, also by answers that do not name the patient, until it was reviewed', async () => {
    const { user, cookie } = await signedIn([{ role: 'physician', site: here.ids.site }]);
    const { patient, course } = there.ids;
    const opened = await ask(
      `/v1/patients/${patient}/break-glass`,
      { cookie },
      { reason: 'Collapsed in our waiting room', minutes: 30 },
    );
    expect(opened.status).toBe(201);
    const addresses = ['', '/health', '/signatures', '/timeline'].map((rest) => `/v1/patients/${patient}${rest}`);
    for (const url of [...addresses, `/v1/courses/${course}/standing`]) {
      expect([url, (await ask(url, { cookie })).status]).toEqual([url, 200]);
      expect([url, await newest()]).toEqual([
        url,
        expect.objectContaining({ purpose: 'emergency', patients: [patient] }),
      ]);
    }
    expect((await ask(`/v1/patients/${here.ids.patient}/health`, { cookie })).status).toBe(200);
    expect(await newest()).toMatchObject({ purpose: 'treatment', patients: [here.ids.patient] });

    const path = `/v1/users/${user}/break-glass/${opened.body['id']}/review`;
    expect((await operate(path, { outcome: 'not-justified', note: 'There was no emergency' })).status).toBe(200);
    expect((await ask(`/v1/patients/${patient}/health`, { cookie })).status).toBe(404);
  });
});

describe('whose record somebody’s role opens', () => {
  it('is on record when the user is shown, alone or on the list', async () => {
    const { user, cookie } = await signedIn([{ role: 'patient', patient: here.ids.patient }]);
    await api.followed();
    expect((await operate(`/v1/users/${user}`)).body['grants']).toMatchObject([{ patient: here.ids.patient }]);
    expect(await newest()).toMatchObject({ operation: 'getUser', patients: [here.ids.patient] });
    await operate('/v1/users');
    expect(await newest()).toMatchObject({ operation: 'listUsers', patients: [here.ids.patient] });
    // To themselves it is told whose it is, and nothing that stands in it.
    const before = await newest();
    expect((await ask('/v1/session', { cookie })).status).toBe(200);
    expect(await newest()).toEqual(before);
  });
});

describe('an Idempotency-Key', () => {
  it('stands for a request of one sender: nobody else gets their answer', async () => {
    const headers = { 'idempotency-key': newId() };
    const url = `/v1/patients/${here.ids.patient}/health-facts`;
    const fact = { kind: 'condition', statement: 'pregnancy', since: '2026-01-01' };
    const [one, other] = [
      await signedIn([{ role: 'practitioner', site: here.ids.site }]),
      await signedIn([{ role: 'practitioner', site: here.ids.site }]),
    ];
    const send = ({ cookie }: { cookie: string }) => ask(url, { ...headers, cookie }, fact);
    const first = await send(one);
    expect(Math.floor(first.status / 100)).toBe(2);
    const again = await send(one);
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true']);
    const foreign = await send(other);
    expect([foreign.status, foreign.body['code']]).toEqual([422, 'idempotency.key-reused']);
    expect(JSON.stringify(foreign.body)).not.toContain(first.body['id']);
  });
});
