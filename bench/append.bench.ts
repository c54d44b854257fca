import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './support/child.js';
import type { Contender } from './support/contender.js';
import { CpuProfiles } from './support/cpu-profile.js';
import { measureFlush } from './support/disk.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { fillLog } from './support/fill-log.js';
import { readFlags } from './support/flags.js';
import { together } from './support/load.js';
import type { PistorContender, PistorOptions } from './support/pistor.contender.js';
import { RAW_TABLE } from './support/raw.contender.js';
import { type Entry, measure, printResults, type Result } from './support/rounds.js';
import { type ScratchDatabase, scratchDatabase, serverSettings } from './support/scratch-database.js';

/**
 * How fast events are appended: the raw limits of the server, Emmett and Pistor on one PostgreSQL, several processes,
 * an empty and a large log, and the embedded database. Each contender has a process of its own; they take turns.
 */
const flags = readFlags(['raw', 'emmett', 'pistor', 'processes', 'growth', 'embedded'], {
  events: 5_000_000,
  rounds: 3,
  seconds: 4,
});
const [rounds, ms] = [flags.number('rounds'), flags.number('seconds') * 1000];
const masterKey = randomBytes(32).toString('hex');
const profiles = flags.profile ? new CpuProfiles() : undefined;
const figures: Figure[] = [];

async function onOneServer(): Promise<void> {
  const database = await scratchDatabase();
  const children: Child<Contender>[] = [];
  const start = async (module: string, options: object, nodeFlags: string[] = []) => {
    const child = await Child.start<object, Contender>(module, options, nodeFlags);
    children.push(child);
    return child;
  };
  try {
    console.log(`${await serverSettings(database)}. ${rounds} rounds of ${ms / 1000} s each, medians.\n`);
    const options: PistorOptions = { where: { url: database.url }, masterKey };
    const pistor = await start('pistor.contender', options, profiles?.flags('append'));
    const entries: Entry[] = [];
    if (flags.runs('raw')) {
      await database.client.query(RAW_TABLE);
      const raw = await start('raw.contender', { url: database.url });
      entries.push(
        entryOf('raw, a row a commit', raw, 'one', 16),
        entryOf('raw, 100 rows a statement', raw, 'hundred', 4),
      );
    }
    if (flags.runs('emmett')) {
      const emmett = await start('emmett.contender', { url: database.url });
      entries.push(entryOf('Emmett', emmett, 'pool-default', 1));
      for (const clients of [16, 64]) {
        entries.push(entryOf('Emmett, pool of 10', emmett, 'pool-default', clients));
        entries.push(entryOf(`Emmett, pool of ${clients}`, emmett, 'pool-clients', clients));
      }
    }
    if (flags.runs('pistor')) {
      for (const clients of [1, 16, 64, 256]) entries.push(entryOf('Pistor', pistor, 'new', clients));
      for (const clients of [1, 64, 256]) entries.push(entryOf('Pistor, guarded', pistor, 'guarded', clients));
      for (const clients of [1, 64, 256]) entries.push(entryOf('Pistor, boxed', pistor, 'boxed', clients));
    }
    if (flags.runs('processes')) {
      const more: Child<Contender>[] = [];
      for (let n = 0; n < 8; n += 1) more.push(await start('pistor.contender', options));
      entries.push(processes(more, 1, 64), processes(more, 4, 16), processes(more, 1, 8), processes(more, 8, 1));
    }
    const results = await measure(entries, rounds, ms);
    printResults(results);
    await printSizes(database);
    compare(results);
  } finally {
    for (const child of children) await child.close();
    await database.drop();
  }
}

function entryOf(what: string, child: Child<Contender>, mode: string, clients: number): Entry {
  return {
    name: nameOf(what, clients),
    prepare: () => child.call('prepare', mode),
    run: (forMs) => child.call('run', { mode, clients, ms: forMs }),
    count: () => child.call('count'),
  };
}

