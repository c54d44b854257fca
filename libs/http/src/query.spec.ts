import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { CHAIN, exampleHttpApp, type ExampleApp } from '#test/support/example-http-app.js';

describe('a query over HTTP', () => {
  let example: ExampleApp;
  let app: NestFastifyApplication;
  let id: string;
  beforeAll(async () => {
    example = await exampleHttpApp();
    ({ app } = example);
    ({ id } = (await app.inject({ method: 'POST', url: '/v1/rooms', payload: { name: 'a' } })).json());
  });
  afterAll(() => app.close());

  it('answers 304 without a body to who has this very answer', async () => {
    const { etag } = (await app.inject(`/v1/rooms/${id}`)).headers as { etag: string };
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await app.inject({ url: `/v1/rooms/${id}`, headers: { 'if-none-match': tag } });
      expect([answer.statusCode, answer.body, answer.headers['etag']]).toEqual([304, '', etag]);
    }
    const other = await app.inject({ url: `/v1/rooms/${id}`, headers: { 'if-none-match': '"0"' } });
    expect(other.statusCode).toBe(200);
  });

  it('changes the ETag when what is shown changes, even at the same revision', async () => {
    const etag = async () => (await app.inject(`/v1/rooms/${id}`)).headers['etag'];
    const before = await etag();
    const room = example.rooms.byId.get(id);
    example.rooms.byId.set(id, { ...(room as NonNullable<typeof room>), name: 'b' });
    expect(await etag()).not.toBe(before);
  });

  it.each([
    ['as a parameter', (at: string) => ({ url: `/v1/rooms?position=${at}`, headers: {} })],
    ['as a header', (at: string) => ({ url: '/v1/rooms', headers: { 'pistor-position': at } })],
  ])('waits for a position given %s', async (_how, request) => {
    example.waited.length = 0;
    expect((await app.inject(request(`${CHAIN.id}:7`))).statusCode).toBe(200);
    expect(example.waited).toEqual([{ name: 'rooms', position: 7 }]);
  });

  it('waits for nothing when nothing is asked', async () => {
    example.waited.length = 0;
    await app.inject('/v1/rooms');
    expect(example.waited).toEqual([]);
  });

  it.each([
    ['junk', 'position.malformed'],
    ['0199a000-0000-7000-8000-000000000002:7', 'position.other-chain'],
  ])('refuses the position %s', async (at, code) => {
    const answer = await app.inject(`/v1/rooms?position=${at}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toBe(code);
  });

  it('answers 503 when the read model does not come that far in time', async () => {
    const behind = new Unavailable('projection.behind', 'rooms has come to 3.');
    const slow = await exampleHttpApp({
      readModels: { assertServing: () => Promise.resolve(), waitFor: () => Promise.reject(behind) },
    });
    const answer = await slow.app.inject(`/v1/rooms?position=${CHAIN.id}:7`);
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([
      503,
      'projection.behind',
      '1',
    ]);
    await slow.app.close();
  });

  it('knows the chain that it is about', async () => {
    expect((await app.inject('/v1/rooms')).json().chain).toBe('demo');
  });
});
