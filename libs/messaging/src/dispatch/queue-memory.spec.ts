import { newId } from '#libs/kernel/src/ids.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { QueueMemory } from './queue-memory.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

const log = { warn: () => {} };

/** A queue that remembers what it is told to, in front of two processes. */
function processes() {
  const queue = { name: `queue-${newId()}`, memory: () => Promise.resolve(queue.remembers), remembers: 'first' };
  const { db } = messaging.engine;
  return { queue, one: new QueueMemory(db, queue, log), other: new QueueMemory(db, queue, log) };
}

const handOver = () =>
  messaging.engine.db.query('insert into dispatch_handed_over (chain, message_id, deferrals) values (1, $1, 0)', [
    newId(),
  ]);
const handedOver = async (): Promise<number> => {
  const { rows } = await messaging.engine.db.query<{ n: number }>(
    'select count(*)::int as n from dispatch_handed_over',
  );
  return rows[0]?.n ?? 0;
};

it('forgets what was handed to a queue that has lost everything, once for all processes', async () => {
  const { queue, one, other } = processes();
  await one.check();
  await other.check();
  await handOver();
  await one.check();
  expect(await handedOver()).toBe(1);
  queue.remembers = 'second';
  await one.check();
  expect(await handedOver()).toBe(0);
  await handOver();
  await other.check();
  expect(await handedOver()).toBe(1);
});

it('forgets nothing where jobs lie in the database itself', async () => {
  await handOver();
  await new QueueMemory(messaging.engine.db, { name: 'embedded' }, log).check();
  expect(await handedOver()).toBeGreaterThan(0);
});
