import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { eventType } from '#libs/event-store/src/event-type.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import type { Projection, Reactor } from './projection.js';
import { Projections } from './projections.js';

const Added = eventType('Added', { schema: z.strictObject({ n: z.int(), of: z.string().optional() }) });
const NOW = '2026-01-31T09:00:00.000Z';

let engine: TestEngine;
let chain: Chain;

beforeAll(async () => {
  engine = await openTestEngine([Added]);
});
afterAll(() => engine.close());
beforeEach(async () => {
  chain = await engine.newChain();
});

let nth = 0;

/** Lists the numbers of each stream in the order in which they were applied; fails on those in `poison`. */
function lists(poison: Set<number>, more: Partial<Projection> = {}): Projection {
  nth += 1;
  return {
    name: `lists_${nth}`,
    version: 1,
    types: new Set(['Added']),
    ddl: 'create table list (chain integer, stream text, ns integer[] not null, primary key (chain, stream))',
    async apply({ tx, chain: { no } }, events) {
      for (const { stream, data } of events) {
        const { n } = data as { n: number };
        if (poison.has(n)) throw new Error(`${n} is poison`);
        await tx.query(
          `insert into list as l values ($1, $2, array[$3::integer])
           on conflict (chain, stream) do update set ns = l.ns || excluded.ns`,
          [no, stream, n],
        );
      }
    },
    ...more,
  };
}

/** One append to several streams, as `{ 'thing-a': [1, 2] }`. @returns the last event's position */
async function add(streams: Record<string, readonly number[]>, of?: string): Promise<number> {
  const { position } = await engine.store.append({
    chain: chain.id,
    commandId: newId(),
    streams: Object.entries(streams).map(([stream, ns]) => ({
      stream,
      expectedRevision: 'any',
      events: ns.map((n) => Added(occurredNow(NOW), { n, ...(of === undefined ? {} : { of }) })),
    })),
    context: { actor: 'test', origin: 'live' },
  });
  return position;
}

async function listsOf({ name, version }: Projection): Promise<Record<string, number[]>> {
  const { rows } = await engine.db.query(`select stream, ns from ${name}_v${version}.list where chain = $1`, [
    chain.no,
  ]);
  return Object.fromEntries(rows.map((row) => [row.stream, row.ns]));
}

async function running(...works: (Projection | Reactor)[]): Promise<Projections> {
  const projections = new Projections({ ...engine, log: silentLog }, works);
  await projections.prepare();
  projections.start();
  return projections;
}

