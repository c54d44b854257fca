import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { eventType } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { eventually } from '#test/support/eventually.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import type { Projection, Reactor } from './projection.js';
import { Projections } from './projections.js';

const Added = eventType('Added', { schema: z.strictObject({ n: z.int() }) });
const NOW = '2026-01-31T09:00:00.000Z';
/** More than fits in a first page. */
const LONG = 1_200;

let engine: TestEngine;
let chain: Chain;

beforeEach(async () => {
  engine = await openTestEngine([Added]);
  chain = await engine.newChain();
});
afterEach(() => engine.close());

/** Sums all numbers, times the version. */
const sum = (version: number, onApply: () => Promise<void> = () => Promise.resolve()): Projection => ({
  name: 'sum',
  version,
  types: new Set(['Added']),
  ddl: 'create table total (chain integer primary key, sum bigint not null)',
  async apply({ tx, chain: { no } }, events) {
    await onApply();
    const added = events.reduce((total, { data }) => total + (data as { n: number }).n * version, 0);
    await tx.query(
      'insert into total as t values ($1, $2) on conflict (chain) do update set sum = t.sum + excluded.sum',
      [no, added],
    );
  },
});

const serves = (projections: Projections) =>
  eventually('a projection that serves', () =>
    projections.assertServing('sum').then(
      () => true,
      () => undefined,
    ),
  );

const process = (...works: (Projection | Reactor)[]) => new Projections({ ...engine, log: silentLog }, works);

async function add(count: number, to = chain): Promise<number> {
  const { position } = await engine.store.append({
    chain: to.id,
    commandId: newId(),
    streams: [
      {
        stream: `thing-${newId()}`,
        expectedRevision: 'no-stream',
        events: Array.from({ length: count }, () => Added(occurredNow(NOW), { n: 1 })),
      },
    ],
    context: { actor: 'test', origin: 'live' },
  });
  return position;
}

async function sumOf(version: number, of = chain): Promise<number> {
  const { rows } = await engine.db.query<{ sum: string }>(`select sum from sum_v${version}.total where chain = $1`, [
    of.no,
  ]);
  return Number(rows[0]?.sum ?? 0);
}

describe('a new version of a projection', () => {
  it('is built from the first event on while the old one serves, and has no readers before it has caught up', async () => {
    const old = process(sum(1));
    await old.prepare();
    old.start();
    await old.waitFor('sum', chain, await add(LONG), 20_000);

    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const changed = process(sum(2, () => held));
    await changed.prepare();
    await expect(changed.assertServing('sum')).rejects.toMatchObject({ code: 'projection.building' });
    expect(await changed.status(chain)).toMatchObject([{ state: 'building', position: 0 }]);
    await expect(changed.waitFor('sum', chain, 1, 50)).rejects.toMatchObject({ code: 'projection.building' });
    if (engine.db.kind === 'postgres') {
      changed.start();
      await old.waitFor('sum', chain, await add(1), 20_000);
      expect(await sumOf(1)).toBe(LONG + 1);
      await expect(changed.assertServing('sum')).rejects.toMatchObject({ code: 'projection.building' });
      release();
    } else {
      // One session: a page that waits would hold up everybody, the test included.
      release();
      changed.start();
    }
    await serves(changed);
    const position = await add(1);
    await changed.waitFor('sum', chain, position, 20_000);
    expect(await sumOf(2)).toBe(position * 2);
    expect(await changed.status(chain)).toMatchObject([{ state: 'live', lag: 0, version: 2 }]);
    await Promise.all([old.stop(), changed.stop()]);
  });

  it('is built by several processes together, and each sees that it serves', async () => {
    await add(LONG);
    const processes = [1, 2, 3].map(() => process(sum(1)));
    for (const each of processes) await each.prepare();
    for (const each of processes) each.start();
    let appended = LONG;
    for (let n = 0; n < 30; n += 1) {
      await add(5);
      appended += 5;
    }
    for (const each of processes) {
      await serves(each);
      await each.waitForHead(chain, 20_000);
    }
    expect(await sumOf(1)).toBe(appended);
    await Promise.all(processes.map((each) => each.stop()));
    const { rows } = await engine.db.query(
      `select build, position from projection_checkpoint where projection = 'sum'`,
    );
    expect(rows).toEqual([{ build: 'live', position: String(appended) }]);
  });

  it('goes on where it stopped when the process that built it ends', async () => {
    await add(6 * LONG);
    let pages = 0;
    const first = process(sum(1, () => Promise.resolve(void (pages += 1))));
    await first.prepare();
    first.start();
    await eventually('a first page', () => Promise.resolve(pages > 0 ? true : undefined));
    await first.stop();
    const second = process(sum(1));
    await second.prepare();
    second.start();
    await serves(second);
    await second.waitForHead(chain, 20_000);
    expect(await sumOf(1)).toBe(6 * LONG);
    await second.stop();
  });

  it('is followed by a process in which a reader was the first to see that another one had built it', async () => {
    await add(LONG);
    const [builder, other] = [process(sum(1)), process(sum(1))];
    await builder.prepare();
    await other.prepare();
    builder.start();
    await builder.waitForHead(chain, 20_000);
    await builder.stop();
    other.start();
    await other.assertServing('sum');
    const position = await add(1);
    await other.waitFor('sum', chain, position, 20_000);
    expect(await sumOf(1)).toBe(position);
    await other.stop();
  });

  it('serves only when it is whole, though somebody rebuilds it while workers build it for the first time', async () => {
    // One session: a page that takes long would hold up everybody, the test included.
    if (engine.db.kind === 'pglite') return;
    const other = await engine.chains.ensure(newId(), true);
    await add(LONG);
    await add(LONG, other);
    let pages = 0;
    const slowly = async () => {
      pages += 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
    };
    const [worker, operator] = [process(sum(1, slowly)), process(sum(1))];
    await worker.prepare();
    await operator.prepare();
    worker.start();
    await eventually('a first page', () => Promise.resolve(pages > 0 ? true : undefined));
    const rebuilt = operator.rebuild('sum').catch((error: unknown) => error);
    await serves(operator);
    expect([await sumOf(1), await sumOf(1, other)]).toEqual([LONG, LONG]);
    await rebuilt;
    await worker.stop();
    expect([await sumOf(1), await sumOf(1, other)]).toEqual([LONG, LONG]);
  });

  it('is live at once over a short log', async () => {
    await add(10);
    const projections = process(sum(1));
    await projections.prepare();
    await expect(projections.assertServing('sum')).resolves.toBeUndefined();
  });

  it('is built first where an old one has served, however short the log', async () => {
    await add(10);
    const old = process(sum(1));
    await old.prepare();
    old.start();
    await old.waitForHead(chain, 20_000);
    await old.stop();
    const changed = process(sum(2));
    await changed.prepare();
    await expect(changed.assertServing('sum')).rejects.toMatchObject({ code: 'projection.building' });
    changed.start();
    await serves(changed);
    expect(await sumOf(2)).toBe(20);
    await changed.stop();
  });

  it('lets a start drop the old one when nobody has moved it for a day', async () => {
    await add(LONG);
    for (const version of [1, 2]) {
      const projections = process(sum(version));
      await projections.prepare();
      projections.start();
      await serves(projections);
      await projections.waitForHead(chain, 20_000);
      await projections.stop();
    }
    await engine.db.query(`update projection_checkpoint set moved_at = now() - interval '25 hours' where version = 1`);
    await process(sum(2)).prepare();
    const { rows } = await engine.db.query(`select nspname from pg_namespace where nspname like 'sum%'`);
    expect(rows).toEqual([{ nspname: 'sum_v2' }]);
  });

  it('leaves nothing of the old one behind in a database that no other process can read', async () => {
    await add(LONG);
    for (const version of [1, 2]) {
      const projections = process(sum(version));
      await projections.prepare();
      projections.start();
      await serves(projections);
      await projections.waitForHead(chain, 20_000);
      await projections.stop();
    }
    const { rows } = await engine.db.query(`select nspname from pg_namespace where nspname like 'sum%' order by 1`);
    const kept = engine.db.kind === 'pglite' ? ['sum_v2'] : ['sum_v1', 'sum_v2'];
    expect(rows.map(({ nspname }) => nspname)).toEqual(kept);
  });
});

