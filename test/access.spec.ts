import type { InjectOptions } from 'fastify';
import { apiKeyViewSchema, openingViewSchema, userViewSchema } from '#libs/access/src/user/users/users.contract.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Log } from '#libs/kernel/src/log.js';
import { type SiteWorld, siteWorld } from './support/site-world.js';
import { SoftwareAuthenticator } from './support/software-authenticator.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { CourseHistory } from './support/treatment-history.js';

/** A live chain: people sign in with passkeys, machines with keys, and both are let in where they hold a role. */
let api: TestApi;
let here: SiteWorld;
let there: SiteWorld;
const logged: string[] = [];
const keep = (facts: object, message: string): void => void logged.push(JSON.stringify({ ...facts, message }));
const log: Log = { debug: keep, info: keep, warn: keep, error: keep };

const ORIGIN = 'http://localhost:3000';

beforeAll(async () => {
  api = await openTestApi({ live: true, log });
  [here, there] = [siteWorld(), siteWorld()];
  for (const { streams } of [here, there]) await api.append(...streams);
  await api.followed();
});
afterAll(() => api.close());

interface Answer {
  readonly status: number;
  readonly body: Record<string, any>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly setCookies: readonly string[];
  /** What was recorded, for whoever wants to read it at once. */
  readonly position: string;
}

async function ask(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  options: { body?: object; cookie?: string; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body, cookie, token, headers } = options;
  const request: InjectOptions = {
    ...{ method, url },
    headers: {
      host: 'localhost:3000',
      ...(cookie !== undefined && { cookie }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body && { payload: body }),
  };
  const answer = await api.app.inject(request);
  const setCookies = [answer.headers['set-cookie'] ?? []].flat();
  return {
    status: answer.statusCode,
    body: answer.body === '' ? {} : answer.json(),
    setCookies,
    position: String(answer.headers['pistor-position']),
    cookies: Object.fromEntries(setCookies.map((text) => text.split(';')[0]?.split('=') as [string, string])),
  };
}

/** As the command line of this machine. */
const operate = (method: 'GET' | 'POST', url: string, body?: object) =>
  ask(method, url, { token: api.pistor.access.operatorToken, ...(body && { body }) });

async function invited(name: string, grants: readonly object[]): Promise<{ user: string; code: string }> {
  const user = await operate('POST', '/v1/users', { name, grants });
  expect(user.status).toBe(201);
  const invitation = await operate('POST', `/v1/users/${user.body['id']}/invitation`, {});
  expect(invitation.status).toBe(200);
  return { user: user.body['id'], code: invitation.body['code'] };
}

const cookieText = (cookies: Record<string, string>): string =>
  Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');

async function enrol(code: string, device: SoftwareAuthenticator): Promise<Answer> {
  const options = await ask('POST', '/v1/sign-in/passkey/registration/options', { body: { invitation: code } });
  if (options.status !== 200) return options;
  const body = device.create(options.body['options']);
  return ask('POST', '/v1/sign-in/passkey/registration', { body, cookie: cookieText(options.cookies) });
}

async function signIn(device: SoftwareAuthenticator, before?: string): Promise<Answer> {
  const options = await ask('POST', '/v1/sign-in/passkey/options', { body: {} });
  const cookie = [cookieText(options.cookies), before].filter(Boolean).join('; ');
  return ask('POST', '/v1/sign-in/passkey', { body: device.get(options.body['options']), cookie });
}

const sessionOf = ({ cookies }: Answer): string => `pistor-session=${cookies['pistor-session']}`;

/** Somebody who has signed in. */
async function signedIn(name: string, grants: readonly object[]) {
  const { user, code } = await invited(name, grants);
  const device = new SoftwareAuthenticator(ORIGIN);
  const answer = await enrol(code, device);
  expect(answer).toMatchObject({ status: 200, body: { signedIn: true } });
  return { user, device, cookie: sessionOf(answer) };
}

describe('a live chain', () => {
  it('lets nobody in who has not signed in, and tells only how to', async () => {
    expect(await ask('GET', '/v1/patients')).toMatchObject({ status: 401, body: { code: 'access.sign-in' } });
    expect(await ask('GET', '/v1/chain')).toMatchObject({ status: 401 });
    expect(await ask('GET', '/openapi.json')).toMatchObject({ status: 401 });
    expect(await ask('GET', '/v1/sign-in')).toMatchObject({ status: 200, body: { by: 'passkeys' } });
  });

  it('writes down every refusal, with who and what, and nothing of whom it was about', async () => {
    logged.length = 0;
    const { cookie, user } = await signedIn('Reyhan', [{ role: 'receptionist', site: here.ids.site }]);
    await ask('GET', `/v1/patients/${there.ids.patient}`, { cookie });
    await ask('GET', `/v1/events`, { cookie });
    const refusals = logged.filter((line) => line.includes('access refused')).map((line) => JSON.parse(line));
    expect(refusals).toMatchObject([
      {
        route: '/v1/patients/:patient',
        permission: 'patient.read',
        principal: `user:${user}`,
        code: 'patient.unknown',
      },
      { route: '/v1/events', permission: 'audit.read', principal: `user:${user}`, code: 'access.denied' },
    ]);
    expect(logged.join('\n')).not.toContain(there.ids.patient);
  });
});

describe('the OpenAPI document', () => {
  it('refuses a key that is not valid as everything else does, and writes it down', async () => {
    logged.length = 0;
    const headers = { host: 'localhost:3000', authorization: 'Bearer pk_nothing' };
    const answer = await api.app.inject({ url: '/openapi.json', headers });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ status: 401, code: 'access.key' });
    expect(logged.some((line) => line.includes('access refused') && line.includes('/openapi.json'))).toBe(true);
  });

  it('is for whoever is signed in', async () => {
    const { cookie } = await signedIn('Ada', [{ role: 'auditor' }]);
    expect(await ask('GET', '/openapi.json', { cookie })).toMatchObject({ status: 200, body: { openapi: '3.1.0' } });
  });
});

