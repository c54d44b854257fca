import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exampleHttpApp } from '#test/support/example-http-app.js';

describe('problem details', () => {
  let app: NestFastifyApplication;
  const logged: { facts: object; message: string }[] = [];
  const keep = (facts: object, message: string) => void logged.push({ facts, message });

  beforeAll(async () => {
    ({ app } = await exampleHttpApp({ log: { debug: keep, info: keep, warn: keep, error: keep } }));
  });
  afterAll(() => app.close());

  const get = (url: string, headers = {}) => app.inject({ url, headers });

  it.each([
    ['refused', 422, 'session.too-early'],
    ['not-found', 404, 'course.unknown'],
    ['conflict', 409, 'code.taken'],
    ['stale', 412, 'resource.stale'],
    ['unavailable', 503, 'database.unavailable'],
    ['overloaded', 429, 'import.running'],
  ])('an error of kind %s is answered with %i and its stable code', async (kind, status, code) => {
    const answer = await get(`/v1/trouble/${kind}`);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ type: `https://pistor.dev/problems/${code}`, code, status });
  });

  it('names the field, the rule and the published facts', async () => {
    expect((await get('/v1/trouble/refused')).json()).toMatchObject({
      title: 'A rule refuses the request',
      detail: 'The session is too early.',
      fields: [{ field: 'at', message: 'Not before 2026-03-01.', rule: 'session.interval', facts: ['S1-N1'] }],
      data: { earliest: '2026-03-01' },
    });
  });

  it('says when to ask again', async () => {
    expect((await get('/v1/trouble/unavailable')).headers['retry-after']).toBe('1');
    expect((await get('/v1/trouble/overloaded')).headers['retry-after']).toBe('13');
  });

  it('keeps addresses and messages of the systems behind it to itself', async () => {
    expect((await get('/v1/trouble/unavailable')).body).not.toMatch(/10\.0\.0\.7|ECONNREFUSED/);
    expect((await get('/v1/trouble/behind')).json().detail).toBe('courses has come to 3 and not yet to 5.');
  });

  it.each(['bug', 'text'])(
    'answers what nobody foresaw (%s) with 500 and a number, and logs it under that',
    async (kind) => {
      logged.length = 0;
      const answer = await get(`/v1/trouble/${kind}`);
      expect(answer.statusCode).toBe(500);
      expect(answer.json().code).toBe('internal');
      expect(answer.body).not.toMatch(/Ayşe|thrown/);
      const correlationId = answer.headers['pistor-correlation-id'];
      expect(answer.json().instance).toBe(`urn:uuid:${correlationId}`);
      expect(logged[0]).toMatchObject({ message: 'request failed', facts: { correlationId } });
    },
  );

  it('takes the correlation id of the caller, or that of its trace', async () => {
    const own = '0199a000-0000-7000-8000-00000000000a';
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const idOf = async (headers: object) => (await get('/v1/trouble/plain', headers)).headers['pistor-correlation-id'];
    expect(await idOf({ 'pistor-correlation-id': own })).toBe(own);
    expect(await idOf({ traceparent })).toBe('4bf92f35-77b3-4da6-a3ce-929d0e0e4736');
    expect(await idOf({ 'pistor-correlation-id': 'x\r\ny', traceparent: 'junk' })).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers an unknown address without repeating it', async () => {
    const answer = await get('/v1/nothing?search=Y%C4%B1lmaz');
    expect(answer.statusCode).toBe(404);
    expect(answer.json().code).toBe('route.unknown');
    expect(answer.body).not.toMatch(/v1|lmaz/);
  });

  it.each([
    ['/v1/rooms/%zz', 400],
    [`/v1/rooms/${'a'.repeat(400)}`, 414],
  ])('answers an address that cannot be read (%#) with %s', async (url, status) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    ['{"name": "Ayşe', 'application/json', 400, 'request.malformed-json'],
    ['{"name": "a", "__proto__": {"beds": 3}}', 'application/json', 400, 'request.malformed-json'],
    ['{"name": "a", "constructor": {"prototype": {"beds": 3}}}', 'application/json', 400, 'request.malformed-json'],
    ['name=Ayşe', 'application/x-www-form-urlencoded', 415, 'request.media-type'],
    ['{"name": "Ayşe"}', 'text/plain', 415, 'request.media-type'],
    ['PK', 'application/zip', 415, 'request.media-type'],
    [`{"name": "${'a'.repeat(1024 * 1024)}"}`, 'application/json', 413, 'request.too-large'],
  ])('answers a body that it does not take (%#)', async (payload, type, status, code) => {
    const answer = await app.inject({ method: 'POST', url: '/v1/rooms', payload, headers: { 'content-type': type } });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.body).not.toMatch(/Ayşe/);
  });

  it('logs the pattern of a route, never the address or the body', async () => {
    logged.length = 0;
    await get('/v1/rooms/PT00001?search=Y%C4%B1lmaz');
    expect(logged.map(({ message }) => message)).toEqual(['request']);
    expect(JSON.stringify(logged)).toContain('/v1/rooms/:room');
    expect(JSON.stringify(logged)).not.toMatch(/PT00001|lmaz/);
  });
});
