import { openPistor } from '#libs/composition/src/pistor.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { PatientTimelineQuery } from '#libs/treatment/src/patient/patient-timeline/patient-timeline.query.js';
import type { FastifyInstance } from 'fastify';
import { createApi } from '../../apps/api/src/server.js';
import { type Asked, askInTurn } from './asked.js';
import { type StreamEvents, timelinePatient } from './timeline-patient.js';

export interface TimelineOptions {
  readonly databaseUrl: string;
  /** For the master key. */
  readonly folder: string;
}

export interface Filled {
  readonly patients: readonly Id[];
  readonly events: number;
  readonly seconds: number;
}

export interface TimelineRunner {
  /** Records patients with a full timeline each, and brings every read model to the head. */
  fill(patients: number): Promise<Filled>;
  /** Listens. @returns where, and the chain's present time */
  serve(): Promise<{ readonly url: string; readonly now: string }>;
  /** Asks the query itself for the whole timelines of these patients in turn, one after the other. */
  ask(patients: readonly Id[], times: { readonly warmUp: number; readonly requests: number }): Promise<Asked>;
  /** What of a processor this process has taken, in milliseconds. */
  cpuMs(): Promise<number>;
  close(): Promise<void>;
}

/** The whole server, over a PostgreSQL, as `pistor start` runs it; nothing in it works by itself but the read models. */
export async function open({ databaseUrl, folder }: TimelineOptions): Promise<TimelineRunner> {
  const db = await openPostgres(databaseUrl);
  const configuration = readConfiguration({}, { dataFolder: folder });
  const pistor = await openPistor(configuration, silentLog, Promise.resolve({ db, announce: () => undefined }));
  const { chain } = pistor;
  const { store, chains } = pistor.engine;
  const app = await createApi(pistor);
  const append = async ({ stream, events }: StreamEvents): Promise<Id[]> => {
    const context = { actor: 'user:bench', origin: 'live' as const };
    const streams = [{ stream, expectedRevision: 'any' as const, events: events as NewEvent[] }];
    await store.append({ chain: chain.id, commandId: newId(), streams, context });
    return (await store.readStream(chain.id, stream)).map(({ header }) => header.id);
  };
  return {
    fill: async (count) => {
      const since = performance.now();
      const patients: Id[] = [];
      for (let n = 0; n < count; n += 1) patients.push(await timelinePatient(append));
      pistor.workers.follow();
      await pistor.readModelsAtHead(chain);
      // What the planner of the database knows of the tables now is what it would know after a night.
      await db.query('analyze');
      return { patients, events: await store.head(chain.id), seconds: (performance.now() - since) / 1000 };
    },
    serve: async () => {
      const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
      const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
      return { url, now: await chains.now(chain) };
    },
    ask: (patients, times) => {
      const timeline = app.get(PatientTimelineQuery);
      return askInTurn(patients, times, async (id) => {
        await timeline.list(chain, id, { limit: 500, order: 'desc' });
      });
    },
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return Promise.resolve((user + system) / 1000);
    },
    close: async () => {
      await app.close();
      await pistor.close();
      await db.close();
    },
  };
}