const nameOf = (what: string, clients: number) => `${what}, ${clients} client${clients === 1 ? '' : 's'}`;
const processesName = (count: number, clients: number) => `Pistor, ${count} × ${clients} clients`;

function processes(children: readonly Child<Contender>[], count: number, clients: number): Entry {
  // Long enough that each of them has heard of it.
  const LEAD_MS = 100;
  return {
    name: processesName(count, clients),
    run: async (forMs) => {
      const job = { mode: 'new', clients, ms: forMs, startAt: Date.now() + LEAD_MS };
      return together(await Promise.all(children.slice(0, count).map((child) => child.call('run', job))));
    },
    count: () => (children[0] as Child<Contender>).call('count'),
  };
}

/** The ratios that the benchmark is for, of what was measured. */
function compare(results: ReadonlyMap<string, Result>): void {
  const of = (what: string, clients: number) => results.get(nameOf(what, clients));
  for (const [clients, floor] of [
    [16, 3.5],
    [64, 5],
  ] as const) {
    const pistor = of('Pistor', clients);
    const pools = [of('Emmett, pool of 10', clients), of(`Emmett, pool of ${clients}`, clients)];
    const [first, second] = pools;
    if (!pistor || !first || !second) continue;
    // Whichever pool suits it better, for the rate and for the latency.
    const rate = Math.max(first.rate, second.rate);
    const p99Ms = Math.min(first.p99Ms, second.p99Ms);
    ratio(`Pistor to Emmett, ${clients} clients`, pistor.rate / rate, `>= ${floor}`);
    ratio(`its p99 to that of Emmett, ${clients} clients`, pistor.p99Ms / p99Ms, '<= 1');
  }
  const most = of('Pistor', 256);
  const limit = of('raw, 100 rows a statement', 4);
  if (most && limit) percent('Pistor of the 100-row limit, 256 clients', most.rate / limit.rate, '>= 25');
  for (const clients of [64, 256]) {
    const [plain, boxed, guarded] = ['Pistor', 'Pistor, boxed', 'Pistor, guarded'].map((what) => of(what, clients));
    if (plain && boxed) percent(`what a box costs an append, ${clients} clients`, 1 - boxed.rate / plain.rate, '<= 30');
    if (plain && guarded) percent(`what a guard costs an append, ${clients} clients`, 1 - guarded.rate / plain.rate);
  }
  const [one, four] = [results.get(processesName(1, 64)), results.get(processesName(4, 16))];
  if (one && four) percent('4 processes of 16 clients, of 1 of 64', four.rate / one.rate, '>= 60');
  const [together8, apart8] = [results.get(processesName(1, 8)), results.get(processesName(8, 1))];
  if (together8 && apart8) percent('8 processes of 1 client, of 1 of 8', apart8.rate / together8.rate);
}

async function printSizes({ client }: ScratchDatabase): Promise<void> {
  const { rows } = await client.query<{ type: string; bytes: string }>(
    `select header::jsonb ->> 'type' as type, round(avg(octet_length(header) + octet_length(data))) as bytes
     from (select * from event_log order by position desc limit 100000) e group by 1 order by 1`,
  );
  console.log(`Header and data have ${rows.map(({ type, bytes }) => `${bytes} bytes (${type})`).join(', ')}.\n`);
}

