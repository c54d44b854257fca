import { createPostgresBackend, Queue, QueueEvents, Worker } from 'bullmq';
import type { Job } from 'bullmq';
import { asOwner, openTestDatabase } from '../../../test/support/test-database.js';
import type { TestDatabase } from '../../../test/support/test-database.js';
import { migrateBullMq } from './bullmq.migrations.js';

let test: TestDatabase;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  await migrateBullMq(test.db);
});

afterAll(async () => {
  for (const one of opened.reverse()) await one.close();
  await test.close();
});

function open(name: string, work: (job: Job) => Promise<unknown>): Queue {
  const connection = test.db.pool as never;
  const queue = new Queue(name, { connection }, createPostgresBackend as never);
  const worker = new Worker(name, work, { connection, concurrency: 4 }, createPostgresBackend as never);
  opened.push(queue, worker);
  return queue;
}

async function done(queue: Queue, count: number): Promise<void> {
  for (let waited = 0; (await queue.getCompletedCount()) < count; waited += 20) {
    if (waited > 10_000) throw new Error(`Only ${await queue.getCompletedCount()} of ${count} jobs are done`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('BullMQ on the pool', () => {
  it('does jobs, retries and large ones, while transactions of ours run', async () => {
    const seen: string[] = [];
    const queue = open('plain', async (job) => {
      if (job.name === 'flaky' && job.attemptsMade === 0) throw new Error('the first time never works');
      seen.push(`${job.name} ${job.data.text?.length ?? ''}`.trim());
    });
    await test.db.query('CREATE SCHEMA own; CREATE TABLE own.ours (n integer)');
    const ours = Array.from({ length: 20 }, (_, n) =>
      test.db.transaction(async (tx) => {
        await tx.query('INSERT INTO own.ours VALUES ($1)', [n]);
        await new Promise((resolve) => setTimeout(resolve, 2));
        await tx.query('UPDATE own.ours SET n = n + 1 WHERE n = $1', [n]);
      }),
    );
    await queue.add('large', { text: 'x'.repeat(200_000) });
    await queue.add('flaky', {}, { attempts: 2 });
    await queue.addBulk(Array.from({ length: 30 }, (_, n) => ({ name: 'bulk', data: { n } })));
    await Promise.all(ours);
    await done(queue, 32);

    expect(seen.filter((name) => name === 'bulk')).toHaveLength(30);
    expect(seen).toContain('large 200000');
    expect(seen).toContain('flaky');
  });

  it('does a delayed job when it is due, and wakes an idle worker at once', async () => {
    const doneAt = new Map<string, number>();
    const queue = open('delayed', async (job) => void doneAt.set(job.name, Date.now()));
    const events = new QueueEvents('delayed', { connection: test.db.pool as never }, createPostgresBackend as never);
    opened.push(events);
    await events.waitUntilReady();
    await new Promise((resolve) => setTimeout(resolve, 200));

    const addedAt = Date.now();
    const later = await queue.add('later', {}, { delay: 2_500 });
    const now = await queue.add('now', {});
    await now.waitUntilFinished(events, 5_000);
    expect(doneAt.get('now')! - addedAt).toBeLessThan(2_000);
    await later.waitUntilFinished(events, 5_000);
    expect(doneAt.get('later')! - addedAt).toBeGreaterThanOrEqual(2_500);
    expect(doneAt.get('later')! - addedAt).toBeLessThan(5_000);
  });

  it('is migrated again without harm, and refuses names of ours that would hide its own', async () => {
    await migrateBullMq(test.db);
    await asOwner(test.db, 'CREATE TABLE job (n integer)');
    await expect(migrateBullMq(test.db)).rejects.toThrow('job');
    await asOwner(test.db, 'DROP TABLE job');
  });
});
