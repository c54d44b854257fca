import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { readBackup } from '#libs/backup/src/backup-reader.js';
import { eventually } from '#test/support/eventually.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const ask = () =>
  api.app.inject({ method: 'POST', url: '/v1/backup', headers: { host: '127.0.0.1' }, payloadAsStream: true });

async function partsOf(stream: Readable): Promise<string[]> {
  const { master } = api.pistor.engine;
  const parts: string[] = [];
  for await (const part of readBackup(stream, { master, file: 'the key of the server' })) {
    parts.push(Object.keys(part)[0] as string);
  }
  return parts;
}

describe('POST /v1/backup', () => {
  it('answers a whole backup, sealed with the key of the server', async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/vnd.pistor.backup' } });
    const parts = await partsOf(answer.stream());
    expect([parts[0], parts.at(-2), parts.at(-1)]).toEqual(['manifest', 'contents', 'seal']);
  });

  it('takes one at a time, and the next when that is done', async () => {
    const first = await ask();
    const second = await ask();
    expect(second.statusCode).toBe(409);
    const problem = Buffer.concat(await second.stream().toArray()).toString();
    expect(JSON.parse(problem)).toMatchObject({ code: 'backup.under-way' });
    await partsOf(first.stream());
    expect((await partsOf((await ask()).stream())).at(-1)).toBe('seal');
  });

  it('takes the next, too, when the caller of one went away', async () => {
    const fastify: FastifyInstance = api.app.getHttpAdapter().getInstance();
    const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
    const gone = new AbortController();
    await fetch(`${url}/v1/backup`, { method: 'POST', signal: gone.signal });
    gone.abort();
    const takes = async () => {
      const next = await fetch(`${url}/v1/backup`, { method: 'POST' });
      await next.arrayBuffer();
      return next.status === 200 ? true : undefined;
    };
    expect(await eventually('a backup can be taken again', takes)).toBe(true);
  });

  it('says in place of the seal why it could not go on', async () => {
    const { db } = api.pistor.engine;
    await db.transaction(async (tx) => {
      await tx.query(`set local role none; update chain set position = position + 7`);
    });
    try {
      const answer = await ask();
      expect(answer.statusCode).toBe(200);
      const attempt = partsOf(answer.stream());
      await expect(attempt).rejects.toMatchObject({ code: 'backup.log-not-whole' });
    } finally {
      await db.transaction(async (tx) => {
        await tx.query(`set local role none; update chain set position = position - 7`);
      });
    }
  });
});
