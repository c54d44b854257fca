import type { Chain } from '#libs/event-store/src/chains.js';
import { Refused, Unavailable } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import type { NewJob } from '#libs/queue/src/work-queue.js';
import { openTestMessaging, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory } from '#test/support/treatment-history.js';
import type { Channel } from '../channel.contract.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import type { DispatchJob } from './dispatch.jobs.js';
import { ProviderBusy } from './dispatch.problem.js';
import { DispatchProcessor } from './dispatch.processor.js';
import { DispatchSweeper, type DispatchSweeperDependencies } from './dispatch-sweeper.js';
import type { DispatchOutcome } from './dispatch-outcome.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

const times = { jobLostMs: 10_000, attemptStaleMs: 30_000 };

/** A sweeper of which every part that others do can be replaced; it hands over to nobody, who notes it. */
function sweeping(parts: Partial<DispatchSweeperDependencies> = {}, budgetMs = 20_000) {
  const jobs: NewJob<DispatchJob>[] = [];
  const looked: Chain[] = [];
  const sweeper = new DispatchSweeper(
    {
      ...{ db: messaging.engine.db, chains: messaging.engine.chains, gate: messaging.gate, log: { warn: () => {} } },
      queue: { add: async (added) => void jobs.push(...added) },
      dispatcher: { resume: async () => 'sent', giveUpAttempt: async () => 'unknown' },
      held: { look: async (chain) => looked.push(chain), mend: async () => {} },
      ...parts,
    },
    times,
    budgetMs,
  );
  return { sweeper, jobs, looked };
}

/** Rows of the read model, with nothing behind them: due a minute ago, the nth a millisecond after the one before. */
async function rows(
  chain: Chain,
  count: number,
  {
    status = 'pending',
    handedAgo = 60_000,
    dueAgo = 60_000,
  }: { status?: string; handedAgo?: number; dueAgo?: number } = {},
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  const { db } = messaging.engine;
  await db.query(
    `insert into ${MESSAGES_SCHEMA}.message
       (chain, message_id, kind, status, course_id, patient_id, site_id, due_at, due_wall, due_zone, next_due, expires_at,
        generation, attempted_at)
     select $1, id, 'session-reminder', $3, id, id, id, at, '', 'UTC', at, at + interval '1 day', 0,
            case when $3 = 'attempted' then clock_timestamp() - interval '1 hour' + n * interval '1 millisecond' end
     from unnest($2::uuid[]) with ordinality as u (id, n),
          lateral (select clock_timestamp() + (n - $4) * interval '1 millisecond' as at) t`,
    [chain.no, ids, status, dueAgo],
  );
  if (status === 'pending') {
    await db.query(
      `insert into dispatch_handed_over (chain, message_id, deferrals, handed_at)
       select $1, id, 0, clock_timestamp() - $3 * interval '1 millisecond' from unnest($2::uuid[]) id`,
      [chain.no, ids, handedAgo],
    );
  }
  return ids;
}

const unavailable = () => new Unavailable('database.unavailable', 'The database is gone.');

