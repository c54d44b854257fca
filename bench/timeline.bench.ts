import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPistor, type Pistor } from '#libs/composition/src/pistor.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { startServer } from '../apps/api/src/server.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import { percentile } from './support/load.js';
import { scratchDatabase, serverSettings } from './support/scratch-database.js';
import { EVENTS_OF_A_TIMELINE, type StreamEvents, timelinePatient } from './support/timeline-patient.js';

/**
 * How long it takes to answer the whole timeline of a patient with 300 events, corrections among them, whose reasons are
 * read from the log: from the read model, as it was known at an earlier time (which is computed from the log), and with
 * all its courses beside it. One question after the other, over HTTP as a browser asks them, of patients in turn.
 */
const flags = readFlags(['now', 'then', 'courses'], { patients: 100, requests: 1_500 });
const TARGET = '<= 20';

async function main(): Promise<void> {
  printMachine();
  const database = await scratchDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'pistor-bench-'));
  try {
    console.log(`${await serverSettings(database)}.`);
    const db = await openPostgres(database.url);
    const configuration = { ...readConfiguration({}, { dataFolder: folder }), port: 0 };
    const pistor = await openPistor(configuration, silentLog, Promise.resolve({ db, announce: () => undefined }));
    try {
      await measure(pistor);
    } finally {
      await pistor.close();
      await db.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  }
}

async function measure(pistor: Pistor): Promise<void> {
  const patients = await fill(pistor, flags.number('patients'));
  // The read models have been written, and what the planner of the database knows of them is what it would know at night.
  await pistor.engine.db.query('analyze');
  const server = await startServer(pistor);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const knownAt = await pistor.engine.chains.now(pistor.chain);
  const figures: Figure[] = [];
  const questions: [part: string, what: string, path: (id: Id) => string, target?: string][] = [
    ['now', 'whole timeline', (id) => `/v1/patients/${id}/timeline?limit=500`, TARGET],
    ['then', 'whole timeline as known at a time', (id) => `/v1/patients/${id}/timeline?limit=500&knownAt=${knownAt}`],
    ['courses', 'all courses as known at a time', (id) => `/v1/courses?patient=${id}&knownAt=${knownAt}`],
  ];
  try {
    for (const [part, what, path, target] of questions) {
      if (!flags.runs(part)) continue;
      const ask = (n: number) => answered(agent, server.url + path(patients[n % patients.length] as Id));
      // A timeline is first asked for in a process that has answered others.
      for (let n = 0; n < patients.length; n += 1) await ask(n);
      const ms = new Float64Array(flags.number('requests'));
      let bytes = 0;
      const cpu = process.cpuUsage();
      for (let n = 0; n < ms.length; n += 1) {
        const since = performance.now();
        bytes = await ask(n);
        ms[n] = performance.now() - since;
      }
      // What another process on the machine does to the wall clock does not touch this: server and client together.
      const { user, system } = process.cpuUsage(cpu);
      const cpuMs = (user + system) / 1000 / ms.length;
      const note = `p50 ${percentile(ms, 0.5).toFixed(1)} ms, CPU ${cpuMs.toFixed(1)} ms, ${Math.round(bytes / 1024)} KB`;
      const value = percentile(ms, 0.99);
      figures.push({ what: `${what}, p99`, value, unit: 'ms', note, ...(target === undefined ? {} : { target }) });
    }
  } finally {
    agent.destroy();
    await server.close();
  }
  printFigures(figures);
}

/** Patients with a full timeline each, and every read model at the head. @returns their ids */
async function fill(pistor: Pistor, count: number): Promise<Id[]> {
  const { store, chains } = pistor.engine;
  const { chain } = pistor;
  const ids: Id[] = [];
  const since = performance.now();
  const append = async ({ stream, events }: StreamEvents): Promise<Id[]> => {
    const context = { actor: 'user:bench', origin: 'live' as const };
    const streams = [{ stream, expectedRevision: 'any' as const, events: events as NewEvent[] }];
    await store.append({ chain: chain.id, commandId: newId(), streams, context });
    return (await store.readStream(chain.id, stream)).map(({ header }) => header.id);
  };
  for (let n = 0; n < count; n += 1) ids.push(await timelinePatient(append));
  pistor.workers.follow();
  await pistor.readModelsAtHead(chain);
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  const head = await store.head(chain.id);
  console.log(
    `${count} patients of ${EVENTS_OF_A_TIMELINE} events (${head} in all), recorded and followed in ${seconds} s`,
  );
  console.log(`on ${await chains.now(chain)}.\n`);
  return ids;
}

/** @returns how many bytes the answer has */
async function answered(agent: Agent, url: string): Promise<number> {
  const asked = request(url, { agent });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length;
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
  return bytes;
}

await main();
