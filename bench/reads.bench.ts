import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './support/child.js';
import { type Figure, median, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import type { ReadsOptions, ReadsRunner } from './support/reads.runner.js';
import { scratchDatabase, serverSettings } from './support/scratch-database.js';

/**
 * What it costs that every read of a patient's data is on record before it is answered: courses read over HTTP by 64
 * readers at a time, from a server that records and, in turns, from one over the same data that does not.
 */
const flags = readFlags([], { patients: 20, readers: 64, rounds: 7, 'round-ms': 3_000 });
const READERS = flags.number('readers');

async function main(): Promise<void> {
  printMachine();
  const database = await scratchDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'pistor-bench-'));
  try {
    console.log(`${await serverSettings(database)}.\n`);
    const options = { databaseUrl: database.url, folder, patients: flags.number('patients') };
    const server = await Child.start<ReadsOptions, ReadsRunner>('reads.runner', options);
    try {
      printFigures(await measure(server));
    } finally {
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  }
}

async function measure(server: Child<ReadsRunner>): Promise<Figure[]> {
  const { courses, recorded, unrecorded } = await server.call('serve');
  const agent = new Agent({ keepAlive: true, maxSockets: READERS });
  const rates = { recorded: [] as number[], unrecorded: [] as number[] };
  try {
    // The first round of each warms up.
    for (let round = 0; round <= flags.number('rounds'); round += 1) {
      for (const [name, url] of [
        ['recorded', recorded],
        ['unrecorded', unrecorded],
      ] as const) {
        const before = await server.call('count');
        const { answers, rate } = await readFor(agent, url, courses);
        const kept = (await server.call('count')) - before;
        if (kept !== (name === 'recorded' ? answers : 0)) throw new Error(`${answers} answers, ${kept} on record`);
        if (round > 0) rates[name].push(rate);
      }
    }
  } finally {
    agent.destroy();
  }
  const [ours, bare] = [median(rates.recorded), median(rates.unrecorded)];
  return [
    { what: `courses read by ${READERS} readers, not on record`, value: bare, unit: 'a second' },
    { what: `courses read by ${READERS} readers, each on record`, value: ours, unit: 'a second' },
    { what: 'throughput that is kept', value: (ours / bare) * 100, unit: '%', target: '>= 80' },
  ];
}

async function readFor(
  agent: Agent,
  url: string,
  courses: readonly string[],
): Promise<{ answers: number; rate: number }> {
  const since = performance.now();
  const until = since + flags.number('round-ms');
  let answers = 0;
  const reader = async (n: number) => {
    for (let next = n; performance.now() < until; next += READERS) {
      const asked = request(`${url}/v1/courses/${courses[next % courses.length]}`, { agent });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: READERS }, (_, n) => reader(n)));
  return { answers, rate: (answers / (performance.now() - since)) * 1000 };
}

await main();