describe('attempts without an outcome', () => {
  it('[message.outcome-unknown] that cannot be finished keep nobody waiting, and are given up after five sweeps', async () => {
    const chain = await messaging.engine.newChain();
    const ids = await rows(chain, 450, { status: 'attempted' });
    const poisoned = new Set(ids.slice(0, 300));
    const [busy, away] = [ids[300], ids[301]];
    const finished: string[] = [];
    const givenUp: (readonly [string, string])[] = [];
    const resume = async (_chain: Chain, id: string): Promise<DispatchOutcome> => {
      if (poisoned.has(id)) throw new TypeError('no template');
      if (id === busy) throw new ProviderBusy('smtp', 500);
      if (id === away) throw unavailable();
      finished.push(id);
      return 'sent';
    };
    const giveUpAttempt = async (_chain: Chain, id: string, problem: string): Promise<DispatchOutcome> => {
      givenUp.push([id, problem]);
      return 'unknown';
    };
    const { sweeper, looked } = sweeping({ dispatcher: { resume, giveUpAttempt } });
    for (const n of [1, 2, 3, 4]) {
      await sweeper.sweep(chain);
      expect(looked).toHaveLength(n);
    }
    expect(new Set(finished)).toEqual(new Set(ids.slice(302)));
    expect(givenUp).toEqual([]);
    for (let n = 5; n < 9; n += 1) await sweeper.sweep(chain);
    expect(new Set(givenUp.map(([id]) => id))).toEqual(poisoned);
    expect(new Set(givenUp.map(([, problem]) => problem))).toEqual(
      new Set(['its attempt cannot be finished: TypeError']),
    );
  });

  it('[message.outcome-unknown] that are refused by a rule are counted like those that cannot be written', async () => {
    const chain = await messaging.engine.newChain();
    await rows(chain, 1, { status: 'attempted' });
    let givenUp = 0;
    const { sweeper } = sweeping({
      dispatcher: {
        resume: () => Promise.reject(new Refused('some.rule', 'No.')),
        giveUpAttempt: async () => {
          givenUp += 1;
          if (givenUp === 1) throw unavailable();
          return 'unknown';
        },
      },
    });
    for (const _ of [1, 2, 3, 4, 5]) await sweeper.sweep(chain);
    expect(givenUp).toBe(1);
    await sweeper.sweep(chain);
    expect(givenUp).toBe(2);
  });

  it('go on, in the next sweep, where the last one had no more time', async () => {
    const chain = await messaging.engine.newChain();
    const ids = await rows(chain, 20, { status: 'attempted' });
    const tried: string[] = [];
    const resume = async (_chain: Chain, id: string): Promise<DispatchOutcome> => {
      tried.push(id);
      throw unavailable();
    };
    const { sweeper } = sweeping({ dispatcher: { resume, giveUpAttempt: async () => 'unknown' } }, 0);
    for (const _ of [1, 2, 3]) await sweeper.sweep(chain);
    expect(tried).toEqual(ids);
    await sweeper.sweep(chain);
    expect(tried).toHaveLength(20);
    await sweeper.sweep(chain);
    expect(tried.slice(20)).toEqual(ids.slice(0, 8));
  });

  it('[message.once] are found at the right time by a process whose clock is ten minutes off', async () => {
    const world = await messaging.newWorld();
    const messageId = await reminderOf(world);
    const silent: Channel = {
      transport: 'smtp',
      deduplicatesForMs: 3_600_000,
      send: () => Promise.reject(new Error('no answer')),
    };
    // Only Date: everything else must go on.
    jest.useFakeTimers({
      now: Date.now() + 600_000,
      doNotFake: [
        ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
        ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
      ],
    });
    try {
      expect(await messaging.workers({ channel: silent }).dispatcher.dispatch(world.chain, messageId)).toBe(
        'in-flight',
      );
      await messaging.follow(world.chain);
    } finally {
      jest.useRealTimers();
    }
    const { rows: found } = await messaging.engine.db.query<{ off_ms: number; status: string }>(
      `select extract(epoch from clock_timestamp() - attempted_at)::float8 * 1000 as off_ms, status
       from ${MESSAGES_SCHEMA}.message where chain = $1 and message_id = $2`,
      [world.chain.no, messageId],
    );
    expect(found[0]?.status).toBe('attempted');
    expect(found[0]?.off_ms).toBeGreaterThanOrEqual(0);
    expect(found[0]?.off_ms).toBeLessThan(60_000);
  });
});

/** A reminder whose time has come. */
async function reminderOf({ chain, of, append }: TestWorld): Promise<string> {
  const today = (await messaging.engine.chains.now(chain)).slice(0, 10);
  await append(...new CourseHistory(of).booked(`${addDays(today, 6)}T14:00`).streams());
  await messaging.follow(chain);
  const { items } = await messaging.queries.list(chain, { limit: 1, kind: 'session-reminder' });
  const [reminder] = items;
  if (!reminder) throw new Error('There should be a reminder');
  await messaging.engine.chains.advanceTo(chain, reminder.due.instant);
  return reminder.id;
}

describe('what goes wrong', () => {
  it('with the queue keeps neither attempts nor what is held waiting, and is told at the end', async () => {
    const chain = await messaging.engine.newChain();
    const [lost] = await rows(chain, 1);
    const [attempted] = await rows(chain, 1, { status: 'attempted' });
    const resumed: string[] = [];
    const resume = async (_chain: Chain, id: string): Promise<DispatchOutcome> => {
      resumed.push(id);
      return 'sent';
    };
    const away = new Unavailable('queue.unavailable', 'The queue is gone.');
    const queue = { add: () => Promise.reject(away) };
    const failing = sweeping({ queue, dispatcher: { resume, giveUpAttempt: async () => 'unknown' } });
    await expect(failing.sweeper.sweep(chain)).rejects.toBe(away);
    expect(resumed).toEqual([attempted]);
    expect(failing.looked).toEqual([chain]);
    // What was marked for nothing goes at once when the queue is back.
    const { sweeper, jobs } = sweeping();
    await sweeper.sweep(chain);
    expect(jobs.map(({ data }) => data.messageId)).toEqual([lost]);
  });

  it('with one chain does not keep the others waiting', async () => {
    const [poor, other] = [await messaging.engine.newChain(), await messaging.engine.newChain()];
    const looked: string[] = [];
    const { sweeper } = sweeping({
      chains: { all: async () => [poor, other], now: (chain) => messaging.engine.chains.now(chain) },
      held: {
        look: async (chain) => {
          looked.push(chain.slug);
          if (chain === poor) throw unavailable();
          return 0;
        },
        mend: async () => void looked.push('mended'),
      },
    });
    await expect(sweeper.sweepAll()).rejects.toMatchObject({ code: 'database.unavailable' });
    expect(looked).toEqual([poor.slug, other.slug, 'mended']);
  });
});

