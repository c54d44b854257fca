import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { verifyDatabase } from '#libs/evidence/src/verify-database.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { verifyInclusion } from '#libs/ledger/src/merkle.js';
import { DatabaseLog } from '#libs/ledger/src/ledger-log.js';
import { openLedger } from '#libs/ledger/src/ledger.js';
import { formatCheckpoint, originOf } from '#libs/ledger/src/checkpoint.js';
import { TreeEdge } from '#libs/ledger/src/tree-edge.js';
import { BENCH_EVENT_TYPES, contextOf, NoteTaken, noteOf, now } from './support/bench-events.js';
import { type BenchEngine, openBenchEngine } from './support/bench-engine.js';
import { Child } from './support/child.js';
import { CpuProfiles } from './support/cpu-profile.js';
import type { Contender } from './support/contender.js';
import { type Figure, median, printFigures, printMachine } from './support/figures.js';
import { measureBundle } from './support/evidence-bundle.js';
import { fillLog } from './support/fill-log.js';
import { readFlags } from './support/flags.js';
import type { LedgerContender, LedgerContenderOptions } from './support/ledger.contender.js';
import { percentile } from './support/load.js';
import type { PistorOptions } from './support/pistor.contender.js';
import { type ScratchDatabase, scratchDatabase, serverCpuSeconds, serverSettings } from './support/scratch-database.js';
import { stopwatch } from './support/stopwatch.js';

/**
 * What the ledger costs: an append with it and without it, from an event to its checkpoint, a proof in a large tree, and
 * the verification of everything. The machine may be shared: where it says so, processor time is measured.
 */
const flags = readFlags(['append', 'checkpoint', 'proof', 'verify', 'bundle'], {
  clients: 64,
  events: 200_000,
  leaves: 500_000,
  proofs: 2_000,
  rounds: 3,
  seconds: 4,
});
const masterKey = randomBytes(32).toString('hex');
const profiles = flags.profile ? new CpuProfiles() : undefined;
const figures: Figure[] = [];

/** Appends of one boxed event each: alone and with a worker beside that makes leaves of them, in turns. */
async function append(): Promise<void> {
  await inDatabase(async (database, folder) => {
    const clients = flags.number('clients');
    const pistor = await Child.start<PistorOptions, Contender>('pistor.contender', {
      where: { url: database.url },
      masterKey,
    });
    const worker = await Child.start<LedgerContenderOptions, LedgerContender>(
      'ledger.contender',
      { url: database.url, masterKey, folder },
      profiles?.flags('worker'),
    );
    try {
      await pistor.call('prepare', 'boxed');
      const run = async (beside: boolean, ms: number) => {
        await worker.call('catchUp');
        const serverBefore = await serverCpuSeconds(database);
        if (beside) await worker.call('work');
        const { events, seconds } = await pistor.call('run', { mode: 'boxed', clients, ms });
        const ofWorker = beside ? await worker.call('rest') : 0;
        return {
          rate: events / seconds,
          events,
          ofWorker,
          ofServer: (await serverCpuSeconds(database)) - serverBefore,
        };
      };
      for (const beside of [false, true]) await run(beside, 1_500);
      const results: Record<'alone' | 'beside', Awaited<ReturnType<typeof run>>[]> = { alone: [], beside: [] };
      for (let round = 0; round < flags.number('rounds'); round += 1) {
        results.alone.push(await run(false, flags.number('seconds') * 1_000));
        results.beside.push(await run(true, flags.number('seconds') * 1_000));
      }
      const rate = (of: 'alone' | 'beside') => median(results[of].map((each) => each.rate));
      const usOf = (us: (each: (typeof results.beside)[number]) => number, of: 'alone' | 'beside') =>
        median(results[of].map((each) => (us(each) / each.events) * 1e6));
      const server = usOf(({ ofServer }) => ofServer, 'beside') - usOf(({ ofServer }) => ofServer, 'alone');
      figures.push(
        { what: `boxed appends, ${clients} clients`, value: rate('alone'), unit: 'events/s' },
        { what: 'the same with the ledger beside', value: rate('beside'), unit: 'events/s' },
        {
          ...{ what: 'what the ledger costs an append', value: (1 - rate('beside') / rate('alone')) * 100 },
          ...{ unit: '%', target: '<= 10' },
        },
        {
          what: 'processor time of the worker',
          value: usOf(({ ofWorker }) => ofWorker, 'beside'),
          unit: 'µs an event',
        },
        { what: 'processor time of the server, more than without', value: server, unit: 'µs an event' },
      );
    } finally {
      await pistor.close();
      await worker.close();
    }
  });
}

