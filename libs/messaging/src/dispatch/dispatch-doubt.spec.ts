import { addDays } from '#libs/kernel/src/local-date.js';
import { openTestMessaging, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import { decide } from '../message/message.decider.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import { doubtDueSince } from './dispatch-doubt.js';

let messaging: TestMessaging;
let world: TestWorld;
let today: string;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  world = await messaging.newWorld();
  today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
  // A reminder and a notice for each of three sessions.
  const course = new CourseHistory(world.of);
  for (const n of [20, 34, 48]) course.booked(`${addDays(today, n)}T14:00`);
  await world.append(...course.streams());
  await messaging.follow(world.chain);
});

const doubt = (since: string) =>
  doubtDueSince({ ...messaging.engine, atHead: (chain) => messaging.follow(chain) }, world.chain, since);
const toDay = (n: number) =>
  messaging.engine.chains.advanceTo(world.chain, zoned(`${addDays(today, n)}T23:00`).instant);
const instant = async () => messaging.engine.chains.now(world.chain);
const balance = () => messaging.queries.balance(world.chain);

async function messages() {
  await messaging.follow(world.chain);
  const { items } = await messaging.queries.list(world.chain, { limit: 100 });
  return items.sort((a, b) => (a.due.instant < b.due.instant ? -1 : 1));
}

describe('after a backup was restored', () => {
  it('what fell due since becomes unknown, and says why', async () => {
    const since = await instant();
    await toDay(30);
    expect(await doubt(since)).toBe(3);
    const all = await messages();
    expect(all.map(({ status }) => status)).toEqual(['unknown', 'unknown', 'unknown', 'pending', 'pending', 'pending']);
    const { reason, history } = await messaging.queries.explain(world.chain, all[0]!.id);
    expect(reason).toContain(since);
    expect(history.at(-1)).toMatchObject({ type: 'MessageOutcomeUnknown' });
    expect(await balance()).toMatchObject({ planned: 6, unknown: 3, pending: 3, sent: 0 });
  });

  it('so does what was due before the backup and had not left by then: it may have left after it', async () => {
    await toDay(19);
    await messaging.follow(world.chain);
    const since = await instant();
    expect(await doubt(since)).toBe(2);
    expect(await balance()).toMatchObject({ unknown: 2, pending: 4 });
  });

  it('so does what was being sent at its instant', async () => {
    await toDay(14);
    const since = await instant();
    const [first] = await messages();
    await write(first!.id, (state, now) => decide({ kind: 'attempt', after: 0, by: attempt(first!.id) }, state, now));
    expect(await doubt(since)).toBe(1);
    expect((await messages())[0]).toMatchObject({ id: first!.id, status: 'unknown' });
  });

  it('nothing else does: neither what falls due later, nor what is settled', async () => {
    const since = await instant();
    const [first] = await messages();
    await write(first!.id, (state, now) => decide({ kind: 'suppress', reason: 'course-stopped' }, state, now));
    await toDay(30);
    expect(await doubt(since)).toBe(2);
    expect(await balance()).toMatchObject({ suppressed: 1, unknown: 2, pending: 3 });
  });

  it('doing it again changes nothing, and does not take back that a person let a message go', async () => {
    const since = await instant();
    await toDay(30);
    expect(await doubt(since)).toBe(3);
    expect(await doubt(since)).toBe(0);
    const [first] = await messages();
    await write(first!.id, (state, now) => decide({ kind: 'reopen' }, state, now));
    expect(await doubt(since)).toBe(0);
    expect((await messages())[0]).toMatchObject({ id: first!.id, status: 'pending' });
  });

  it('sends nothing', async () => {
    const since = await instant();
    await toDay(60);
    expect(await doubt(since)).toBe(6);
    const { rows } = await messaging.engine.db.query('select 1 from outbox where chain = $1', [world.chain.no]);
    expect(rows).toEqual([]);
  });
});

const attempt = (messageId: string) => ({
  ...{ transport: 'outbox' as const, channel: 'email' as const, language: 'en', templateHash: '0'.repeat(64) },
  idempotencyKey: messageId,
});

async function write(
  messageId: string,
  decided: (state: ReturnType<typeof messageFold.evolve>, now: string) => readonly MessageEvent[],
): Promise<void> {
  const { engine } = messaging;
  const stream = messageStream(messageId);
  const { state } = await engine.runner.read(world.chain, stream, messageFold);
  await world.append({ stream, events: decided(state, await instant()) });
  await messaging.follow(world.chain);
}