describe('a passkey', () => {
  it('is made once with a code, and signs in ever after', async () => {
    const { code, user } = await invited('Deniz', [{ role: 'administrator' }]);
    const device = new SoftwareAuthenticator(ORIGIN);
    const first = await enrol(code, device);
    expect(first.status).toBe(200);
    expect(await ask('GET', '/v1/session', { cookie: sessionOf(first) })).toMatchObject({
      body: { id: `user:${user}`, name: 'Deniz', signInBy: 'passkeys', hasSession: true },
    });
    expect(await enrol(code, new SoftwareAuthenticator(ORIGIN))).toMatchObject({ status: 403 });
    expect(await signIn(device)).toMatchObject({ status: 200 });
  });

  it('is not made for a code that nobody was given', async () => {
    const answer = await enrol('A'.repeat(43), new SoftwareAuthenticator(ORIGIN));
    expect(answer).toMatchObject({ status: 403, body: { code: 'sign-in.refused' } });
  });

  it.each<[string, (device: SoftwareAuthenticator) => SoftwareAuthenticator]>([
    ['of a foreign page', (device) => Object.assign(device, { origin: 'http://evil.test' })],
    ['whose device did not verify the person', (device) => Object.assign(device, { verifiesUser: false })],
  ])('does not sign in by an answer %s', async (_, spoil) => {
    const { device } = await signedIn('Ada', [{ role: 'auditor' }]);
    expect(await signIn(spoil(device))).toMatchObject({ status: 403, body: { code: 'sign-in.refused' } });
  });

  it('does not sign in when its counter goes back: it was copied', async () => {
    const { device } = await signedIn('Ada', [{ role: 'auditor' }]);
    device.counter = 10;
    expect((await signIn(device)).status).toBe(200);
    device.counter = 3;
    expect((await signIn(device)).status).toBe(403);
  });

  it('does not sign in by an answer that was sent before, nor in another browser', async () => {
    const { device } = await signedIn('Ada', [{ role: 'auditor' }]);
    const options = await ask('POST', '/v1/sign-in/passkey/options', { body: {} });
    const cookie = cookieText(options.cookies);
    const body = device.get(options.body['options']);
    expect((await ask('POST', '/v1/sign-in/passkey', { body })).status).toBe(403);
    expect((await ask('POST', '/v1/sign-in/passkey', { body, cookie })).status).toBe(200);
    expect((await ask('POST', '/v1/sign-in/passkey', { body, cookie })).status).toBe(403);
  });

  it('is answered ever later when it fails, and lets its owner in all the same', async () => {
    const { device } = await signedIn('Ada', [{ role: 'auditor' }]);
    const forged = new SoftwareAuthenticator(ORIGIN);
    Object.assign(forged, { id: device.id });
    const statuses: number[] = [];
    for (let n = 0; n < 9; n += 1) statuses.push((await signIn(forged)).status);
    expect(statuses[0]).toBe(403);
    expect(statuses.at(-1)).toBe(429);
    expect((await signIn(device)).status).toBe(200);
    // What its owner did cleared the count of the account and of the source.
    expect((await signIn(forged)).status).toBe(403);
  });
});

