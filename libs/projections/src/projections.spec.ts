import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { eventType } from '#libs/event-store/src/event-type.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { Checkpoints, LeaseLost } from './checkpoints.js';
import type { Projection, Reactor } from './projection.js';
import { Projections } from './projections.js';

const Added = eventType('Added', { schema: z.strictObject({ n: z.int() }) });
const Ignored = eventType('Ignored', { schema: z.strictObject({}) });
const NOW = '2026-01-31T09:00:00.000Z';

let db: Database;
let engine: Engine;
let closeDatabase: () => Promise<void>;
let chain: Chain;

beforeAll(async () => {
  ({ db, close: closeDatabase } = await openTestDatabase());
  engine = await openEngine({ db, masterKey: () => new MasterKey(randomBytes(32)), eventTypes: [Added, Ignored] });
});
afterAll(async () => {
  await engine.close();
  await closeDatabase();
});
beforeEach(async () => {
  chain = await engine.chains.ensure(newId(), true);
});

let nth = 0;
/** A read model that sums numbers per stream. `poison` makes it fail on that number. */
function sums(poison: { n?: number } = {}): Projection {
  nth += 1;
  return {
    name: `sums_${nth}`,
    version: 1,
    types: new Set(['Added']),
    ddl: 'create table total (chain integer, stream text, sum bigint not null, primary key (chain, stream))',
    async apply({ tx, chain: { no } }, events) {
      for (const { stream, data } of events) {
        const { n } = data as { n: number };
        if (n === poison.n) throw new Error(`${n} is poison`);
        await tx.query(
          `insert into total as t values ($1, $2, $3) on conflict (chain, stream) do update set sum = t.sum + excluded.sum`,
          [no, stream, n],
        );
      }
    },
  };
}

const deps = () => ({ ...engine, log: silentLog });

async function add(stream: string, ...ns: number[]): Promise<number> {
  const events = ns.map((n) => Added(occurredNow(NOW), { n }));
  const context = { actor: 'test', origin: 'live' as const };
  const streams = [{ stream, expectedRevision: 'any' as const, events }];
  return (await engine.store.append({ chain: chain.id, commandId: newId(), streams, context })).position;
}

async function totals({ name }: Projection): Promise<Record<string, number>> {
  const { rows } = await db.query(`select stream, sum from ${name}_v1.total where chain = $1`, [chain.no]);
  return Object.fromEntries(rows.map((row) => [row.stream, Number(row.sum)]));
}

describe('a projection', () => {
  it('follows the log, and lets a reader wait for what they wrote', async () => {
    const work = sums();
    const projections = new Projections(deps(), [work]);
    await projections.prepare();
    projections.start();
    for (let n = 1; n <= 20; n += 1) {
      const position = await add('thing-a', n);
      await projections.waitFor(work.name, chain, position, 5_000);
      expect(await totals(work)).toEqual({ 'thing-a': (n * (n + 1)) / 2 });
    }
    await projections.stop();
  });

  it('tells a reader who waits too long how far it has come', async () => {
    const work = sums();
    const projections = new Projections(deps(), [work]);
    await projections.prepare();
    const position = await add('thing-a', 1);
    await expect(projections.waitFor(work.name, chain, position, 50)).rejects.toMatchObject({
      code: 'projection.behind',
    });
  });

  it('applies each event once when several processes share it', async () => {
    const work = sums();
    const processes = [1, 2, 3].map(() => new Projections(deps(), [work]));
    await Promise.all(processes.map((each) => each.prepare()));
    for (const each of processes) each.start();
    let position = 0;
    for (let n = 0; n < 60; n += 1) position = await add(`thing-${n % 5}`, 1);
    await (processes[0] as Projections).waitFor(work.name, chain, position, 10_000);
    await Promise.all(processes.map((each) => each.stop()));
    expect(await totals(work)).toEqual({ 'thing-0': 12, 'thing-1': 12, 'thing-2': 12, 'thing-3': 12, 'thing-4': 12 });
  });

  it('parks what it cannot apply with its key; other keys go on', async () => {
    const work = sums({ n: 13 });
    const projections = new Projections(deps(), [work]);
    await projections.prepare();
    await add('thing-a', 1);
    await add('thing-bad', 2, 13, 4);
    const position = await add('thing-b', 5);
    projections.start();
    await projections.waitFor(work.name, chain, position, 5_000);
    await add('thing-bad', 6);
    await projections.waitFor(work.name, chain, await add('thing-b', 7), 5_000);
    await projections.stop();
    expect(await totals(work)).toEqual({ 'thing-a': 1, 'thing-bad': 2, 'thing-b': 12 });
    const [status] = await projections.status(chain);
    expect(status).toMatchObject({ parked: 3, lag: 0, lastError: expect.stringContaining('13 is poison') });
  });

  it('does not let an owner that wakes up late write anything', async () => {
    const work = sums();
    const projections = new Projections(deps(), [work]);
    await projections.prepare();
    const position = await add('thing-a', 1);
    const subject = { name: work.name, version: 1, build: 'live' as const };
    const late = new Checkpoints(db, newId());
    const heads = new Map([[chain.no, position]]);
    const lease = (await late.lease([subject], heads)).find((each) => each.chainNo === chain.no);
    await db.query(`update projection_checkpoint set lease_until = now() - interval '1 second' where projection = $1`, [
      work.name,
    ]);
    const other = new Checkpoints(db, newId());
    expect((await other.lease([subject], heads)).map((each) => each.chainNo)).toContain(chain.no);
    if (!lease) throw new Error('no lease');
    await expect(db.transaction((tx) => late.advance(tx, lease, position, 1))).rejects.toBeInstanceOf(LeaseLost);
  });
});

