import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import Provider from 'oidc-provider';
import { openTestApi, type TestApi } from './support/test-api.js';

/** Sign-in by a provider: a real one in this process, and one that lies. */
const ORIGIN = 'http://localhost:3000';
const CLIENT = { clientId: 'pistor', clientSecret: 'a secret of the client, 32 characters' };
const REDIRECT = `${ORIGIN}/v1/sign-in/openid-connect/callback`;

/** The provider says at length that it is set up for a test; so it is. */
beforeAll(() => {
  for (const level of ['warn', 'info'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
});

const servers: Server[] = [];
const apis: TestApi[] = [];
afterAll(async () => {
  for (const api of apis) await api.close();
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(make: (issuer: string) => (request: IncomingMessage, response: any) => void): Promise<string> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  server.on('request', make(issuer));
  return issuer;
}

async function openApi(issuer: string): Promise<TestApi> {
  const provider = { issuer: new URL(issuer).href, ...CLIENT };
  const api = await openTestApi({ live: true, signIn: { wanted: undefined, provider } });
  apis.push(api);
  return api;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: string;
  readonly body: string;
}

async function ask(
  api: TestApi,
  method: 'GET' | 'POST',
  url: string,
  { body, cookie, token }: { body?: object; cookie?: string; token?: string } = {},
): Promise<Answer> {
  const answer = await api.app.inject({
    ...{ method, url },
    headers: {
      host: 'localhost:3000',
      ...(cookie !== undefined && { cookie }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body && { payload: body }),
  });
  const cookies = [answer.headers['set-cookie'] ?? []]
    .flat()
    .map((text) => text.split(';')[0] as string)
    .filter((pair) => !pair.endsWith('='));
  return {
    status: answer.statusCode,
    location: answer.headers['location'],
    cookies: cookies.join('; '),
    body: answer.body,
  };
}

async function invitation(api: TestApi, name: string): Promise<string> {
  const token = api.pistor.access.operatorToken;
  const user = await ask(api, 'POST', '/v1/users', { token, body: { name, grants: [{ role: 'auditor' }] } });
  const { id } = JSON.parse(user.body) as { id: string };
  const made = await ask(api, 'POST', `/v1/users/${id}/invitation`, { token, body: {} });
  return (JSON.parse(made.body) as { code: string }).code;
}

async function begin(api: TestApi, code?: string, more: object = {}): Promise<{ url: URL; cookie: string }> {
  const body = { ...(code && { invitation: code }), ...more };
  const answer = await ask(api, 'POST', '/v1/sign-in/openid-connect', { body });
  expect(answer.status).toBe(200);
  return { url: new URL((JSON.parse(answer.body) as { url: string }).url), cookie: answer.cookies };
}

const callback = (api: TestApi, search: string, cookie?: string) =>
  ask(api, 'GET', `/v1/sign-in/openid-connect/callback${search}`, cookie === undefined ? {} : { cookie });

/** A browser that follows redirects and fills in the forms of the provider, until it is sent to us. */
async function visit(start: URL, login: string): Promise<URL> {
  const jar = new Map<string, string>();
  let url = start;
  let body: URLSearchParams | undefined;
  for (let step = 0; step < 20; step += 1) {
    if (url.href.startsWith(REDIRECT)) return url;
    const response: Response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body && { body }),
    });
    for (const text of response.headers.getSetCookie()) {
      const [name, value] = (text.split(';')[0] as string).split('=') as [string, string];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    const page = await response.text();
    if (location !== null) {
      [url, body] = [new URL(location, url), undefined];
      continue;
    }
    const action = /action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined) throw new Error(`${response.status} ${page.slice(0, 300)}`);
    url = new URL(action, url);
    body = new URLSearchParams({ prompt, ...(prompt === 'login' && { login, password: 'any' }) });
  }
  throw new Error('The provider does not come to an end');
}

describe('a provider', () => {
  let api: TestApi;
  beforeAll(async () => {
    const issuer = await listen((address) => {
      const provider = new Provider(address, {
        clients: [
          {
            ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [REDIRECT] },
            ...{ grant_types: ['authorization_code'], response_types: ['code'] },
          },
        ],
        pkce: { required: () => true },
        cookies: { keys: ['of this test'] },
      });
      const answer = provider.callback();
      return (request, response) => void answer(request, response);
    });
    api = await openApi(issuer);
  });

  it('signs somebody in who was invited, and knows them again without a code', async () => {
    const first = await begin(api, await invitation(api, 'Ayşe'));
    expect(first.url.searchParams.get('code_challenge_method')).toBe('S256');
    const back = await visit(first.url, 'ayse');
    const answer = await callback(api, back.search, first.cookie);
    expect(answer).toMatchObject({ status: 303, location: '/' });
    const session = await ask(api, 'GET', '/v1/session', { cookie: answer.cookies });
    expect(JSON.parse(session.body)).toMatchObject({ name: 'Ayşe', signInBy: 'openid-connect' });

    const again = await begin(api);
    const returned = await callback(api, (await visit(again.url, 'ayse')).search, again.cookie);
    expect(returned).toMatchObject({ status: 303, location: '/' });
  });

  it('is asked to have somebody prove anew who they are, and sends them back to what they want to sign', async () => {
    const first = await begin(api, await invitation(api, 'Berk'));
    const before = await callback(api, (await visit(first.url, 'berk')).search, first.cookie);
    const { url, cookie } = await begin(api, undefined, { anew: true, returnTo: '/patients/PT00001' });
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
    const back = await visit(url, 'berk');
    const answer = await callback(api, back.search, `${cookie}; ${before.cookies}`);
    expect(answer).toMatchObject({ status: 303, location: '/patients/PT00001' });
    const { authenticatedAt } = JSON.parse((await ask(api, 'GET', '/v1/session', { cookie: answer.cookies })).body);
    expect(Date.now() - Date.parse(authenticatedAt)).toBeLessThan(60_000);
    expect((await ask(api, 'GET', '/v1/session', { cookie: before.cookies })).status).toBe(401);
  });

  it.each(['//evil.test/patients/x', 'https://evil.test', '/patients/../people', '/people'])(
    'sends nobody on to %s',
    async (returnTo) => {
      const answer = await ask(api, 'POST', '/v1/sign-in/openid-connect', { body: { returnTo } });
      expect(answer.status).toBe(400);
    },
  );

  it('signs nobody in who was not invited', async () => {
    const { url, cookie } = await begin(api);
    const answer = await callback(api, (await visit(url, 'mallory')).search, cookie);
    expect(answer).toMatchObject({ status: 303, location: '/sign-in?refused=1', cookies: '' });
  });

  it('is answered once: neither state nor code are taken again, nor in another browser', async () => {
    const { url, cookie } = await begin(api, await invitation(api, 'Ada'));
    const { search } = await visit(url, 'ada');
    expect((await callback(api, search)).location).toBe('/sign-in?refused=1');
    const other = await begin(api);
    expect((await callback(api, search, other.cookie)).location).toBe('/sign-in?refused=1');
    expect((await callback(api, search, cookie)).location).toBe('/');
    expect((await callback(api, search, cookie)).location).toBe('/sign-in?refused=1');
  });

  it('is not believed when the state is another', async () => {
    const { url, cookie } = await begin(api, await invitation(api, 'Eda'));
    const back = await visit(url, 'eda');
    back.searchParams.set('state', 'A'.repeat(43));
    expect((await callback(api, back.search, cookie)).location).toBe('/sign-in?refused=1');
  });
});