/** From the answer of an append to the published checkpoint that has its event, with appends at a gentle pace. */
async function checkpoint(): Promise<void> {
  await inDatabase(async (database, folder) => {
    const worker = await Child.start<LedgerContenderOptions, LedgerContender>('ledger.contender', {
      ...{ url: database.url, masterKey, folder },
    });
    const engine = await openBenchEngine({ url: database.url, masterKey }, BENCH_EVENT_TYPES);
    try {
      const { reader } = await ledgerOf(engine, folder);
      await worker.call('work');
      const waits: number[] = [];
      for (let i = 0; i < 20; i++) {
        const position = await appendOne(engine);
        const since = performance.now();
        while ((await reader.published(engine.chain).catch(() => ({ size: 0 }))).size < position) await pause(10);
        waits.push(performance.now() - since);
        await pause(i * 70);
      }
      figures.push(
        { what: 'event to checkpoint, median', value: median(waits) / 1000, unit: 's' },
        { what: 'event to checkpoint, longest of 20', value: Math.max(...waits) / 1000, unit: 's', target: '<= 3' },
      );
    } finally {
      await worker.close();
      await engine.close();
    }
  });
}

/** Proofs in a tree whose tiles were made up of hashes, and written as the sequencer writes them. */
async function proof(): Promise<void> {
  await inDatabase(async (database, folder) => {
    const engine = await openBenchEngine({ url: database.url, masterKey }, BENCH_EVENT_TYPES);
    try {
      const { reader } = await ledgerOf(engine, folder);
      const size = flags.number('leaves');
      await fillTiles(database, engine, size);
      const [ms, cpu] = [new Float64Array(flags.number('proofs')), stopwatch()];
      for (let i = 0; i < ms.length; i++) {
        const position = 1 + (randomBytes(6).readUIntBE(0, 6) % size);
        const since = performance.now();
        const found = await reader.inclusion(engine.chain, position);
        ms[i] = performance.now() - since;
        if (!verifyInclusion(found, found.proof)) throw new Error(`The proof of position ${position} is wrong.`);
      }
      const of = `of ${size.toLocaleString('en')} leaves`;
      figures.push(
        { what: `inclusion proof ${of}, p50`, value: percentile(ms, 0.5), unit: 'ms' },
        { what: `inclusion proof ${of}, p99`, value: percentile(ms, 0.99), unit: 'ms', target: '<= 5' },
        { what: 'processor time of this process', value: (cpu().cpuSeconds / ms.length) * 1000, unit: 'ms a proof' },
      );
    } finally {
      await engine.close();
    }
  });
}

/**
 * The first leaves of a log that was there before the ledger, and then the verification of all of it: by a server that has
 * no statistics of the log, as after a restore, and by one that has. Left to itself it would make them at some moment
 * between two rounds.
 */
async function verify(): Promise<void> {
  await inDatabase(async (database, folder) => {
    const engine = await openBenchEngine({ url: database.url, masterKey }, BENCH_EVENT_TYPES);
    const worker = await Child.start<LedgerContenderOptions, LedgerContender>('ledger.contender', {
      ...{ url: database.url, masterKey, folder },
    });
    try {
      await database.client.query('alter table event_log set (autovacuum_enabled = false)');
      const events = await fillLog(database.url, engine.chain.no, flags.number('events'));
      const made = await worker.call('catchUp');
      figures.push(
        { what: 'first leaves of a log that was there', value: made.size / made.seconds, unit: 'events/s' },
        { what: 'the same, by processor time', value: made.size / made.cpuSeconds, unit: 'events/s' },
      );
      figures.push(...(await verification('verification, no statistics of the log', database, engine, events)));
      await database.client.query('vacuum analyze event_log');
      figures.push(...(await verification('verification of everything', database, engine, events)));
    } finally {
      await worker.close();
      await engine.close();
    }
  });
}

