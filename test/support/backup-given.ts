import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../apps/api/src/server.js';
import { BackupFile } from '../../libs/backup/src/backup-file.js';
import { type BackupPart, linesOf, readBackup } from '../../libs/backup/src/backup-reader.js';
import type { Contents, Manifest } from '../../libs/backup/src/backup.format.js';
import { backUpUnopened } from '../../libs/composition/src/back-up.js';
import { importDemoHistory } from '../../libs/composition/src/demo.js';
import { openPistor, type Pistor } from '../../libs/composition/src/pistor.js';
import { type Configuration, readConfiguration } from '../../libs/engine/src/configuration.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { silentLog } from '../../libs/kernel/src/log.js';

/** Where backups are made and restored in a test: folders with the same master key beside them. */
export interface BackupPlace {
  readonly folder: string;
  readonly masterKeyFile: string;
  /** A configuration for an embedded folder of its own, which does not exist yet. */
  embedded(): Configuration;
  /** One for a database of a server. */
  onServer(url: string): Configuration;
  /** A file name that is free. */
  fileName(): string;
  remove(): Promise<void>;
}

export async function openBackupPlace(): Promise<BackupPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'pistor backup '));
  const masterKeyFile = join(folder, 'master.key');
  await writeMasterKey(masterKeyFile);
  const environment = { PISTOR_MASTER_KEY_FILE: masterKeyFile };
  return {
    folder,
    masterKeyFile,
    embedded: () => readConfiguration(environment, { dataFolder: join(folder, `data ${newId()}`) }),
    onServer: (url) => readConfiguration({ ...environment, DATABASE_URL: url }),
    fileName: () => join(folder, `${newId()}.backup`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A master key that nobody has seen before. */
export async function writeMasterKey(file: string): Promise<void> {
  await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  await chmod(file, 0o600);
}

/** A request as a client sends it that may have to repeat it. */
export const REQUEST = {
  key: 'the-first-site',
  body: { code: 'ADA', name: 'Adana "Merkez" \\ İki\nşube', timeZone: 'Europe/Istanbul', language: 'tr' },
};

export async function registerSite(pistor: Pistor, { key, body } = REQUEST): Promise<{ status: number; body: object }> {
  const app = await createApi(pistor);
  const headers = { host: '127.0.0.1', 'idempotency-key': key };
  const answer = await app.inject({ method: 'POST', url: '/v1/sites', headers, payload: body });
  await app.close();
  return { status: answer.statusCode, body: answer.json() };
}

/** Opens Pistor with its read models and reactors following the log, runs something in it and closes it. */
export async function inPistor<T>(configuration: Configuration, run: (pistor: Pistor) => Promise<T>): Promise<T> {
  const pistor = await openPistor(configuration, silentLog);
  try {
    pistor.projections.start();
    await pistor.readModelsAtHead(pistor.chain);
    return await run(pistor);
  } finally {
    await pistor.projections.stop();
    await pistor.close();
  }
}

/** A clinic with a history, its messages planned, a request answered, a key destroyed and an advance of its clock. */
export const liveALittle = (configuration: Configuration): Promise<object> =>
  inPistor(configuration, async (pistor) => {
    const { engine, projections, chain, messaging } = pistor;
    await importDemoHistory(pistor, () => undefined);
    const { body } = await registerSite(pistor);
    for (const { name } of messaging.works) {
      await projections.waitFor(name, chain, await engine.store.head(chain.id), 60_000);
    }
    await engine.db.query(
      `update subject_key set wrapped = null, destroyed_at = clock_timestamp()
       where (chain, subject, class) = (select chain, subject, class from subject_key order by created_at, class limit 1)`,
    );
    await engine.db.query(
      `insert into chain_clock_target (chain, from_at, target, driver, lease_until, finished_at)
       values ($1, clock_timestamp(), clock_timestamp(), $2, clock_timestamp() + interval '1 day', clock_timestamp())`,
      [chain.no, newId()],
    );
    return body;
  });

/** Makes a backup as the command does. */
export async function backUpTo(file: string, configuration: Configuration): Promise<void> {
  const out = await BackupFile.create(file);
  for await (const { bytes } of readBackup(backUpUnopened(configuration, '0.1.0'))) await out.write(bytes);
  await out.complete();
}

/** Everything that is in a backup: its manifest, its hashes, and the lines of each table. */
export async function contentOf(
  parts: AsyncIterable<BackupPart>,
): Promise<{ manifest: Manifest; contents: Contents; lines: Record<string, string[]> }> {
  let manifest: Manifest | undefined;
  let contents: Contents = {};
  const lines: Record<string, string[]> = {};
  for await (const part of parts) {
    if ('manifest' in part) manifest = part.manifest;
    if ('block' in part) (lines[part.block.table] ??= []).push(...(await linesOf(part.body)).split('\n'));
    if ('contents' in part) ({ contents } = part);
    if ('seal' in part) return { manifest: manifest as Manifest, contents, lines };
  }
  throw new Error('it has no seal');
}

/** A folder in which nothing is yet but its name. */
export const makeEmpty = (folder: string): Promise<unknown> => mkdir(folder, { recursive: true, mode: 0o700 });