/** Two databases on one server, the second with a large log, that take turns. */
async function asTheLogGrows(): Promise<void> {
  const [CLIENTS, events] = [64, flags.number('events')];
  const databases = [await scratchDatabase(), await scratchDatabase()];
  const children: Child<Contender>[] = [];
  try {
    for (const { url } of databases) {
      children.push(await Child.start<PistorOptions, Contender>('pistor.contender', { where: { url }, masterKey }));
    }
    const [empty, large] = children as [Child<Contender>, Child<Contender>];
    const [emptyDatabase, largeDatabase] = databases as [ScratchDatabase, ScratchDatabase];
    const { rows } = await largeDatabase.client.query<{ no: number }>('select no from chain');
    const since = performance.now();
    const filled = await fillLog(largeDatabase.url, (rows[0] as { no: number }).no, events);
    console.log(
      `Filled ${filled.toLocaleString('en')} events in ${((performance.now() - since) / 1000).toFixed(0)} s.\n`,
    );
    const entries = ['new', 'guarded'].flatMap((mode): Entry[] => [
      {
        name: `empty log, ${mode}`,
        prepare: async () => {
          await emptyDatabase.client.query('truncate event_log');
          await emptyDatabase.client.query('update chain set position = 0');
          await empty.call('prepare', mode);
        },
        run: (forMs) => empty.call('run', { mode, clients: CLIENTS, ms: forMs }),
      },
      {
        name: `${filled} events, ${mode}`,
        prepare: () => large.call('prepare', mode),
        run: (forMs) => large.call('run', { mode, clients: CLIENTS, ms: forMs }),
      },
    ]);
    const results = await measure(entries, rounds, ms);
    printResults(results);
    const rateOf = (log: string, mode: string) => results.get(`${log}, ${mode}`)?.rate ?? NaN;
    const growth = (mode: string) => rateOf('empty log', mode) / rateOf(`${filled} events`, mode);
    ratio(`what an append costs after ${filled.toLocaleString('en')} events, to an empty log`, growth('new'), '<= 1.2');
    ratio('the same, guarded', growth('guarded'));
  } finally {
    for (const child of children) await child.close();
    for (const database of databases) await database.drop();
  }
}

/** PGlite in a folder, as `npm start` has it. */
async function embedded(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pistor-bench-'));
  const options: PistorOptions = { where: { folder }, masterKey };
  const nodeFlags = profiles?.flags('embedded');
  let child: Child<PistorContender> | undefined;
  try {
    const started = await Child.start<PistorOptions, PistorContender>('pistor.contender', options, nodeFlags);
    child = started;
    const flushesPerEvent = async (clients: number, forMs: number) => {
      await started.call('prepare', 'new');
      const before = await started.call('flushes');
      const run = await started.call('run', { mode: 'new', clients, ms: forMs });
      console.log(`${clients} clients: ${((await started.call('flushes')) - before) / run.events} flushes an event`);
      return run;
    };
    const [single, grouped] = [1, 256].map(
      (clients): Entry => ({
        name: nameOf('embedded', clients),
        run: (forMs) => flushesPerEvent(clients, forMs),
        count: () => started.call('count'),
      }),
    ) as [Entry, Entry];
    const results = await measure([single, grouped], rounds, ms);
    printResults(results);
    const disk = measureFlush('fsync');
    const [one, many] = [results.get(single.name)?.rate ?? NaN, results.get(grouped.name)?.rate ?? NaN];
    figures.push(
      {
        what: 'fsync, one after the other',
        value: disk.rate,
        unit: 'a second',
        note: `p50 ${disk.p50Us.toFixed(0)} µs`,
      },
      { what: 'embedded, single appends', value: one, unit: 'events/s' },
      { what: 'embedded, 256 clients', value: many, unit: 'events/s', target: '>= 15000' },
    );
    percent('embedded single appends, of the fsync rate', one / disk.rate, '>= 50');
  } finally {
    await child?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function ratio(what: string, value: number, target?: string): void {
  figures.push({ what, value, unit: '×', ...(target === undefined ? {} : { target }) });
}

function percent(what: string, share: number, target?: string): void {
  figures.push({ what, value: share * 100, unit: '%', ...(target === undefined ? {} : { target }) });
}

printMachine();
const flush = measureFlush('fdatasync');
console.log(`A page to the disk: ${flush.p50Us.toFixed(0)} µs (p99 ${flush.p99Us.toFixed(0)} µs).`);

if (['raw', 'emmett', 'pistor', 'processes'].some((part) => flags.runs(part))) await onOneServer();
if (flags.runs('growth')) await asTheLogGrows();
if (flags.runs('embedded')) await embedded();

printFigures(figures);
profiles?.print();