async function verification(
  what: string,
  database: ScratchDatabase,
  { db }: BenchEngine,
  events: number,
): Promise<Figure[]> {
  const rounds: { readonly wall: number; readonly cpu: number; readonly serverUs: number }[] = [];
  for (let round = 0; round < flags.number('rounds'); round += 1) {
    const serverBefore = await serverCpuSeconds(database);
    const elapsed = stopwatch();
    const [verdict] = await verifyDatabase(db, { keys: [], outside: [] });
    const { seconds, cpuSeconds } = elapsed();
    if (verdict?.outcome !== 'valid' || verdict.committed !== events) throw new Error(JSON.stringify(verdict));
    const serverUs = (((await serverCpuSeconds(database)) - serverBefore) / events) * 1e6;
    rounds.push({ wall: events / seconds, cpu: events / cpuSeconds, serverUs });
  }
  return [
    { what, value: median(rounds.map(({ wall }) => wall)), unit: 'events/s', target: '>= 80000' },
    {
      ...{ what: 'the same, by processor time of this process', unit: 'events/s' },
      value: median(rounds.map(({ cpu }) => cpu)),
    },
    {
      ...{ what: 'processor time of the server', unit: 'µs an event' },
      value: median(rounds.map(({ serverUs }) => serverUs)),
    },
  ];
}

/** What an auditor is handed for one patient. */
async function bundle(): Promise<void> {
  await inDatabase(async (database, folder) => {
    const engine = await openBenchEngine({ url: database.url, masterKey }, BENCH_EVENT_TYPES);
    try {
      const ledger = await ledgerOf(engine, folder);
      figures.push(...(await measureBundle(database.url, engine, ledger, flags.number('events'))));
    } finally {
      await engine.close();
    }
  });
}

const ledgerOf = (engine: BenchEngine, folder: string) =>
  openLedger(
    engine,
    { keyFile: join(folder, 'ledger.key'), folder: join(folder, 'outside'), witnesses: [] },
    silentLog,
    new DatabaseLog(engine.db),
  );

async function appendOne({ store, chain }: BenchEngine): Promise<number> {
  const id = newId();
  const streams = [
    { stream: `note-${id}`, expectedRevision: 'no-stream' as const, events: [NoteTaken(now(), noteOf(id))] },
  ];
  return (await store.append({ chain: chain.id, commandId: newId(), streams, context: contextOf() })).position;
}

async function fillTiles({ client }: ScratchDatabase, { chain }: BenchEngine, size: number): Promise<void> {
  const LEAVES_AT_ONCE = 256 * 200;
  const edge = TreeEdge.empty();
  const leaves = Buffer.alloc(32 * LEAVES_AT_ONCE);
  while (edge.size < size) {
    const count = Math.min(LEAVES_AT_ONCE, size - edge.size);
    for (let i = 0; i < count; i++)
      createHash('sha256')
        .update(`${edge.size + i}`)
        .digest()
        .copy(leaves, 32 * i);
    const full = edge.append(leaves.subarray(0, 32 * count));
    await client.query(
      `insert into ledger_tile (chain, level, n, hashes)
       select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[])`,
      [chain.no, full.map(({ level }) => level), full.map(({ n }) => n), full.map(({ hashes }) => hashes)],
    );
  }
  const root = edge.root();
  const body = formatCheckpoint({ origin: originOf(chain.id), size, root });
  await client.query('insert into ledger_tree (chain, size, root, edge, position) values ($1, $2, $3, $4, $2)', [
    ...[chain.no, size, root],
    edge.bytes(),
  ]);
  await client.query('insert into ledger_checkpoint (chain, size, root, body, epoch) values ($1, $2, $3, $4, 1)', [
    chain.no,
    size,
    root,
    body,
  ]);
  await client.query('insert into ledger_publication (chain, size) values ($1, $2)', [chain.no, size]);
}

async function inDatabase(work: (database: ScratchDatabase, folder: string) => Promise<void>): Promise<void> {
  const [database, folder] = [await scratchDatabase(), await mkdtemp(join(tmpdir(), 'pistor-bench-'))];
  try {
    await work(database, folder);
  } finally {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

printMachine();
const database = await scratchDatabase();
console.log(`${await serverSettings(database)}.\n`);
await database.drop();
if (flags.runs('append')) await append();
if (flags.runs('checkpoint')) await checkpoint();
if (flags.runs('proof')) await proof();
if (flags.runs('verify')) await verify();
if (flags.runs('bundle')) await bundle();
printFigures(figures);
profiles?.print();
