import { createServer } from 'node:net';
import { newId } from '#libs/kernel/src/ids.js';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { openQueue } from './bullmq.queue.js';
import { openQueueBackend, type QueueBackend } from './queue-backend.js';
import type { RunningJob, WorkQueue } from './work-queue.js';

type Data = Readonly<Record<'messageId', string>>;

const log = { warn: () => {} };
let test: TestDatabase;
let backend: QueueBackend;
const open: WorkQueue<Data>[] = [];

const newQueue = (on: QueueBackend = backend, name = `test-${newId()}`): WorkQueue<Data> => {
  const queue = openQueue<Data>(name, { backend: on, log });
  open.push(queue);
  return queue;
};

beforeAll(async () => {
  test = await openTestDatabase();
  backend = await openQueueBackend({ db: test.db, redisUrl: process.env.REDIS_URL, prefix: `{test-${newId()}}` });
});
afterAll(async () => {
  await Promise.all(open.map((queue) => queue.close()));
  await backend.close();
  await test.close();
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('It did not happen within 15 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a queue', () => {
  it('gives each job to a handler', async () => {
    const queue = newQueue();
    const done: string[] = [];
    queue.process(async ({ data }) => void done.push(data.messageId), { concurrency: 4 });
    await queue.add(Array.from({ length: 50 }, (_, n) => ({ id: `job-${n}`, data: { messageId: `m${n}` } })));
    await until(() => done.length === 50);
    expect(new Set(done).size).toBe(50);
    expect(await queue.health()).toMatchObject({ state: 'up', problem: null });
  });

  it('does not add a job again that it still holds, and does once it is done', async () => {
    const queue = newQueue();
    const job = { id: 'job-a', data: { messageId: 'm' } };
    await queue.add([job, job]);
    await queue.add([job]);
    let runs = 0;
    queue.process(async () => void (runs += 1), { concurrency: 1 });
    await until(() => runs === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await queue.add([job]);
    await until(() => runs === 2);
  });

  it('gives a job whose handler throws again, and says when it is the last time', async () => {
    const queue = newQueue();
    const tries: boolean[] = [];
    queue.process(
      async ({ lastAttempt }: RunningJob<Data>) => {
        tries.push(lastAttempt);
        if (tries.length < 3) throw new Error('not yet');
      },
      { concurrency: 1 },
    );
    await queue.add([{ id: 'job-a', data: { messageId: 'm' } }]);
    await until(() => tries.length === 3);
    expect(tries).toEqual([false, false, false]);
  });

  it('keeps a delayed job back', async () => {
    const queue = newQueue();
    const done: string[] = [];
    queue.process(async ({ id }) => void done.push(id), { concurrency: 1 });
    await queue.add([{ id: 'later', data: { messageId: 'm' }, delayMs: 700 }]);
    await queue.add([{ id: 'now', data: { messageId: 'm' } }]);
    await until(() => done.length === 2);
    expect(done).toEqual(['now', 'later']);
  });

  it.each(['a:b', '17', ''])('refuses the job id %j, which BullMQ would take for its own', async (id) => {
    await expect(newQueue().add([{ id, data: { messageId: 'm' } }])).rejects.toThrow('Not an id for a job');
  });
});

describe('Redis', () => {
  const redis = (redisUrl: string) => openQueueBackend({ db: test.db, redisUrl });

  it('that cannot be reached stops the queue and nothing else', async () => {
    const unreachable = await redis('redis://127.0.0.1:1/');
    const queue = newQueue(unreachable);
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
