import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exampleHttpApp, type Rooms } from '#test/support/example-http-app.js';

describe('a stream of lines', () => {
  let app: NestFastifyApplication;
  let rooms: Rooms;
  beforeAll(async () => {
    ({ app, rooms } = await exampleHttpApp());
  });
  afterAll(() => app.close());

  const lines = (body: string) =>
    body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('has one value a line', async () => {
    const answer = await app.inject('/v1/trouble/lines/whole');
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    expect(lines(answer.body)).toEqual([{ progress: 1 }, { progress: 2, text: 'two\nlines' }]);
  });

  it('is an ordinary problem when it fails before the first line', async () => {
    const answer = await app.inject('/v1/trouble/lines/early');
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'file.unknown']);
  });

  it('ends with the problem when it fails later', async () => {
    const answer = await app.inject('/v1/trouble/lines/late');
    expect(answer.statusCode).toBe(200);
    expect(lines(answer.body).at(-1)).toMatchObject({ error: { code: 'file.broken', status: 422 } });
  });

  it('says nothing of what nobody foresaw', async () => {
    const { body } = await app.inject('/v1/trouble/lines/bug');
    expect(lines(body).at(-1)).toMatchObject({ error: { code: 'internal' } });
    expect(body).not.toMatch(/Ayşe/);
  });

  it('is not produced faster than it is read, and stops when its reader goes away', async () => {
    const gone = new AbortController();
    const answer = await app.inject({ url: '/v1/trouble/lines/endless', payloadAsStream: true, signal: gone.signal });
    const stream = answer.stream();
    const first = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    expect(first.toString()).toContain('progress');
    stream.on('error', () => {}).pause();
    gone.abort();
    stream.destroy();
    while (!rooms.aborted.includes('endless')) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

describe('a zip', () => {
  it('reaches its route as a stream, and nothing else does', async () => {
    const { app } = await exampleHttpApp();
    const send = (type: string, payload: Buffer | string) =>
      app.inject({ method: 'POST', url: '/v1/trouble/upload', payload, headers: { 'content-type': type } });
    const zip = Buffer.alloc(3 * 1024 * 1024, 'x');
    expect((await send('application/zip', zip)).json()).toEqual({ bytes: zip.length, streamed: true });
    expect((await send('application/json', '{}')).json()).toMatchObject({
      status: 415,
      detail: 'Send application/zip.',
    });
    await app.close();
  });
});