describe('messages that were due and whose jobs are lost', () => {
  it('are handed over again in one sweep, however many they are', async () => {
    const chain = await messaging.engine.newChain();
    const ids = await rows(chain, 12_000);
    const { sweeper, jobs } = sweeping();
    await sweeper.sweep(chain);
    expect(jobs.map(({ data }) => data.messageId)).toEqual(ids);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(12_000);
    await sweeper.sweep(chain);
    expect(jobs).toHaveLength(12_000);
  });

  it('are handed over by one of many sweepers', async () => {
    const chain = await messaging.engine.newChain();
    const ids = await rows(chain, 3_000);
    const three = [sweeping(), sweeping(), sweeping()];
    await Promise.all(three.map(({ sweeper }) => sweeper.sweep(chain)));
    const handed = three.flatMap(({ jobs }) => jobs.map(({ data }) => data.messageId));
    expect(handed).toHaveLength(3_000);
    expect(new Set(handed)).toEqual(new Set(ids));
  });

  it('are not taken for lost again at once in a backlog, and under the same id', async () => {
    const chain = await messaging.engine.newChain();
    const { chains } = messaging.engine;
    const toNextRound = async () => {
      const rounds = Math.floor(Date.parse(await chains.now(chain)) / 300_000) + 1;
      await chains.advanceTo(chain, new Date(rounds * 300_000).toISOString());
    };
    await toNextRound();
    await rows(chain, 1, { dueAgo: 200_000, handedAgo: 29_000 });
    const { sweeper, jobs } = sweeping();
    await sweeper.sweep(chain);
    expect(jobs).toEqual([]);
    const handedAgo = (ms: number) =>
      messaging.engine.db.query(
        `update dispatch_handed_over set handed_at = clock_timestamp() - $2 * interval '1 millisecond' where chain = $1`,
        [chain.no, ms],
      );
    await handedAgo(31_000);
    await sweeper.sweep(chain);
    await handedAgo(31_000);
    await sweeper.sweep(chain);
    expect(jobs).toHaveLength(2);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
    await toNextRound();
    await handedAgo(31_000);
    await sweeper.sweep(chain);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(2);
  });

  it('[message.closed] stay where they are while the chain’s messages do not go', async () => {
    const chain = await messaging.engine.newChain();
    await rows(chain, 1);
    await messaging.gate.close(chain, 'a restored backup');
    const { sweeper, jobs, looked } = sweeping();
    await sweeper.sweep(chain);
    expect([jobs, looked]).toEqual([[], []]);
    await messaging.gate.open(chain);
    await sweeper.sweep(chain);
    expect(jobs).toHaveLength(1);
  });
});

describe('a message that waits for its turn with a provider', () => {
  const processing = (dispatch: () => Promise<DispatchOutcome>) => {
    const jobs: NewJob<DispatchJob>[] = [];
    const { db, chains } = messaging.engine;
    const processor = new DispatchProcessor({
      ...{ db, chains, log: { warn: () => {} } },
      dispatcher: { dispatch, fail: () => Promise.reject(new Error('It is not its fault')) },
      queue: { add: async (added) => void jobs.push(...added) },
    });
    return { processor, jobs };
  };
  const busy = () => Promise.reject(new ProviderBusy('smtp', 1_000));

  it('[message.rate] keeps its priority, has few jobs, and is not taken for lost before its turn', async () => {
    const chain = await messaging.engine.newChain();
    const [messageId] = (await rows(chain, 1)) as [string];
    const { processor, jobs } = processing(busy);
    const data = { chainId: chain.id, messageId };
    const run = async (job: DispatchJob) => processor.handle({ id: 'any', data: job, lastAttempt: false });
    await run(data);
    expect(jobs).toEqual([
      { id: `dispatch-${messageId}-turn-1`, priority: 2, data: { ...data, turn: '1' }, delayMs: 2_000 },
    ]);
    for (let n = 0; n < 6; n += 1) await run(jobs.at(-1)?.data as DispatchJob);
    await run(data);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(2);
    expect(jobs.map(({ delayMs }) => delayMs)).toEqual([
      ...[2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 2_000],
    ]);
    const { rows: found } = await messaging.engine.db.query<{ in_ms: number }>(
      `select extract(epoch from handed_at - clock_timestamp())::float8 * 1000 as in_ms
       from dispatch_handed_over where chain = $1`,
      [chain.no],
    );
    expect(found[0]?.in_ms).toBeGreaterThan(-10_000);
    const sweep = sweeping();
    await sweep.sweeper.sweep(chain);
    expect(sweep.jobs).toEqual([]);
  });

  it('leaves no job behind that stands in the way of its next when only the moment was bad', async () => {
    const chain = await messaging.engine.newChain();
    const [messageId] = (await rows(chain, 1)) as [string];
    const { processor } = processing(() => Promise.reject(unavailable()));
    const job = { id: 'any', data: { chainId: chain.id, messageId } };
    await expect(processor.handle({ ...job, lastAttempt: false })).rejects.toMatchObject({ kind: 'unavailable' });
    await processor.handle({ ...job, lastAttempt: true });
  });
});
