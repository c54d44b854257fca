import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { messageStream } from '../message/message.events.js';
import { attempted, failed, reopened, sent, unknown } from '#test/support/test-tasks.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import type { TestWorld } from '#test/support/test-messaging.js';
import { BalanceCheck, lastBalance } from './balance-check.js';
import { MESSAGES_SCHEMA } from './messages.projection.js';
import { MessagePlanned, MessageExpired, MessageSuppressed } from '../message/message.events.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';

let messaging: TestMessaging;
let world: TestWorld;
let errors: string[];
let check: BalanceCheck;

beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  world = await messaging.newWorld();
  errors = [];
  const log = { error: (_: object, message: string) => errors.push(message), info: () => undefined };
  check = new BalanceCheck({ ...messaging.engine, gate: messaging.gate, log });
});

/** A message that is due at an instant, and what became of it. */
async function message(dueWall: string, ...fate: ((id: string) => object)[]): Promise<string> {
  const [messageId, due] = [newId(), zoned(dueWall)];
  const at = occurredNow('2026-05-01T00:00:00.000Z');
  const planned = MessagePlanned(at, {
    ...{ messageId, kind: 'check-in', courseId: new CourseHistory(world.of).id, patientId: world.of.patient },
    ...{ siteId: world.of.site, cause: { kind: 'session', sessionId: newId() }, generation: 0, due },
    ...{ expiresAt: '2030-01-01T00:00:00.000Z', facts: [] },
  });
  await world.append({
    stream: messageStream(messageId),
    events: [planned, ...fate.map((of) => of(messageId))] as never,
  });
  return messageId;
}

const FUTURE = '2029-05-13T14:00';
const at = occurredNow('2026-05-13T11:00:00.000Z');
const gone = {
  attempt: (id: string) => attempted(id, 1),
  sent: (id: string) => sent(id, at.instant),
  failed: (id: string) => failed(id),
  unknown: (id: string) => unknown(id),
  reopened: (id: string) => reopened(id),
  suppressed: (messageId: string) => MessageSuppressed(at, { messageId, reason: 'opted-out' }),
  expired: (messageId: string) => MessageExpired(at, { messageId }),
};

async function found(chain: Chain = world.chain) {
  await messaging.follow(chain);
  return check.check(chain, true);
}

describe('the balance', () => {
  it('is the same by the rows and by the log, for every fate', async () => {
    await message(FUTURE);
    await message(FUTURE, gone.attempt, gone.sent);
    await message(FUTURE, gone.attempt, gone.failed);
    await message(FUTURE, gone.attempt, gone.unknown);
    await message(FUTURE, gone.attempt, gone.unknown, gone.reopened);
    await message(FUTURE, gone.attempt, gone.unknown, gone.sent);
    await message(FUTURE, gone.suppressed);
    await message(FUTURE, gone.expired);
    const counts = { planned: 8, sent: 2, suppressed: 1, expired: 1, failed: 1, unknown: 1, pending: 2 };
    expect(await found()).toMatchObject({ counts, alarm: null, dueLagSeconds: 0 });
    await message(FUTURE, gone.attempt, gone.sent);
    expect(await found()).toMatchObject({ counts: { planned: 9, sent: 3 }, alarm: null });
    expect(errors).toEqual([]);
  });

  it('is an alarm where a row says something else than the log, told once, and none when it is mended', async () => {
    const lost = await message(FUTURE, gone.attempt, gone.unknown);
    await found();
    const set = (status: string) =>
      messaging.engine.db.query(
        `update "${MESSAGES_SCHEMA}".message set status = $3 where chain = $1 and message_id = $2`,
        [...[world.chain.no, lost, status]],
      );
    await set('pending');
    const { alarm } = await found();
    expect(alarm).toBe(
      'By the log 1 messages are unknown, by the rows 0. By the log 0 messages are pending, by the rows 1.',
    );
    await found();
    expect(errors).toHaveLength(1);
    await set('unknown');
    expect((await found()).alarm).toBeNull();
  });

  it('is an alarm where the log has a message sent twice, however the rows look', async () => {
    await message(FUTURE, gone.attempt, gone.sent, gone.sent);
    expect((await found()).alarm).toContain('By the log 2 messages are sent, by the rows 1.');
  });

  it('is known to every process, and not counted again by each', async () => {
    await message(FUTURE);
    const report = await found();
    expect(await lastBalance(messaging.engine.db, world.chain)).toEqual(report);
    expect(await check.check(world.chain)).toEqual(report);
  });
});

describe('a message that is due and does not go', () => {
  const late = async () => {
    const now = Date.parse(await messaging.engine.chains.now(world.chain));
    return new Date(now - 15 * 60_000 + 3 * 3_600_000).toISOString().slice(0, 16);
  };

  it('is an alarm after ten minutes', async () => {
    await message(await late());
    const { dueLagSeconds, alarm } = await found();
    expect(dueLagSeconds).toBeGreaterThan(14 * 60);
    expect(alarm).toMatch(/^A message has been due for 1[56] minutes/);
    expect(errors).toHaveLength(1);
  });

  it('is none while nothing of the chain is to go', async () => {
    await message(await late());
    await messaging.gate.close(world.chain, 'a test');
    expect(await found()).toMatchObject({ dueLagSeconds: 0, alarm: null });
  });
});
