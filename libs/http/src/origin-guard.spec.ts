import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exampleHttpApp } from '#test/support/example-http-app.js';

describe('what comes from elsewhere', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    ({ app } = await exampleHttpApp());
  });
  afterAll(() => app.close());

  const send = async (method: 'GET' | 'POST', headers: Record<string, string>) => {
    const payload = method === 'POST' ? { name: 'a' } : undefined;
    const answer = await app.inject({
      method,
      url: '/v1/rooms',
      payload,
      headers: { host: 'localhost:3000', ...headers },
    });
    return answer.statusCode === 403 ? (answer.json() as { code: string }).code : answer.statusCode;
  };

  it.each(['localhost', 'localhost:3000', '127.0.0.1:65535', 'LOCALHOST:80'])(
    'is not a request to %s',
    async (host) => {
      expect(await send('GET', { host })).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io:3000',
    '10.0.0.1',
    '0.0.0.0',
    'localhost:3000@evil.example',
  ])('is a request to %j, as a page makes that had its name point here', async (host) => {
    expect(await send('GET', { host })).toBe('request.foreign-host');
    expect(await send('POST', { host })).toBe('request.foreign-host');
  });

  it.each([
    [{ origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'none' }],
    [{}],
  ])('is not a change by our own page or by a program: %j', async (headers: Record<string, string>) => {
    expect(await send('POST', headers)).toBe(201);
  });

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' }],
    [{ origin: 'http://127.0.0.1:3000' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('may not change anything: %j', async (headers: Record<string, string>) => {
    expect(await send('POST', headers)).toBe('request.foreign-origin');
  });

  it('finds every answer closed to foreign pages and kept by nobody', async () => {
    for (const url of ['/v1/rooms', '/v1/none', '/v1/trouble/bug']) {
      expect((await app.inject(url)).headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/default-src 'self'.*frame-ancestors 'none'/),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    }
  });
});

describe('what comes under the public name', () => {
  const send = async (peopleSignIn: boolean, url: string) => {
    const { app } = await exampleHttpApp({ publicHost: 'pistor.example.com', peopleSignIn });
    const answer = await app.inject({ url, headers: { host: 'pistor.example.com', 'x-forwarded-host': 'localhost' } });
    await app.close();
    return answer.statusCode;
  };

  it('is answered where people sign in, and only then', async () => {
    expect(await send(true, '/v1/rooms')).toBe(200);
    expect(await send(false, '/v1/rooms')).toBe(403);
  });
});
