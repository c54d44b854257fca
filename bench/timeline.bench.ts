import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPistor, type Pistor } from '#libs/composition/src/pistor.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { PatientTimelineQuery } from '#libs/treatment/src/patient/patient-timeline/patient-timeline.query.js';
import type { FastifyInstance } from 'fastify';
import { createApi } from '../apps/api/src/server.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import { percentile } from './support/load.js';
import { scratchDatabase, serverSettings } from './support/scratch-database.js';
import { EVENTS_OF_A_TIMELINE, type StreamEvents, timelinePatient } from './support/timeline-patient.js';

/**
 * How long it takes to answer the whole timeline of a patient with 300 events, corrections among them, whose reasons are
 * read from the log: by the query, over HTTP as a browser asks for it, and as it was known at an earlier time, which is
 * computed from the log; and all courses of the patient as they were known. One question after the other, of patients in
 * turn.
 */
const flags = readFlags(['now', 'then', 'courses'], { patients: 100, requests: 1_500 });
const TARGET = '<= 20';
/** Enough for the compiler to have seen every function. */
const WARM_UP = 200;

async function main(): Promise<void> {
  printMachine();
  const database = await scratchDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'pistor-bench-'));
  try {
    console.log(`${await serverSettings(database)}.`);
    const db = await openPostgres(database.url);
    const configuration = readConfiguration({}, { dataFolder: folder });
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
  const app = await createApi(pistor);
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const knownAt = await pistor.engine.chains.now(pistor.chain);
  const timeline = app.get(PatientTimelineQuery);
  const overHttp = (path: (id: Id) => string) => (id: Id) => answered(agent, url + path(id));
  const questions: readonly Question[] = [
    {
      part: 'now',
      what: 'whole timeline, by the query',
      target: TARGET,
      ask: async (id) => (await timeline.list(pistor.chain, id, { limit: 500, order: 'desc' })).items.length,
    },
    {
      part: 'now',
      what: 'whole timeline, over HTTP',
      target: TARGET,
      ask: overHttp((id) => `/v1/patients/${id}/timeline?limit=500`),
    },
    {
      part: 'then',
      what: 'whole timeline as known at a time, over HTTP',
      ask: overHttp((id) => `/v1/patients/${id}/timeline?limit=500&knownAt=${knownAt}`),
    },
    {
      part: 'courses',
      what: 'all courses as known at a time, over HTTP',
      ask: overHttp((id) => `/v1/courses?patient=${id}&knownAt=${knownAt}`),
    },
  ];
  try {
    const figures: Figure[] = [];
    for (const question of questions) {
      if (flags.runs(question.part)) figures.push(await figureOf(question, patients));
    }
    printFigures(figures);
  } finally {
    agent.destroy();
    await app.close();
  }
}

interface Question {
  readonly part: string;
  readonly what: string;
  readonly target?: string;
  readonly ask: (patient: Id) => Promise<unknown>;
}

async function figureOf({ what, target, ask }: Question, patients: readonly Id[]): Promise<Figure> {
  const of = (n: number) => patients[n % patients.length] as Id;
  // A timeline is first asked for in a process that has answered others.
  for (let n = 0; n < WARM_UP; n += 1) await ask(of(n));
  const ms = new Float64Array(flags.number('requests'));
  const cpu = process.cpuUsage();
  for (let n = 0; n < ms.length; n += 1) {
    const since = performance.now();
    await ask(of(n));
    ms[n] = performance.now() - since;
  }
  // What others do on the machine lengthens the wall clock; it does not touch this, of server and client together.
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 / ms.length;
  const note = `p50 ${percentile(ms, 0.5).toFixed(1)} ms, CPU ${cpuMs.toFixed(1)} ms`;
  const figure = { what: `${what}, p99`, value: percentile(ms, 0.99), unit: 'ms', note };
  return target === undefined ? figure : { ...figure, target };
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

async function answered(agent: Agent, url: string): Promise<void> {
  const asked = request(url, { agent });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`);
}

await main();