it('is not asked anybody of a provider that signs with secrets alone', async () => {
  const issuer = await listen((address) => (_request, response) => {
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        ...{ issuer: address, authorization_endpoint: `${address}/auth`, token_endpoint: `${address}/token` },
        ...{ jwks_uri: `${address}/jwks`, response_types_supported: ['code'], subject_types_supported: ['public'] },
        id_token_signing_alg_values_supported: ['HS256', 'none'],
      }),
    );
  });
  const answer = await ask(await openApi(issuer), 'POST', '/v1/sign-in/openid-connect', { body: {} });
  expect([answer.status, (JSON.parse(answer.body) as { code: string }).code]).toEqual([503, 'sign-in.provider']);
});

describe('a token that lies', () => {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let issuer: string;
  let api: TestApi;
  let idToken: (nonce: string) => Promise<string>;
  let nonce = '';
  /** Of the sign-in before. */
  let lastCookies = '';

  const claims = () => ({ nonce, sub: 'ayse' });
  const signed = (
    change: (token: SignJWT) => SignJWT = (token) => token,
    {
      key = own.privateKey,
      header = {},
      more = {},
    }: { key?: KeyObject | Uint8Array; header?: object; more?: object } = {},
  ): Promise<string> =>
    change(
      new SignJWT({ ...claims(), ...more })
        .setProtectedHeader({ alg: 'RS256', kid: 'own', ...header })
        .setIssuer(issuer)
        .setAudience(CLIENT.clientId)
        .setIssuedAt()
        .setExpirationTime('5m'),
    ).sign(key);

  /** Other keys of the provider, by what it signs with them. */
  const pairs = {
    PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  type Algorithm = keyof typeof pairs;

  beforeAll(async () => {
    const jwk = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' };
    const jwks = await Promise.all(
      Object.entries(pairs).map(async ([alg, { publicKey }]) => ({
        ...{ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' },
      })),
    );
    const foreignJwk = { ...(await exportJWK(foreign.publicKey)), kid: 'foreign', alg: 'RS256', use: 'sig' };
    issuer = await listen((address) => (request, response) => {
      const path = new URL(request.url as string, address).pathname;
      const send = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      if (path === '/.well-known/openid-configuration') {
        return send({
          ...{ issuer: address, authorization_endpoint: `${address}/auth`, token_endpoint: `${address}/token` },
          ...{ jwks_uri: `${address}/jwks`, response_types_supported: ['code'], subject_types_supported: ['public'] },
          id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none', ...Object.keys(pairs)],
        });
      }
      if (path === '/jwks') return send({ keys: [jwk, ...jwks] });
      if (path === '/foreign-jwks') return send({ keys: [foreignJwk] });
      void idToken(nonce).then((token) => send({ access_token: 'opaque', token_type: 'Bearer', id_token: token }));
    });
    api = await openApi(issuer);
  });

  async function signInWith(make: () => Promise<string> | string, more: object = {}): Promise<string | undefined> {
    const { url, cookie } = await begin(api, await invitation(api, 'Ayşe'), more);
    nonce = url.searchParams.get('nonce') as string;
    idToken = async () => make();
    const state = url.searchParams.get('state') as string;
    const answer = await callback(api, `?${new URLSearchParams({ code: 'any', state })}`, cookie);
    lastCookies = answer.cookies;
    return answer.location;
  }

  it('would be believed if it did not', async () => {
    expect(await signInWith(() => signed())).toBe('/');
  });

  const signedBy = (alg: Algorithm, header: object = {}) =>
    signed(undefined, { key: pairs[alg].privateKey, header: { alg, kid: alg, ...header } });

  it.each(['PS256', 'ES256', 'EdDSA'] as const)('would be believed with another key pair (%s), too', async (alg) => {
    expect(await signInWith(() => signedBy(alg))).toBe('/');
  });

  it('is taken at its word about when somebody proved who they are: being known for long is no fresh sign-in', async () => {
    const provedAt = Math.floor(Date.now() / 1_000) - 3_600;
    expect(await signInWith(() => signed(undefined, { more: { auth_time: provedAt } }))).toBe('/');
    const session = await ask(api, 'GET', '/v1/session', { cookie: lastCookies });
    expect(JSON.parse(session.body)).toMatchObject({ authenticatedAt: new Date(provedAt * 1_000).toISOString() });
  });

  const authenticatedAt = async (): Promise<number> => {
    const session = await ask(api, 'GET', '/v1/session', { cookie: lastCookies });
    return Date.parse((JSON.parse(session.body) as { authenticatedAt: string }).authenticatedAt);
  };

  it('that does not tell when somebody proved who they are signs them in, and is no fresh sign-in', async () => {
    expect(await signInWith(() => signed())).toBe('/');
    expect(Date.now() - (await authenticatedAt())).toBeGreaterThan(365 * 86_400_000);
  });

  it('has to tell it where somebody was to prove it anew, and is taken at its word', async () => {
    expect(await signInWith(() => signed(), { anew: true })).toBe('/sign-in?refused=1');
    const auth_time = Math.floor(Date.now() / 1_000) - 3_600;
    expect(await signInWith(() => signed(undefined, { more: { auth_time } }), { anew: true })).toBe('/');
    expect(await authenticatedAt()).toBe(auth_time * 1_000);
  });

  it.each<[string, () => Promise<string> | string]>([
    [
      'has no signature (alg: none)',
      () =>
        new UnsecuredJWT(claims())
          .setIssuer(issuer)
          .setAudience(CLIENT.clientId)
          .setIssuedAt()
          .setExpirationTime('5m')
          .encode(),
    ],
    ['is for somebody else (audience)', () => signed((token) => token.setAudience('another client'))],
    ['is of another issuer', () => signed((token) => token.setIssuer('https://evil.test'))],
    ['has expired', () => signed((token) => token.setExpirationTime('-5m'))],
    ['was made for another sign-in (nonce)', () => signed(undefined, { more: { nonce: 'another' } })],
    ['is signed with a foreign key', () => signed(undefined, { key: foreign.privateKey })],
    [
      'names the place where its foreign key is (jku)',
      () =>
        signed(undefined, {
          ...{ key: foreign.privateKey, header: { kid: 'foreign', jku: `${issuer}/foreign-jwks` } },
        }),
    ],
    [
      'brings its foreign key (jwk)',
      async () => signed(undefined, { key: foreign.privateKey, header: { jwk: await exportJWK(foreign.publicKey) } }),
    ],
    [
      'takes the public key for a secret (HS256)',
      () => {
        const pem = own.publicKey.export({ type: 'spki', format: 'pem' }) as string;
        return signed(undefined, { key: new TextEncoder().encode(pem), header: { alg: 'HS256' } });
      },
    ],
    [
      'is signed with the secret of the client (HS256)',
      () => signed(undefined, { key: new TextEncoder().encode(CLIENT.clientSecret), header: { alg: 'HS256' } }),
    ],
    ['is signed in a way that is not trusted, though the provider has the key (ES384)', () => signedBy('ES384')],
    [
      'names another key of the provider than the one that it is signed with (ES256 under the key of RS256)',
      () => signedBy('ES256', { kid: 'own' }),
    ],
    ['is no token at all', () => 'eyJhbGciOiJSUzI1NiJ9.e30'],
  ])('is refused where it %s', async (_, make) => {
    expect(await signInWith(make)).toBe('/sign-in?refused=1');
  });

  it('does not open anything as an access token, even if it is true', async () => {
    nonce = 'any';
    const token = (await signed()).slice(0, 190);
    expect((await ask(api, 'GET', '/v1/events', { token })).status).toBe(401);
    const whole = await signed();
    expect((await ask(api, 'GET', '/v1/events', { token: whole })).status).toBe(401);
  });
});
