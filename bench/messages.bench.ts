import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './support/child.js';
import { CpuProfiles } from './support/cpu-profile.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import type { Handled, MessagesOptions, MessagesRunner } from './support/messages.runner.js';
import { scratchDatabase, serverCpuSeconds, serverSettings } from './support/scratch-database.js';

/**
 * How fast messages are planned from events and dispatched to a provider that takes everything, beside the bare queue;
 * how late they are at a steady rate; what memory a worker holds; how soon a Redis that was wiped is filled again. The
 * defaults are small: the targets stand for what the flags say in brackets.
 */
const flags = readFlags(['plan', 'dispatch', 'embedded', 'lateness', 'memory', 'wiped'], {
  /** Patients after a visit, five messages each. */
  visits: 2_000,
  /** Sent on PostgreSQL and Redis. */
  messages: 4_000,
  /** Sent on PGlite. */
  'embedded-messages': 600,
  rate: 200,
  seconds: 10,
  /** Sent in ten rounds, whose memory is compared (1,000,000). */
  'memory-messages': 10_000,
  /** Waiting in a Redis that is wiped (100,000). */
  'wiped-messages': 10_000,
});
const redisUrl = process.env['BENCH_REDIS_URL'];
const masterKey = randomBytes(32).toString('hex');
const profiles = flags.profile ? new CpuProfiles() : undefined;
const figures: Figure[] = [];
const GROWTH_MB_MAX = 32;

type Runner = Child<MessagesRunner>;

/** One process on a database of its own, which is measured with it. */
async function on(
  name: string,
  options: { readonly sandbox: boolean; readonly embedded?: boolean; readonly redis?: boolean },
  work: (runner: Runner, serverCpu: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const { sandbox, embedded = false, redis = false } = options;
  if (redis && redisUrl === undefined) throw new Error('Run this by `npm run bench`, which starts a Redis.');
  const scratch = embedded ? undefined : await scratchDatabase();
  const folder = embedded ? await mkdtemp(join(tmpdir(), 'pistor-bench-')) : undefined;
  if (scratch) console.log(`${await serverSettings(scratch)}\n`);
  const database = scratch ? { url: scratch.url } : { folder: folder as string };
  const nodeFlags = ['--expose-gc', ...(profiles?.flags(`messages-${name}`) ?? [])];
  const runner = await Child.start<MessagesOptions, MessagesRunner>(
    'messages.runner',
    { database, sandbox, masterKey, ...(redis && { redisUrl }) },
    nodeFlags,
  );
  try {
    await work(runner, async () => (scratch ? serverCpuSeconds(scratch) : 0));
  } finally {
    await runner.close();
    await scratch?.drop();
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

/** A rate with the processor time that a message takes, which says more than the rate where others use the machine. */
function rate(what: string, { messages, seconds, cpuSeconds }: Handled, target?: string, serverCpu?: number): number {
  const us = (cpu: number) => `${Math.round((cpu * 1e6) / messages)} µs`;
  const server = serverCpu === undefined ? '' : `, ${us(serverCpu)} of PostgreSQL's`;
  const note = `${us(cpuSeconds)} of this process's CPU${server} a message`;
  figures.push({ what, value: messages / seconds, unit: 'messages/s', note, ...(target && { target }) });
  return messages / seconds;
}

async function plan(): Promise<void> {
  await on('plan', { sandbox: true }, async (runner, serverCpu) => {
    // The first ones warm up.
    await runner.call('writeVisits', Math.ceil(flags.number('visits') / 4));
    await runner.call('plan');
    await runner.call('writeVisits', flags.number('visits'));
    const before = await serverCpu();
    const planned = await runner.call('plan');
    rate('planned from events', planned, '>= 6000', (await serverCpu()) - before);
  });
}

async function dispatch(embedded: boolean): Promise<void> {
  const name = embedded ? 'embedded' : 'dispatch';
  const messages = flags.number(embedded ? 'embedded-messages' : 'messages');
  const where = embedded ? 'embedded' : 'on PostgreSQL and Redis';
  await on(name, { sandbox: true, embedded, redis: !embedded }, async (runner, serverCpu) => {
    // The first ones warm up.
    await runner.call('dispatch', await runner.call('fallDue', Math.ceil(messages / 4)));
    const due = await runner.call('fallDue', messages);
    const before = await serverCpu();
    const sent = await runner.call('dispatch', due);
    const after = await serverCpu();
    const ours = rate(`dispatched ${where}`, sent, embedded ? '>= 200' : '>= 1500', after - before);
    const bare = rate(`bare queue, ${where}`, await runner.call('bareQueue', messages));
    figures.push({ what: `dispatch to the bare queue, ${where}`, value: (ours / bare) * 100, unit: '%' });
  });
}

async function lateness(): Promise<void> {
  await on('lateness', { sandbox: false, redis: true }, async (runner) => {
    const { p50Ms, p99Ms, ...handled } = await runner.call('lateness', flags.number('rate'), flags.number('seconds'));
    figures.push({
      what: `due to the call of the provider, p99, ${flags.number('rate')} messages/s`,
      ...{ value: p99Ms / 1000, unit: 's', target: '<= 2' },
      note: `p50 ${Math.round(p50Ms)} ms, ${handled.messages} messages`,
    });
  });
}

async function memory(): Promise<void> {
  await on('memory', { sandbox: true, redis: true }, async (runner) => {
    const rounds = 10;
    const found = await runner.call('footprints', flags.number('memory-messages'), rounds);
    console.log('| messages | heap after a collection | resident |\n|---|---|---|');
    for (const { messages, heapMb, rssMb } of found) {
      console.log(`| ${messages.toLocaleString('en')} | ${heapMb.toFixed(1)} MB | ${rssMb.toFixed(0)} MB |`);
    }
    console.log('');
    // What is compiled and kept on the way is there after three rounds.
    const [early, last] = [found[2], found.at(-1)];
    figures.push({
      what: `heap, after ${last?.messages.toLocaleString('en')} messages more than after ${early?.messages.toLocaleString('en')}`,
      ...{ value: (last?.heapMb ?? NaN) - (early?.heapMb ?? NaN), unit: 'MB', target: `<= ${GROWTH_MB_MAX}` },
    });
  });
}

async function wiped(): Promise<void> {
  await on('wiped', { sandbox: false, redis: true }, async (runner) => {
    const { messages, seconds, cpuSeconds } = await runner.call('wiped', flags.number('wiped-messages'));
    figures.push({
      what: `a wiped Redis has ${messages.toLocaleString('en')} pending messages again`,
      ...{ value: seconds, unit: 's', target: '<= 60' },
      note: `${cpuSeconds.toFixed(1)} s of CPU`,
    });
  });
}

printMachine();
if (flags.runs('plan')) await plan();
if (flags.runs('dispatch')) await dispatch(false);
if (flags.runs('embedded')) await dispatch(true);
if (flags.runs('lateness')) await lateness();
if (flags.runs('memory')) await memory();
if (flags.runs('wiped')) await wiped();
printFigures(figures);
profiles?.print();
