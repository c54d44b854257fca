import type { FastifyInstance } from 'fastify';
import { openPistor } from '#libs/composition/src/pistor.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import type { ReadRecord } from '#libs/read-record/src/read-record.js';
import { createApi } from '../../apps/api/src/server.js';
import { type StreamEvents, timelinePatient } from './timeline-patient.js';

export interface ReadsOptions {
  readonly databaseUrl: string;
  /** For the keys. */
  readonly folder: string;
  readonly patients: number;
}

export interface ReadsRunner {
  /** Two servers over the same data: one puts on record who reads, the other one does not. */
  serve(): Promise<{ readonly courses: readonly Id[]; readonly recorded: string; readonly unrecorded: string }>;
  /** How many reads are on record. */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** A server with some hundreds of courses to read. */
export async function open({ databaseUrl, folder, patients }: ReadsOptions): Promise<ReadsRunner> {
  const db = await openPostgres(databaseUrl);
  const configuration = readConfiguration({}, { dataFolder: folder });
  const pistor = await openPistor(configuration, silentLog, Promise.resolve({ db, announce: () => undefined }));
  const { chain } = pistor;
  const { store } = pistor.engine;
  const courses = new Set<Id>();
  const append = async ({ stream, events }: StreamEvents): Promise<Id[]> => {
    const context = { actor: 'user:bench', origin: 'live' as const };
    const streams = [{ stream, expectedRevision: 'any' as const, events: events as NewEvent[] }];
    await store.append({ chain: chain.id, commandId: newId(), streams, context });
    if (stream.startsWith('course-')) courses.add(stream.slice('course-'.length));
    return (await store.readStream(chain.id, stream)).map(({ header }) => header.id);
  };
  for (let n = 0; n < patients; n += 1) await timelinePatient(append);
  pistor.workers.follow();
  await pistor.readModelsAtHead(chain);
  await db.query('analyze');
  const unrecorded = { ...pistor.readRecord, reads: { record: () => Promise.resolve() } } as unknown as ReadRecord;
  const apps = [await createApi(pistor), await createApi({ ...pistor, readRecord: unrecorded })] as const;
  const listen = (app: (typeof apps)[number]): Promise<string> =>
    (app.getHttpAdapter().getInstance() as FastifyInstance).listen({ port: 0, host: '127.0.0.1' });
  return {
    serve: async () => ({
      courses: [...courses],
      recorded: await listen(apps[0]),
      unrecorded: await listen(apps[1]),
    }),
    count: async () => {
      const { rows } = await db.query<{ n: string }>('select coalesce(max(position), 0) as n from read_head');
      return Number(rows[0]?.n ?? 0);
    },
    close: async () => {
      for (const app of apps) await app.close();
      await pistor.close();
      await db.close();
    },
  };
}
