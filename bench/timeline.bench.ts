import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Asked, askInTurn } from './support/asked.js';
import { Child } from './support/child.js';
import { CpuProfiles } from './support/cpu-profile.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import { scratchDatabase, serverSettings } from './support/scratch-database.js';
import { EVENTS_OF_A_TIMELINE } from './support/timeline-patient.js';
import type { TimelineOptions, TimelineRunner } from './support/timeline.runner.js';

/**
 * How long it takes to answer the whole timeline of a patient with 300 events, corrections among them, whose reasons are
 * read from the log: by the query, over HTTP as a browser asks for it, and as it was known at an earlier time, which is
 * computed from the log; and all courses of the patient as they were known. One question after the other, of patients in
 * turn. The server runs in a process of its own, with the flags that docker-compose.yml gives it.
 */
const flags = readFlags(['now', 'then', 'courses'], { patients: 100, requests: 1_500 });
const TARGET = '<= 20';
/** Enough for the compiler to have seen every function. */
const times = { warmUp: 200, requests: flags.number('requests') };

async function main(): Promise<void> {
  printMachine();
  const database = await scratchDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'pistor-bench-'));
  const profiles = flags.profile ? new CpuProfiles() : undefined;
  try {
    console.log(`${await serverSettings(database)}.`);
    const options = { databaseUrl: database.url, folder };
    const server = await Child.start<TimelineOptions, TimelineRunner>(
      'timeline.runner',
      options,
      profiles?.flags('timeline') ?? [],
    );
    try {
      printFigures(await measure(server));
    } finally {
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  }
  profiles?.print();
}

async function measure(server: Child<TimelineRunner>): Promise<Figure[]> {
  const { patients, events, seconds } = await server.call('fill', flags.number('patients'));
  console.log(
    `${patients.length} patients of ${EVENTS_OF_A_TIMELINE} events (${events} in all), recorded and followed in ${seconds.toFixed(1)} s\n`,
  );
  const figures: Figure[] = [];
  if (flags.runs('now')) {
    figures.push(figureOf('whole timeline, by the query', await server.call('ask', patients, times), TARGET));
  }
  const { url, now } = await server.call('serve');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const overHttp = async (path: (id: Id) => string): Promise<Asked> => {
    const before = await server.call('cpuMs');
    const asked = await askInTurn(patients, times, (id) => answered(agent, url + path(id)));
    const cpuMs = ((await server.call('cpuMs')) - before) / (times.warmUp + times.requests);
    return { ...asked, cpuMs };
  };
  const whole = (id: Id) => `/v1/patients/${id}/timeline?limit=500`;
  const questions = [
    { part: 'now', what: 'whole timeline, over HTTP', path: whole, target: TARGET },
    {
      part: 'then',
      what: 'whole timeline as known at a time, over HTTP',
      path: (id: Id) => `${whole(id)}&knownAt=${now}`,
    },
    {
      part: 'courses',
      what: 'all courses as known at a time, over HTTP',
      path: (id: Id) => `/v1/courses?patient=${id}&knownAt=${now}`,
    },
  ];
  try {
    for (const { part, what, path, target } of questions) {
      if (flags.runs(part)) figures.push(figureOf(what, await overHttp(path), target));
    }
  } finally {
    agent.destroy();
  }
  return figures;
}

/** The processor's time is that of the server's process, which what others do on the machine does not lengthen. */
function figureOf(what: string, { p50Ms, p99Ms, cpuMs }: Asked, target?: string): Figure {
  const note = `p50 ${p50Ms.toFixed(1)} ms, CPU ${cpuMs.toFixed(1)} ms`;
  return { what: `${what}, p99`, value: p99Ms, unit: 'ms', note, ...(target !== undefined && { target }) };
}

async function answered(agent: Agent, url: string): Promise<void> {
  const asked = request(url, { agent });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
}

await main();