describe('a rebuild', () => {
  it('gives the same rows, and readers see the old ones until it takes over', async () => {
    const work = sums();
    const projections = new Projections(deps(), [work]);
    await projections.prepare();
    projections.start();
    await add('thing-a', 1, 2, 3);
    await projections.waitFor(work.name, chain, await add('thing-b', 4), 5_000);
    await db.query(`update ${work.name}_v1.total set sum = 99 where chain = $1`, [chain.no]);
    let reading = true;
    const seen = new Set<number>();
    const reader = (async () => {
      while (reading) for (const sum of Object.values(await totals(work))) seen.add(sum);
    })();
    const { events } = await projections.rebuild(work.name);
    reading = false;
    await reader;
    expect(events).toBeGreaterThanOrEqual(4);
    expect([...seen].every((sum) => [99, 6, 4].includes(sum))).toBe(true);
    expect(await totals(work)).toEqual({ 'thing-a': 6, 'thing-b': 4 });
    await projections.waitFor(work.name, chain, await add('thing-b', 5), 5_000);
    expect(await totals(work)).toEqual({ 'thing-a': 6, 'thing-b': 9 });
    await projections.stop();
  });

  it('loses nothing that is appended meanwhile', async () => {
    const work = sums();
    const projections = new Projections(deps(), [work]);
    await projections.prepare();
    projections.start();
    let appended = 0;
    let writing = true;
    const writer = (async () => {
      while (writing) {
        await add('thing-a', 1);
        appended += 1;
      }
    })();
    for (let n = 0; n < 3; n += 1) await projections.rebuild(work.name);
    writing = false;
    await writer;
    await projections.waitForHead(chain, 5_000);
    expect(await totals(work)).toEqual({ 'thing-a': appended });
    await projections.stop();
  });

  it('of a reactor is refused: its effects have happened', async () => {
    const reactor: Reactor = { name: 'effects', version: 1, types: new Set(['Added']), react: () => Promise.resolve() };
    const projections = new Projections(deps(), [reactor]);
    await expect(projections.rebuild('effects')).rejects.toMatchObject({ code: 'projection.has-effects' });
    await expect(projections.rebuild('nothing')).rejects.toMatchObject({ code: 'projection.unknown' });
  });
});

describe('a reactor', () => {
  it('is called with every event at least once, in order, also after a failure', async () => {
    const seen: number[] = [];
    let fails = 2;
    const reactor: Reactor = {
      name: `effects_${newId().slice(-6)}`,
      version: 1,
      types: new Set(['Added']),
      react(of, events) {
        if (of.no !== chain.no) return Promise.resolve();
        seen.push(...events.map(({ data }) => (data as { n: number }).n));
        return fails-- > 0 ? Promise.reject(new Unavailable('test.later', 'Not now.')) : Promise.resolve();
      },
    };
    const projections = new Projections(deps(), [reactor]);
    await add('thing-a', 1, 2);
    const position = await add('thing-b', 3);
    projections.start();
    await projections.waitFor(reactor.name, chain, position, 10_000);
    await projections.stop();
    expect(seen).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });
});
