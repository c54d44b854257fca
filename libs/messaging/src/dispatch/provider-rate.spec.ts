import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { DispatchGate } from './dispatch-gate.js';
import { ProviderRate } from './provider-rate.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

describe('calls to a provider', () => {
  it('[message.rate] are spaced evenly over all processes, and those who would wait for long go back', async () => {
    const { db } = messaging.engine;
    // Two processes with one limit between them.
    const processes = [new ProviderRate(db, { smtp: 20 }), new ProviderRate(db, { smtp: 20 })];
    const began = performance.now();
    const turns = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const wait = await (processes[n % 2] as ProviderRate).turn('smtp');
        return { wait, at: performance.now() - began };
      }),
    );
    const taken = turns.filter(({ wait }) => wait === 0);
    // One second ahead holds twenty turns; the others are told to come again.
    expect(taken.length).toBeGreaterThanOrEqual(20);
    expect(turns.length - taken.length).toBeGreaterThan(0);
    // However slow the machine is, the nth call is not made before its time.
    const late = taken.map(({ at }) => at).sort((a, b) => a - b);
    late.forEach((at, n) => expect(at).toBeGreaterThanOrEqual(n * 50 - 40));
  });

  it('[message.rate] are not counted where no limit is set', async () => {
    const rate = new ProviderRate(messaging.engine.db, { smtp: 1 });
    expect(await Promise.all(Array.from({ length: 50 }, () => rate.turn('outbox')))).toEqual(Array(50).fill(0));
  });
});

describe('the gate', () => {
  it('[message.closed] closed, lets nothing of its chain leave, and opened again, everything', async () => {
    const world = await messaging.newWorld();
    const other = await messaging.newWorld();
    const gate = new DispatchGate(messaging.engine.db);
    expect(await gate.state(world.chain)).toEqual({ open: true, closedAt: null, reason: null, doubtSince: null });
    await gate.close(world.chain, 'restored from a backup', '2026-05-02T00:00:00.000Z');
    await gate.close(world.chain, 'restored once more', '2026-05-01T00:00:00.000Z');
    expect(await gate.isOpen(world.chain)).toBe(false);
    expect(await gate.isOpen(other.chain)).toBe(true);
    expect(await gate.state(world.chain)).toMatchObject({
      reason: 'restored once more',
      doubtSince: '2026-05-01T00:00:00.000Z',
    });
    const workers = messaging.workers();
    expect(await workers.planner.plan(world.chain)).toBe(0);
    await gate.open(world.chain);
    expect(await gate.isOpen(world.chain)).toBe(true);
  });
});