describe('a new version of a reactor', () => {
  const reactor = (version: number, effects: number[]): Reactor => ({
    name: 'effects',
    version,
    types: new Set(['Added']),
    react(of, events) {
      if (of.no === chain.no) effects.push(...events.map(({ position }) => position));
      return Promise.resolve();
    },
  });

  it('has effects above the last checkpoint of the old one only, which has no more', async () => {
    const before: number[] = [];
    const after: number[] = [];
    const old = process(reactor(1, before));
    await old.prepare();
    old.start();
    await old.waitFor('effects', chain, await add(5), 5_000);

    const changed = process(reactor(2, after));
    await changed.prepare();
    changed.start();
    await changed.waitFor('effects', chain, await add(3), 5_000);
    await Promise.all([old.stop(), changed.stop()]);

    // The old one may be in the middle of a page when it is fenced: effects are repeatable, so that is harmless.
    expect(after.slice(-3)).toEqual([6, 7, 8]);
    expect(after).not.toContain(1);
    expect([...new Set([...before, ...after])].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await old.status(chain)).toMatchObject([{ state: 'superseded', position: 5 }]);
  });

  it('keeps the old one out of chains that begin after it has taken over', async () => {
    const [before, after]: [string[], string[]] = [[], []];
    const noting = (version: number, effects: string[]): Reactor => ({
      ...reactor(version, []),
      react(of, events) {
        effects.push(...events.map(({ position }) => `${of.id} ${position}`));
        return Promise.resolve();
      },
    });
    const [old, changed] = [process(noting(1, before)), process(noting(2, after))];
    await old.prepare();
    old.start();
    await old.waitFor('effects', chain, await add(1), 5_000);
    await changed.prepare();
    changed.start();
    await changed.waitFor('effects', chain, await add(1), 5_000);
    const young = await engine.chains.ensure(newId(), true);
    await changed.waitFor('effects', young, await add(1, young), 5_000);
    // The old one sees the chain with its next look at the latest.
    await new Promise((resolve) => setTimeout(resolve, 700));
    await Promise.all([old.stop(), changed.stop()]);
    expect(after).toContain(`${young.id} 1`);
    expect(before.filter((effect) => effect.startsWith(young.id))).toEqual([]);
  });

  it('keeps the old one out when that starts again', async () => {
    const before: number[] = [];
    for (const [version, effects] of [
      [1, before],
      [2, []],
      [1, before],
    ] as const) {
      const projections = process(reactor(version, effects as number[]));
      await projections.prepare();
      projections.start();
      const position = await add(1);
      if (version === 2 || before.length === 0) await projections.waitFor('effects', chain, position, 5_000);
      else await expect(projections.waitFor('effects', chain, position, 300)).rejects.toThrow('has come to');
      await projections.stop();
    }
    expect(before).toEqual([1]);
  });
});
