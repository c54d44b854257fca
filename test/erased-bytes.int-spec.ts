import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { startPostgres, startRedis } from '../scripts/services.mjs';
import { findBytes, needlesOfText } from './support/bytes-of.js';
import { erase, type Person, run, treated } from './support/erased-person.js';

/*
 * As erased-bytes.spec.ts, on a PostgreSQL and a Redis of its own: every byte of PostgreSQL's data directory, its log of
 * changes included, of a dump of Redis, of the keys and of what the process said.
 */

let folder: string;
let person: Person;
let places: string[];
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor erased '));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres();
  stops.push(() => postgres.stop());
  const server = await startRedis();
  stops.push(() => server.stop());
  const configuration = readConfiguration({
    ...{ DATABASE_URL: postgres.url, REDIS_URL: server.url },
    ...{ PISTOR_DATA: folder, PISTOR_MASTER_KEY_FILE: join(folder, 'master.key') },
  });
  const running = await run(configuration);
  person = await treated(running, configuration.keysFolder);
  await erase(running, person);
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const dump = join(folder, 'redis.dump');
  await writeFile(dump, await dumpOf(redis));
  redis.disconnect();
  await running.close();
  const said = join(folder, 'said.log');
  await writeFile(said, running.lines.join('\n'));
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  // What is only in the server's memory would not be looked at.
  await client.query('checkpoint');
  const { rows } = await client.query<{ data_directory: string }>('show data_directory');
  await client.end();
  places = [(rows[0] as { data_directory: string }).data_directory, configuration.keysFolder, dump, said];
}, 300_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** Every key of Redis as its own serialisation. */
async function dumpOf(redis: Redis): Promise<Buffer> {
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return Buffer.concat(keys.flatMap((key, n) => [Buffer.from(`${key}\n`), values[n] ?? Buffer.alloc(0)]));
}

it('finds what is there: the search would notice', async () => {
  expect(await findBytes(needlesOfText(person.id).slice(0, 1), places[0] as string)).not.toEqual([]);
});

it('[erasure.final] leaves nothing of the person, and no key that opens it, in PostgreSQL, Redis, keys and log', async () => {
  expect(await findBytes([...person.needles, ...person.bucketKey], ...places)).toEqual([]);
}, 180_000);