describe('a parked key', () => {
  it('is listed with its error, its first event and what waits behind it', async () => {
    const work = lists(new Set([13]));
    const projections = await running(work);
    await add({ 'thing-good': [1], 'thing-bad': [2, 13, 4] });
    await add({ 'thing-bad': [5] });
    await projections.waitForHead(chain, 5_000);
    expect(await projections.parked(chain)).toEqual([
      {
        projection: work.name,
        version: 1,
        kind: 'projection',
        key: 'thing-bad',
        events: 3,
        firstPosition: 3,
        error: '13 is poison',
        parkedAt: expect.any(String),
        attempts: 1,
      },
    ]);
    await projections.stop();
  });

  it('is applied in the order of positions when it is tried again, and then goes on by itself', async () => {
    const poison = new Set([13]);
    const work = lists(poison);
    const projections = await running(work);
    await add({ 'thing-bad': [2, 13, 4] });
    await add({ 'thing-bad': [5], 'thing-good': [1] });
    await projections.waitForHead(chain, 5_000);
    expect(await projections.retry(work.name, chain)).toEqual([
      { key: 'thing-bad', applied: 0, left: 3, error: '13 is poison' },
    ]);
    expect((await projections.parked(chain))[0]).toMatchObject({ attempts: 2 });
    poison.clear();
    expect(await projections.retry(work.name, chain, 'thing-bad')).toEqual([
      { key: 'thing-bad', applied: 3, left: 0, error: null },
    ]);
    await projections.waitFor(work.name, chain, await add({ 'thing-bad': [6] }), 5_000);
    expect(await listsOf(work)).toEqual({ 'thing-bad': [2, 13, 4, 5, 6], 'thing-good': [1] });
    expect(await projections.parked(chain)).toEqual([]);
    await projections.stop();
  });

  it('stops at the next event that fails and keeps what came before it', async () => {
    const poison = new Set([13, 14]);
    const work = lists(poison);
    const projections = await running(work);
    await add({ 'thing-bad': [13, 2, 14, 3] });
    await projections.waitForHead(chain, 5_000);
    poison.delete(13);
    expect(await projections.retry(work.name, chain)).toEqual([
      { key: 'thing-bad', applied: 2, left: 2, error: '14 is poison' },
    ]);
    expect(await listsOf(work)).toEqual({ 'thing-bad': [13, 2] });
    await projections.stop();
  });

  it('loses and repeats nothing when it is tried again while events of it come in', async () => {
    const poison = new Set([13]);
    const work = lists(poison);
    const projections = await running(work);
    await add({ 'thing-bad': [13] });
    await projections.waitForHead(chain, 5_000);
    poison.clear();
    let writing = true;
    const expected = [13];
    const writer = (async () => {
      for (let n = 100; writing; n += 1) {
        await add({ 'thing-bad': [n] });
        expected.push(n);
      }
    })();
    for (let n = 0; n < 5; n += 1) await projections.retry(work.name, chain);
    writing = false;
    await writer;
    await projections.waitForHead(chain, 5_000);
    await projections.retry(work.name, chain);
    expect(await listsOf(work)).toEqual({ 'thing-bad': expected });
    await projections.stop();
  });

  it('that the projection names holds up the events of other streams that feed the same row', async () => {
    const work = lists(new Set([13]), {
      keyOf: ({ data }) => (JSON.parse(data) as { open: { of: string } }).open.of,
    });
    const projections = await running(work);
    await add({ 'thing-a': [13] }, 'row-1');
    await add({ 'thing-b': [2] }, 'row-1');
    await add({ 'thing-b': [3] }, 'row-2');
    await projections.waitForHead(chain, 5_000);
    expect(await listsOf(work)).toEqual({ 'thing-b': [3] });
    expect(await projections.parked(chain)).toMatchObject([{ key: 'row-1', events: 2 }]);
    await projections.stop();
  });

  it('of an event that no longer parses says so', async () => {
    const work = lists(new Set());
    const projections = await running(work);
    await add({ 'thing-a': [1], 'thing-b': [2] });
    const forged = await engine.db.transaction(async (tx) => {
      // As the owner of the tables: an event of a newer version of the software.
      await tx.query('set local role none');
      await tx.query(
        `insert into event_log select chain, 3, 'thing-a', 1, recorded_at, gen_random_uuid(), 1,
           replace(header, '"version":1', '"version":9'), data from event_log where chain = $1 and position = 1`,
        [chain.no],
      );
      const { rows } = await tx.query<{ position: string }>(
        'update chain set position = 3 where no = $1 returning position',
        [chain.no],
      );
      return Number(rows[0]?.position);
    });
    await projections.waitForHead(chain, 5_000);
    const [parked] = await projections.parked(chain);
    expect(parked).toMatchObject({ key: 'thing-a', firstPosition: forged });
    expect(parked?.error).toContain('its schema version 9 is newer than this software');
    expect(await listsOf(work)).toEqual({ 'thing-a': [1], 'thing-b': [2] });
    await projections.stop();
  });

  it('is told to a reader who waits for what they wrote to it, and to nobody else', async () => {
    const work = lists(new Set([13]));
    const projections = await running(work);
    const bad = await add({ 'thing-bad': [13], 'thing-other': [1] });
    const good = await add({ 'thing-good': [1] });
    await projections.waitFor(work.name, chain, good, 5_000);
    const parked = { kind: 'unavailable', code: 'projection.parked', data: { key: 'thing-bad', position: 1 } };
    await expect(projections.waitFor(work.name, chain, bad, 5_000)).rejects.toMatchObject(parked);
    const later = await add({ 'thing-bad': [2] });
    await expect(projections.waitFor(work.name, chain, later, 5_000)).rejects.toMatchObject({
      code: 'projection.parked',
      message: expect.stringContaining('13 is poison'),
    });
    await projections.stop();
  });

  it('that is unknown cannot be tried again', async () => {
    const work = lists(new Set());
    const projections = await running(work);
    await expect(projections.retry(work.name, chain, 'thing-none')).rejects.toMatchObject({
      code: 'projection.not-parked',
    });
    await expect(projections.retry('nothing', chain)).rejects.toMatchObject({ code: 'projection.unknown' });
    await projections.stop();
  });

  it('of a reactor has its effects once it is tried again', async () => {
    const effects: number[] = [];
    const poison = new Set([13]);
    const reactor: Reactor = {
      name: `effects_${newId().slice(-6)}`,
      version: 1,
      types: new Set(['Added']),
      react(of, events) {
        if (of.no !== chain.no) return Promise.resolve();
        for (const { data } of events)
          if (poison.has((data as { n: number }).n)) return Promise.reject(new Error('no'));
        effects.push(...events.map(({ data }) => (data as { n: number }).n));
        return Promise.resolve();
      },
    };
    const projections = await running(reactor);
    await add({ 'thing-bad': [13, 14], 'thing-good': [1] });
    await projections.waitForHead(chain, 5_000);
    expect(effects).toEqual([1]);
    poison.clear();
    expect(await projections.retry(reactor.name, chain)).toMatchObject([{ applied: 2, left: 0 }]);
    expect(effects).toEqual([1, 13, 14]);
    await projections.stop();
  });

  it('is tried again by itself once its time has come', async () => {
    const poison = new Set([13]);
    const work = lists(poison);
    const projections = await running(work);
    await add({ 'thing-bad': [13] });
    await projections.waitForHead(chain, 5_000);
    poison.clear();
    await engine.db.query('update projection_parked set retry_at = now() where projection = $1', [work.name]);
    await projections.retryDue();
    expect(await listsOf(work)).toEqual({ 'thing-bad': [13] });
    await projections.stop();
  });

  it('of which a retry that was cut short has left some is tried again by itself, and keeps no other from it', async () => {
    const poison = new Set([13, 23]);
    const away = new Set<string>();
    const work = lists(poison);
    const projections = await running({
      ...work,
      async apply(context, events) {
        const found = events.find(({ data }) => away.has(String((data as { n: number }).n)));
        if (away.size > 0 && events.length > 1) throw new Error('one at a time');
        if (found) throw new Unavailable('test.away', 'the database is away');
        await work.apply(context, events);
      },
    });
    await add({ 'thing-bad': [13, 14, 15], 'thing-worse': [23] });
    await projections.waitForHead(chain, 5_000);
    poison.clear();
    away.add('14');
    // The first event is applied by itself, the second one finds the database away.
    await expect(projections.retry(work.name, chain, 'thing-bad')).rejects.toThrow('away');
    expect(await projections.parked(chain, work.name)).toMatchObject([
      { key: 'thing-bad', events: 2, firstPosition: 2 },
      { key: 'thing-worse', events: 1 },
    ]);
    const due = () =>
      engine.db.query('update projection_parked set retry_at = now() where projection = $1', [work.name]);
    await due();
    await projections.retryDue();
    expect(await projections.parked(chain, work.name)).toMatchObject([{ key: 'thing-bad' }]);
    away.clear();
    await due();
    await projections.retryDue();
    expect(await listsOf(work)).toEqual({ 'thing-bad': [13, 14, 15], 'thing-worse': [23] });
    expect(await projections.parked(chain, work.name)).toEqual([]);
    await projections.stop();
  });
});