describe('a session', () => {
  it('has a cookie that no page can read and no foreign page can send', async () => {
    const { device } = await signedIn('Ada', [{ role: 'auditor' }]);
    const [, session] = (await signIn(device)).setCookies;
    expect(session).toMatch(/^pistor-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  });

  it('is a new one with each sign-in, and the one before has ended', async () => {
    const { device, cookie } = await signedIn('Ada', [{ role: 'auditor' }]);
    const again = sessionOf(await signIn(device, cookie));
    expect(again).not.toBe(cookie);
    expect((await ask('GET', '/v1/session', { cookie })).status).toBe(401);
    expect((await ask('GET', '/v1/session', { cookie: again })).status).toBe(200);
  });

  it('ends by signing out, everywhere at once', async () => {
    const { cookie } = await signedIn('Ada', [{ role: 'auditor' }]);
    expect(await ask('POST', '/v1/session/end', { cookie, body: {} })).toMatchObject({ body: { ended: true } });
    expect((await ask('GET', '/v1/session', { cookie })).status).toBe(401);
  });

  it('ends when its user is disabled, who cannot sign in again until enabled', async () => {
    const { cookie, user, device } = await signedIn('Ada', [{ role: 'auditor' }]);
    expect((await operate('POST', `/v1/users/${user}/disable`, { reason: 'Has left' })).status).toBe(200);
    expect((await ask('GET', '/v1/session', { cookie })).status).toBe(401);
    expect((await signIn(device)).status).toBe(403);
    await operate('POST', `/v1/users/${user}/enable`, { reason: 'Is back' });
    expect((await ask('GET', '/v1/session', { cookie })).status).toBe(401);
    expect((await signIn(device)).status).toBe(200);
  });

  it.each([
    ['nobody has been there for half an hour', `seen_at = clock_timestamp() - interval '31 minutes'`],
    ['a shift is over', `expires_at = clock_timestamp() - interval '1 second'`],
  ])('ends when %s', async (_, change) => {
    const { cookie, user } = await signedIn('Ada', [{ role: 'auditor' }]);
    await api.pistor.engine.db.query(`update access_session set ${change} where user_id = $1`, [user]);
    expect((await ask('GET', '/v1/session', { cookie })).status).toBe(401);
  });

  it('is not taken from a cookie that was sent twice', async () => {
    const { cookie } = await signedIn('Ada', [{ role: 'auditor' }]);
    const twice = `${cookie}; pistor-session=${'A'.repeat(43)}`;
    expect((await ask('GET', '/v1/session', { cookie: twice })).status).toBe(401);
  });

  it('changes nothing for a page of another origin', async () => {
    const { cookie } = await signedIn('Ada', [{ role: 'administrator' }]);
    const headers = { origin: 'http://evil.test' };
    const answer = await ask('POST', '/v1/users', { cookie, headers, body: { name: 'Mallory' } });
    expect(answer).toMatchObject({ status: 403, body: { code: 'request.foreign-origin' } });
  });
});

describe('a role', () => {
  it('opens what belongs to its site, and hides what does not as if it were not there', async () => {
    const { cookie } = await signedIn('Nur', [{ role: 'practitioner', site: here.ids.site }]);
    expect((await ask('GET', `/v1/patients/${here.ids.patient}`, { cookie })).status).toBe(200);
    expect((await ask('GET', `/v1/courses/${here.ids.course}`, { cookie })).status).toBe(200);
    const hidden = await ask('GET', `/v1/patients/${there.ids.patient}`, { cookie });
    const nobody = await ask('GET', `/v1/patients/${newId()}`, { cookie });
    const { instance: _, ...shown } = hidden.body;
    expect(hidden.status).toBe(404);
    expect(nobody).toMatchObject({ status: 404, body: shown });
  });

  it('shows who a patient is without their health where it does not reach that far', async () => {
    const desk = await signedIn('Reyhan', [{ role: 'receptionist', site: here.ids.site }]);
    const shown = await ask('GET', `/v1/patients/${here.ids.patient}`, { cookie: desk.cookie });
    expect(shown.body).toMatchObject({ familyName: 'Şahin', health: null });
    const nurse = await signedIn('Nur', [{ role: 'practitioner', site: here.ids.site }]);
    const whole = await ask('GET', `/v1/patients/${here.ids.patient}`, { cookie: nurse.cookie });
    expect(whole.body['health']).toMatchObject({ allergies: [] });
  });

  it('limits lists to its site, and asks which where there are several', async () => {
    const one = await signedIn('Nur', [{ role: 'practitioner', site: here.ids.site }]);
    const ids = ({ body }: Answer) => (body['items'] as { id: string }[]).map(({ id }) => id);
    expect(ids(await ask('GET', '/v1/patients', { cookie: one.cookie }))).toEqual([here.ids.patient]);
    expect(await ask('GET', `/v1/patients?site=${there.ids.site}`, { cookie: one.cookie })).toMatchObject({
      ...{ status: 403, body: { code: 'access.denied' } },
    });
    // One that is not named as one is refused, not taken for one's own.
    for (const named of [`site=${here.ids.site}&site=${there.ids.site}`, `site=${there.ids.site}&site=`, 'site=']) {
      expect((await ask('GET', `/v1/patients?${named}`, { cookie: one.cookie })).status).toBe(400);
    }
    const both = [here, there].map(({ ids: { site } }) => ({ role: 'practitioner', site }));
    const { cookie } = await signedIn('Efe', both);
    const unsaid = await ask('GET', '/v1/patients', { cookie });
    expect(unsaid).toMatchObject({ status: 403, body: { code: 'access.site-needed', fields: [{ field: 'site' }] } });
    expect(ids(await ask('GET', `/v1/patients?site=${there.ids.site}`, { cookie }))).toEqual([there.ids.patient]);
  });

  it('finds by name whom it sees at its site, and nobody else of that name', async () => {
    const { cookie } = await signedIn('Reyhan', [{ role: 'receptionist', site: here.ids.site }]);
    const search = (site = '') =>
      ask('POST', `/v1/patients/search${site && `?site=${site}`}`, { cookie, body: { search: 'Şahin' } });
    const ids = ({ body }: Answer) => (body['items'] as { id: string }[]).map(({ id }) => id);
    expect(ids(await search())).toEqual([here.ids.patient]);
    expect(ids(await search(here.ids.site))).toEqual([here.ids.patient]);
    expect(await search(there.ids.site)).toMatchObject({ status: 403, body: { code: 'access.denied' } });
    const operator = await ask('POST', '/v1/patients/search', {
      ...{ token: api.pistor.access.operatorToken, body: { search: 'Şahin' } },
    });
    expect(ids(operator).sort()).toEqual([here.ids.patient, there.ids.patient].sort());
  });

  it('sees a patient at once whom it has registered at its site', async () => {
    const { cookie } = await signedIn('Reyhan', [{ role: 'receptionist', site: here.ids.site }]);
    const body = {
      identity: { familyName: 'Öz', givenName: 'Can', birthDate: '1990-01-01', sex: 'male' },
      preference: { language: 'tr', channel: 'email', contactConsent: true },
    };
    const made = await ask('POST', '/v1/patients', { cookie, body });
    expect(made.status).toBe(201);
    const path = `/v1/patients/${made.body['id']}?position=${encodeURIComponent(made.position)}`;
    expect((await ask('GET', path, { cookie })).status).toBe(200);
    const elsewhere = await signedIn('Eda', [{ role: 'receptionist', site: there.ids.site }]);
    expect((await ask('GET', path, { cookie: elsewhere.cookie })).status).toBe(404);
    const [event] = await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${made.body['id']}`);
    expect(event?.header).toMatchObject({ site: here.ids.site, actor: expect.stringMatching(/^user:[0-9a-f-]{36}$/) });
  });

  it('holds in its days alone, and not any more when it is taken away', async () => {
    const early = await signedIn('Ada', [{ role: 'auditor', validFrom: '2999-01-01' }]);
    expect((await ask('GET', '/v1/events', { cookie: early.cookie })).status).toBe(403);
    const late = await signedIn('Ada', [{ role: 'auditor', validTo: '2000-01-01' }]);
    expect((await ask('GET', '/v1/events', { cookie: late.cookie })).status).toBe(403);
    const now = await signedIn('Ada', [{ role: 'auditor' }]);
    expect((await ask('GET', '/v1/events', { cookie: now.cookie })).status).toBe(200);
    await api.followed();
    const shown = userViewSchema.parse((await operate('GET', `/v1/users/${now.user}`)).body);
    await operate('POST', `/v1/users/${now.user}/grants/${shown.grants[0]?.id}/revoke`, {});
    expect((await ask('GET', '/v1/events', { cookie: now.cookie })).status).toBe(403);
  });

  it('of a patient opens their own record and no other', async () => {
    const { cookie } = await signedIn('İpek', [{ role: 'patient', patient: here.ids.patient }]);
    expect(await ask('GET', '/v1/session', { cookie })).toMatchObject({
      body: { id: `patient:${here.ids.patient}`, kind: 'patient' },
    });
    expect((await ask('GET', `/v1/patients/${here.ids.patient}/timeline`, { cookie })).status).toBe(200);
    expect((await ask('GET', `/v1/patients/${there.ids.patient}/timeline`, { cookie })).status).toBe(404);
    expect((await ask('GET', '/v1/patients', { cookie })).status).toBe(403);
  });

  it('decides as a physician only where a physician is signed in', async () => {
    const nurse = await signedIn('Nur', [{ role: 'practitioner', site: here.ids.site }]);
    const url = `/v1/patients/${here.ids.patient}/entries/${newId()}/retract`;
    const answer = await ask('POST', url, { cookie: nurse.cookie, body: { reason: 'Wrong', physician: 'DR1' } });
    expect(answer).toMatchObject({ status: 403, body: { code: 'access.physician-needed' } });
    const correction = `/v1/consultations/${here.ids.consultation}/entries/${newId()}/correct`;
    const saidAnew = (type: string) => ask('POST', correction, { cookie: nurse.cookie, body: { data: { type } } });
    expect((await saidAnew('ContraindicationOverridden')).body['code']).toBe('access.physician-needed');
    expect((await saidAnew('ConsultationNoted')).body['code']).toBe('request.invalid');
    const physician = await signedIn('Zoë', [{ role: 'physician', site: here.ids.site }]);
    const heard = await ask('POST', url, { cookie: physician.cookie, body: { reason: 'Wrong', physician: 'DR1' } });
    expect(heard.body['code']).not.toMatch(/^access/);
  });

  it('is not given to oneself', async () => {
    const { cookie, user } = await signedIn('Deniz', [{ role: 'administrator' }]);
    const answer = await ask('POST', `/v1/users/${user}/grants`, { cookie, body: { role: 'physician' } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'user.not-oneself' } });
  });
});

describe('the site of an entry that is said anew', () => {
  const physician = { role: 'physician', site: '' };
  const correct = async (cookie: string, world: SiteWorld, data: object, more: object = {}) => {
    const path = `/v1/courses/${world.ids.course}/entries/${newId()}/correct`;
    const { status, body } = await ask('POST', path, { cookie, body: { data, reason: 'it was there', ...more } });
    return [status, body['code']];
  };
  const moved = (world: SiteWorld) => ({ type: 'SessionPerformed', site: world.ids.site });

  it('is one where whoever says so works', async () => {
    const { cookie } = await signedIn('Zoë', [{ ...physician, site: here.ids.site }]);
    expect(await correct(cookie, here, moved(there))).toEqual([403, 'access.denied']);
    expect(await correct(cookie, here, moved(here))).toEqual([404, 'entry.unknown']);
    const consultation = `/v1/consultations/${here.ids.consultation}/entries/${newId()}/correct`;
    const body = { data: { type: 'ConsultationHeld', site: there.ids.site }, reason: 'it was there' };
    expect((await ask('POST', consultation, { cookie, body })).status).toBe(403);
  });

  it('is never one’s own where the record is open in an emergency alone: it would stay open', async () => {
    const { cookie } = await signedIn('Zoë', [{ ...physician, site: here.ids.site }]);
    const reason = { reason: 'Collapsed in our waiting room; allergies are needed', minutes: 30 };
    await ask('POST', `/v1/patients/${there.ids.patient}/break-glass`, { cookie, body: reason });
    expect(await correct(cookie, there, { type: 'SessionPerformed', painScore: 2 })).toEqual([404, 'entry.unknown']);
    expect(await correct(cookie, there, moved(here))).toEqual([403, 'access.denied']);
  });

  it('needs a physician who is signed in where a plan is said anew outside its ranges', async () => {
    const { cookie } = await signedIn('Nur', [{ role: 'practitioner', site: here.ids.site }]);
    const plan = { type: 'CoursePlanned', plannedSessions: 40, countReason: 'She wants it' };
    expect(await correct(cookie, here, plan, { physician: newId() })).toEqual([403, 'access.physician-needed']);
  });
});

describe('an API key', () => {
  const make = async (body: object): Promise<string> => {
    const { status, body: made } = await operate('POST', '/v1/api-keys', body);
    expect(status).toBe(200);
    return made['key'];
  };

  it('opens what it was made for, where it was made for', async () => {
    const token = await make({ name: 'booking-website', scopes: ['patient.read'], sites: [here.ids.site] });
    expect(token).toMatch(/^pk_[0-9a-f]{32}_[\w-]{43}$/);
    expect((await ask('GET', `/v1/patients/${here.ids.patient}`, { token })).status).toBe(200);
    expect((await ask('GET', `/v1/patients/${there.ids.patient}`, { token })).status).toBe(404);
    expect((await ask('GET', `/v1/patients/${here.ids.patient}/timeline`, { token })).status).toBe(403);
  });

  it('is shown once, and stands nowhere', async () => {
    const token = await make({ name: 'exporter', scopes: ['audit.read'] });
    const secret = token.slice(36);
    await api.followed();
    const { body } = await operate('GET', '/v1/api-keys');
    const [shown] = (body['items'] as unknown[]).map((item) => apiKeyViewSchema.parse(item));
    expect(shown).toMatchObject({ name: 'exporter', state: 'valid', prefix: token.slice(0, 11) });
    expect(JSON.stringify(body)).not.toContain(secret);
    const { rows } = await api.pistor.engine.db.query<object>('select k::text from access_api_key k');
    const { rows: events } = await api.pistor.engine.db.query<object>('select e::text from event_log e');
    expect(JSON.stringify([rows, events])).not.toContain(secret);
  });

  it('opens nothing when it was revoked, has expired, or one character of it is another', async () => {
    const token = await make({ name: 'exporter', scopes: ['audit.read'] });
    expect((await ask('GET', '/v1/events', { token })).status).toBe(200);
    const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    expect(await ask('GET', '/v1/events', { token: wrong })).toMatchObject({
      status: 401,
      body: { code: 'access.key' },
    });
    const id = token.slice(3, 35).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    await operate('POST', `/v1/api-keys/${id}/revoke`, {});
    expect((await ask('GET', '/v1/events', { token })).status).toBe(401);
  });

  it('is not made for what only people do', async () => {
    const body = { name: 'robot', scopes: ['record.decide'] };
    expect((await operate('POST', '/v1/api-keys', body)).status).toBe(400);
  });

  it.each([
    ['a token without a signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.'],
    ['an id token', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl'],
  ])('is not %s', async (_, token) => {
    expect(await ask('GET', '/v1/events', { token })).toMatchObject({ status: 401, body: { code: 'access.key' } });
  });
});

describe('breaking the glass', () => {
  const reason = { reason: 'Collapsed in our waiting room; allergies are needed', minutes: 30 };

  it('opens one patient of another site, is on record, and is looked at by somebody else', async () => {
    const { cookie, user } = await signedIn('Zoë', [{ role: 'physician', site: here.ids.site }]);
    const record = `/v1/patients/${there.ids.patient}/health`;
    expect((await ask('GET', record, { cookie })).status).toBe(404);
    const url = `/v1/patients/${there.ids.patient}/break-glass`;
    const broken = await ask('POST', url, { cookie, body: reason });
    expect(broken.status).toBe(201);
    expect((await ask('GET', record, { cookie })).status).toBe(200);
    expect((await ask('GET', `/v1/courses/${there.ids.course}`, { cookie })).status).toBe(200);
    // The patient is open, and nothing else of that site.
    expect((await ask('GET', `/v1/lots/${there.ids.lot}`, { cookie })).status).toBe(404);

    await api.followed();
    const list = await operate('GET', '/v1/break-glass?state=waiting');
    const [waiting] = (list.body['items'] as unknown[]).map((item) => openingViewSchema.parse(item));
    expect(waiting).toMatchObject({ user: { id: user, name: 'Zoë' }, reason: reason.reason, review: null });
    expect(waiting?.patient).toEqual({ id: there.ids.patient });
    const own = await ask('GET', '/v1/break-glass/own', { cookie });
    expect(own.body['items']).toMatchObject([{ id: waiting?.id, patient: { id: there.ids.patient }, endedAt: null }]);
    const other = await signedIn('Berk', [{ role: 'physician', site: here.ids.site }]);
    expect((await ask('GET', '/v1/break-glass/own', { cookie: other.cookie })).body['items']).toEqual([]);

    expect((await ask('POST', `/v1/break-glass/${waiting?.id}/end`, { cookie, body: {} })).status).toBe(200);
    expect((await ask('GET', record, { cookie })).status).toBe(404);
    await api.followed();
    expect((await ask('GET', '/v1/break-glass/own', { cookie })).body['items']).toEqual([]);

    // What is recorded meanwhile at the other site makes its managers none of those who look at it.
    const recorded = { site: here.ids.site, patient: there.ids.patient, practitioner: newId() };
    await api.append(...new CourseHistory(recorded).streams());
    await api.followed();
    // Whoever manages the patient's site looks at it, and no other manager; an auditor sees it.
    const manager = await signedIn('Mina', [{ role: 'site-manager', site: there.ids.site }]);
    const stranger = await signedIn('Kaan', [{ role: 'site-manager', site: here.ids.site }]);
    const auditor = await signedIn('Ada', [{ role: 'auditor' }]);
    const listOf = async ({ cookie: of }: { cookie: string }) =>
      ((await ask('GET', '/v1/break-glass?limit=1', { cookie: of })).body['items'] as { id: string }[]).map(
        ({ id }) => id,
      );
    expect([await listOf(manager), await listOf(auditor)]).toEqual([[waiting?.id], [waiting?.id]]);
    expect(await listOf(stranger)).not.toContain(waiting?.id);
    const review = { outcome: 'justified', note: 'As described' };
    const path = `/v1/users/${user}/break-glass/${waiting?.id}/review`;
    const reviewing = async ({ cookie: of }: { cookie: string }) => {
      const { status, body } = await ask('POST', path, { cookie: of, body: review });
      return [status, body['code']];
    };
    expect(await reviewing(stranger)).toEqual([404, 'opening.unknown']);
    expect(await reviewing(auditor)).toEqual([403, 'access.denied']);
    expect(await reviewing(manager)).toEqual([200, undefined]);
    expect((await operate('POST', path, review)).body['code']).toBe('opening.reviewed');
    const types = (await api.pistor.engine.store.readStream(api.pistor.chain.id, `user-${user}`)).map(
      ({ header: { type } }) => type,
    );
    expect(types.slice(-3)).toEqual(['GlassBroken', 'GlassMended', 'GlassReviewed']);
  });

  it('needs a reason, and a role that treats', async () => {
    const physician = await signedIn('Zoë', [{ role: 'physician', site: here.ids.site }]);
    const url = `/v1/patients/${there.ids.patient}/break-glass`;
    expect((await ask('POST', url, { cookie: physician.cookie, body: { reason: 'why not' } })).status).toBe(400);
    const desk = await signedIn('Reyhan', [{ role: 'receptionist', site: here.ids.site }]);
    expect((await ask('POST', url, { cookie: desk.cookie, body: reason })).status).toBe(403);
  });
});
