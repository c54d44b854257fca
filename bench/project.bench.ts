import { randomBytes } from 'node:crypto';
import { Child } from './support/child.js';
import { CpuProfiles } from './support/cpu-profile.js';
import { measureFlush } from './support/disk.js';
import { type Figure, median, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import type { HistoryWriter, WriterOptions } from './support/history.writer.js';
import { percentile } from './support/load.js';
import type { Rebuilder, RebuildRunner, RebuiltWithMemory } from './support/rebuild.runner.js';
import { type ScratchDatabase, scratchDatabase, serverSettings } from './support/scratch-database.js';

/**
 * How fast read models follow the log: rebuilds of course progress beside the bare loop and Emmett's projection, the
 * time from an acknowledged command to its being visible, and the memory of a rebuild.
 */
const flags = readFlags(['rebuild', 'emmett', 'visible', 'memory'], {
  events: 200_000,
  'emmett-events': 20_000,
  rounds: 3,
  rate: 1_000,
  seconds: 20,
});
const masterKey = randomBytes(32).toString('hex');
const profiles = flags.profile ? new CpuProfiles() : undefined;
const figures: Figure[] = [];
const COURSE_PROGRESS = 'course_progress';
const EVENT_ROWS = 'event_rows';

/** Rebuilds that take turns, in rounds after one that warms up. @returns medians of the rates */
async function rates(
  builds: readonly { name: string; runner: Child<Rebuilder>; projection: string }[],
): Promise<Map<string, number>> {
  const found = new Map<string, number[]>(builds.map(({ name }) => [name, []]));
  const cpuUs = new Map<string, number[]>(builds.map(({ name }) => [name, []]));
  for (let round = 0; round <= flags.number('rounds'); round += 1) {
    for (const { name, runner, projection } of builds) {
      const { events, seconds, cpuSeconds } = await runner.call('rebuild', projection);
      if (round === 0) continue;
      found.get(name)?.push(events / seconds);
      cpuUs.get(name)?.push((cpuSeconds * 1e6) / events);
    }
  }
  const medians = new Map([...found].map(([name, values]) => [name, median(values)]));
  console.log('| | events/s | CPU µs an event |\n|---|---|---|');
  for (const [name, rate] of medians) {
    const us = median(cpuUs.get(name) ?? []).toFixed(1);
    console.log(`| ${name} | ${Math.round(rate).toLocaleString('en')} | ${us} |`);
  }
  console.log('');
  return medians;
}

async function write(options: Omit<WriterOptions, 'masterKey' | 'projecting'>, events: number): Promise<void> {
  const writer = await Child.start<WriterOptions, HistoryWriter>('history.writer', {
    ...options,
    masterKey,
    projecting: 'none',
  });
  try {
    const since = performance.now();
    const written = await writer.call('writeUntil', events);
    const seconds = (performance.now() - since) / 1000;
    const rate = Math.round(written / seconds).toLocaleString('en');
    console.log(`Wrote ${written.toLocaleString('en')} events in ${seconds.toFixed(1)} s (${rate} events/s).`);
  } finally {
    await writer.close();
  }
}

async function rebuilds(): Promise<void> {
  const databases = [await scratchDatabase(), await scratchDatabase(), await scratchDatabase()];
  const [open, boxed, emmetts] = databases as [ScratchDatabase, ScratchDatabase, ScratchDatabase];
  const children: Child<Rebuilder>[] = [];
  const start = async (module: string, options: object, name?: string) => {
    const nodeFlags = name === undefined ? [] : (profiles?.flags(name) ?? []);
    const child = await Child.start<object, Rebuilder>(module, options, nodeFlags);
    children.push(child);
    return child;
  };
  try {
    const builds: { name: string; runner: Child<Rebuilder>; projection: string }[] = [];
    if (flags.runs('rebuild')) {
      const events = flags.number('events');
      await write({ url: open.url, seed: 1, health: false }, events);
      await write({ url: boxed.url, seed: 1, health: true }, events);
      const bare = await start('bare.loop', { url: open.url });
      const onOpen = await start('rebuild.runner', { url: open.url, masterKey }, 'rebuild-open');
      const onBoxed = await start('rebuild.runner', { url: boxed.url, masterKey }, 'rebuild-boxed');
      const rows = await start('rebuild.runner', { url: open.url, masterKey }, 'rebuild-rows');
      builds.push(
        { name: 'bare loop, a row an event', runner: bare, projection: '' },
        { name: 'Pistor, a row an event', runner: rows, projection: EVENT_ROWS },
        { name: 'Pistor, course progress, no box opened', runner: onOpen, projection: COURSE_PROGRESS },
        { name: 'Pistor, course progress, boxes opened', runner: onBoxed, projection: COURSE_PROGRESS },
      );
    }
    if (flags.runs('emmett')) {
      const events = flags.number('emmett-events');
      const runner = await start('emmett.projection', { url: emmetts.url, events });
      builds.push({ name: 'Emmett, a row an event', runner, projection: '' });
    }
    const found = await rates(builds);
    const [bare, rows, opened, boxes, emmett] = [
      'bare loop, a row an event',
      'Pistor, a row an event',
      'Pistor, course progress, no box opened',
      'Pistor, course progress, boxes opened',
      'Emmett, a row an event',
    ].map((name) => found.get(name));
    if (bare !== undefined && rows !== undefined && opened !== undefined && boxes !== undefined) {
      rate('rebuild of course progress, no box opened', opened, '>= 45000');
      rate('rebuild of course progress, boxes opened', boxes, '>= 20000');
      percent('rebuild of course progress, of the bare loop', opened / bare, '>= 60');
      percent('rebuild of a row an event, of the bare loop', rows / bare);
      if (emmett !== undefined)
        figures.push({ what: 'a row an event, Pistor to Emmett', value: rows / emmett, unit: '×' });
    }
  } finally {
    for (const child of children) await child.close();
    for (const database of databases) await database.drop();
  }
}

/** Some courses are under way before the first command is timed. */
const EVENTS_BEFORE = 20_000;

/** One process that does everything; and two that write beside one that keeps the read models. */
async function visible(): Promise<void> {
  const all = ['course progress', 'all of treatment'] as const;
  for (const projecting of all) {
    await visibleIn(`one process, ${projecting}`, [projecting]);
    await visibleIn(`two writing, one projecting ${projecting}`, ['none', 'none', projecting]);
  }
}

async function visibleIn(what: string, processes: readonly WriterOptions['projecting'][]): Promise<void> {
  const database = await scratchDatabase();
  const children: Child<HistoryWriter>[] = [];
  try {
    for (const [n, projecting] of processes.entries()) {
      const options: WriterOptions = { url: database.url, masterKey, projecting, health: true, seed: n + 1 };
      const nodeFlags = profiles?.flags(`visible-${what.replaceAll(/\W+/g, '-')}-${n}`) ?? [];
      children.push(await Child.start<WriterOptions, HistoryWriter>('history.writer', options, nodeFlags));
    }
    const writers = processes.length === 1 ? children : children.slice(0, -1);
    const projecting = children.at(-1) as Child<HistoryWriter>;
    for (const [n, writer] of writers.entries()) {
      await writer.call('writeUntil', (EVENTS_BEFORE / writers.length) * (n + 1));
    }
    await projecting.call('caughtUp');
    const aSecond = flags.number('rate') / writers.length;
    const startAt = Date.now() + 5_000;
    const runs = await Promise.all(
      writers.map((writer) => writer.call('commands', aSecond, flags.number('seconds'), startAt)),
    );
    const visibleMs = Float64Array.from(runs.flatMap((run) => [...run.visibleMs]));
    const acknowledgedMs = Float64Array.from(runs.flatMap((run) => [...run.acknowledgedMs]));
    const sent = visibleMs.length / Math.max(...runs.map(({ seconds }) => seconds));
    const ms = (values: Float64Array, share: number) => percentile(values, share).toFixed(1);
    const times = `p50 ${ms(visibleMs, 0.5)}, append p50 ${ms(acknowledgedMs, 0.5)}, p99 ${ms(acknowledgedMs, 0.99)} ms`;
    figures.push({
      what: `acknowledged to visible, p99, ${Math.round(sent)} commands/s: ${what}`,
      value: percentile(visibleMs, 0.99),
      unit: 'ms',
      target: '<= 50',
      note: times,
    });
  } finally {
    for (const child of children) await child.close();
    await database.drop();
  }
}

/** Half of `--events`, twice and five times as many: 100,000, 400,000 and a million unless told. */
const MEMORY_SHARES = [0.5, 2, 5];

/** The same read model of a log that grows, each time in a fresh process. */
async function memory(): Promise<void> {
  const database = await scratchDatabase();
  try {
    const peaks: RebuiltWithMemory[] = [];
    const writer = await Child.start<WriterOptions, HistoryWriter>('history.writer', {
      url: database.url,
      masterKey,
      projecting: 'none',
      health: true,
      seed: 1,
    });
    try {
      for (const share of MEMORY_SHARES) {
        await writer.call('writeUntil', flags.number('events') * share);
        const runner = await Child.start<object, RebuildRunner>('rebuild.runner', { url: database.url, masterKey });
        try {
          peaks.push(await runner.call('rebuild', COURSE_PROGRESS));
        } finally {
          await runner.close();
        }
      }
    } finally {
      await writer.close();
    }
    for (const { events, cpuSeconds, rssMb, heapMb } of peaks) {
      const what = `most resident memory of a rebuild of ${events.toLocaleString('en')} events`;
      const us = ((cpuSeconds * 1e6) / events).toFixed(1);
      figures.push({ what, value: rssMb, unit: 'MB', note: `heap ${Math.round(heapMb)} MB, CPU ${us} µs an event` });
    }
    // The shortest log fits into what a build holds; from then on it must stay the same.
    const [long, longest] = peaks.slice(-2) as [RebuiltWithMemory, RebuiltWithMemory];
    const times = (longest.events / long.events).toFixed(1);
    const value = longest.rssMb / long.rssMb;
    figures.push({
      what: `memory for the longest log, ${times} times the one before`,
      value,
      unit: '×',
      target: '<= 1.1',
    });
  } finally {
    await database.drop();
  }
}

function rate(what: string, value: number, target: string): void {
  figures.push({ what, value, unit: 'events/s', target });
}

function percent(what: string, share: number, target?: string): void {
  figures.push({ what, value: share * 100, unit: '%', ...(target === undefined ? {} : { target }) });
}

printMachine();
const flush = measureFlush('fdatasync');
console.log(`A page to the disk: ${flush.p50Us.toFixed(0)} µs (p99 ${flush.p99Us.toFixed(0)} µs).`);
const probe = await scratchDatabase();
console.log(`${await serverSettings(probe)}. ${flags.number('rounds')} rounds, medians.\n`);
await probe.drop();

if (flags.runs('rebuild') || flags.runs('emmett')) await rebuilds();
if (flags.runs('visible')) await visible();
if (flags.runs('memory')) await memory();

printFigures(figures);
profiles?.print();
