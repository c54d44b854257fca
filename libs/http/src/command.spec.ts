import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CHAIN, exampleHttpApp, type Rooms } from '#test/support/example-http-app.js';
import { Unavailable } from '#libs/kernel/src/errors.js';

describe('a command over HTTP', () => {
  let app: NestFastifyApplication;
  let rooms: Rooms;
  beforeEach(async () => {
    ({ app, rooms } = await exampleHttpApp());
  });
  afterEach(() => app.close());

  const send = (method: 'POST' | 'PUT', url: string, payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method, url, payload, headers });
  const make = (headers?: Record<string, string>, payload: object = { name: 'a' }) =>
    send('POST', '/v1/rooms', payload, headers);

  it('answers 201 with the address of what was made, its revision and the position', async () => {
    const answer = await make();
    const { id } = answer.json();
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({ id, revision: 0, position: `${CHAIN.id}:7` });
    expect(answer.headers).toMatchObject({
      location: `/v1/rooms/${id}`,
      etag: '"0"',
      'pistor-position': `${CHAIN.id}:7`,
    });
  });

  it('tells the slice who asks, in which chain, under which ids', async () => {
    const correlationId = '0199a000-0000-7000-8000-00000000000a';
    await make({ 'pistor-correlation-id': correlationId });
    expect(rooms.metas[0]).toMatchObject({ chain: CHAIN, actor: 'user:demo', correlationId });
    expect(rooms.metas[0]?.commandId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['"0"', 200],
    ['W/"0"', 200],
    ['*', 200],
    ['"4"', 412],
    ['0', 400],
    ['"0", "1"', 400],
    ['"abc"', 400],
  ])('with If-Match: %s on revision 0 answers %i', async (ifMatch, status) => {
    const { id } = (await make()).json();
    const answer = await send('PUT', `/v1/rooms/${id}/beds`, { beds: 2 }, { 'if-match': ifMatch });
    expect(answer.statusCode).toBe(status);
    if (status === 412) expect(answer.json().data).toEqual({ expected: 4, actual: 0 });
  });

  it('takes the ETag of a shown resource for If-Match', async () => {
    const { id } = (await make()).json();
    const { etag } = (await app.inject(`/v1/rooms/${id}`)).headers as { etag: string };
    expect(etag).toMatch(/^"0\.[\w-]{12}"$/);
    const change = () => send('PUT', `/v1/rooms/${id}/beds`, { beds: 2 }, { 'if-match': etag });
    expect((await change()).headers['etag']).toBe('"1"');
    expect((await change()).statusCode).toBe(412);
  });

  it('gives the first answer again under the same key', async () => {
    const first = await make({ 'idempotency-key': 'k1' });
    const second = await make({ 'idempotency-key': 'k1' });
    expect(second.statusCode).toBe(201);
    expect(second.json()).toEqual(first.json());
    expect(second.headers).toMatchObject({
      'idempotency-replayed': 'true',
      location: first.headers['location'],
      etag: '"0"',
    });
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    expect(rooms.metas).toHaveLength(1);
  });

  it('carries a request out again under the same command id while there is no answer', async () => {
    rooms.failure = new Unavailable('database.unavailable', 'gone');
    expect((await make({ 'idempotency-key': 'k2' })).statusCode).toBe(503);
    expect((await make({ 'idempotency-key': 'k2' })).statusCode).toBe(201);
    const [first, second] = rooms.metas;
    expect(first?.commandId).toBe(second?.commandId);
  });

  it('does twenty requests under one key at once as one', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => make({ 'idempotency-key': 'k3' })));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(rooms.byId.size).toBe(1);
  });

  it('refuses a key that stands for another request', async () => {
    await make({ 'idempotency-key': 'k4' });
    const answer = await make({ 'idempotency-key': 'k4' }, { name: 'b' });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'idempotency.key-reused']);
  });

  it('lets a malformed request be mended under its key', async () => {
    expect((await make({ 'idempotency-key': 'k5' }, { nome: 'a' })).statusCode).toBe(400);
    expect((await make({ 'idempotency-key': 'k5' }, { name: 'a' })).statusCode).toBe(201);
  });

  it.each([['a'.repeat(256)], ['a b'], ['é'], ['']])('refuses the malformed key %#', async (key) => {
    const answer = await make({ 'idempotency-key': key });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'idempotency.key-malformed']);
    expect(rooms.metas).toEqual([]);
  });

  it('answers a trailing slash and a query that nobody asked for', async () => {
    expect((await send('POST', '/v1/rooms/', { name: 'a' })).headers['location']).toMatch(
      /^\/v1\/rooms\/[0-9a-f-]{36}$/,
    );
    expect((await send('POST', '/v1/rooms?dry=1', { name: 'a' })).statusCode).toBe(400);
  });
});
