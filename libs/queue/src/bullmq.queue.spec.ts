import { createServer } from 'node:net';
import { newId } from '#libs/kernel/src/ids.js';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { describeWorkQueue } from '#test/support/work-queue.contract.js';
import { openQueue } from './bullmq.queue.js';
import { openQueueBackend, type QueueBackend } from './queue-backend.js';

const log = { warn: () => {} };
let test: TestDatabase;
let backend: QueueBackend;

beforeAll(async () => {
  test = await openTestDatabase();
  backend = await openQueueBackend({ db: test.db, redisUrl: process.env.REDIS_URL, prefix: `{test-${newId()}}` });
});
afterAll(async () => {
  await backend.close();
  await test.close();
});

// On PGlite, or in the database that DATABASE_URL names; in Redis where REDIS_URL does.
describeWorkQueue(process.env.REDIS_URL ? 'Redis' : 'PostgreSQL', async () => ({ backend, close: async () => {} }));

describe('Redis', () => {
  const redis = (redisUrl: string) => openQueueBackend({ db: test.db, redisUrl });

  it('that cannot be reached stops the queue and nothing else', async () => {
    const unreachable = await redis('redis://127.0.0.1:1/');
    const queue = openQueue(`test-${newId()}`, { backend: unreachable, log });
    await expect(queue.add([{ id: 'job-a', data: { messageId: 'm' } }])).rejects.toMatchObject({
      code: 'queue.unavailable',
      kind: 'unavailable',
    });
    expect(await queue.health()).toMatchObject({ backend: 'redis', state: 'down' });
    await queue.close();
    await unreachable.close();
  });

  it('that may throw keys away is refused, with the command that mends it', async () => {
    const server = createServer((socket) => {
      socket.on('data', (bytes) => {
        for (const command of bytes.toString().split(/(?=\*\d+\r\n)/)) socket.write(answerTo(command.toLowerCase()));
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      await expect(redis(`redis://127.0.0.1:${port}/`)).rejects.toMatchObject({
        code: 'queue.redis-may-evict',
        message: expect.stringContaining('CONFIG SET maxmemory-policy noeviction'),
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

/** As much of a Redis as it takes to ask it for its policy. */
function answerTo(command: string): string {
  if (!command.includes('info')) return '+OK\r\n';
  const info = 'redis_version:7.0.0\r\nloading:0\r\nmaxmemory_policy:allkeys-lru\r\n';
  return `$${info.length}\r\n${info}\r\n`;
}
