import { type BackupSource, writeBackup } from '#libs/backup/src/backup-writer.js';
import { demandWholeDatabase, demandWholeFolder } from '#libs/backup/src/restore-mark.js';
import { migrationsOf } from '#libs/database/src/migrations.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { masterKeyFromFile } from '#libs/event-store/src/master-key.js';
import { Refused } from '#libs/kernel/src/errors.js';
import { MIGRATION_SOURCES } from './bring-up-to-date.js';

/** The snapshot and a page of the log; nothing else is asked. */
const CONNECTIONS_MAX = 2;

/**
 * A backup of a database that this process opens for it, and changes nothing in: not even its tables are brought up to
 * date, so that a backup can be made before a new version does that.
 * @throws as `backUp`; Conflict `folder.locked`; MasterKeyProblem; Refused `restore.unfinished`
 */
export async function* backUpUnopened(configuration: Configuration, version: string): AsyncGenerator<Buffer> {
  const { databaseUrl, dataFolder, masterKeyFile } = configuration;
  const master = masterKeyFromFile(masterKeyFile, false);
  if (databaseUrl === undefined) demandWholeFolder(dataFolder);
  const db =
    databaseUrl === undefined
      ? await openPglite(dataFolder)
      : await openPostgres(databaseUrl, { poolMax: CONNECTIONS_MAX });
  try {
    await demandWholeDatabase(db);
    yield* backUp({ db, master, version });
  } finally {
    await db.close();
  }
}

/**
 * A backup as bytes, as they are taken.
 * @throws as `writeBackup`; Refused `database.newer`: a newer version may have tables that this one would leave out
 */
export async function* backUp(source: BackupSource): AsyncGenerator<Buffer> {
  const { rows } = await source.db.query<{ component: string; number: number; name: string }>(
    `select component, max(number) as number, max(name) as name from schema_migrations group by component`,
  );
  for (const { component, number, name } of rows) {
    const known = MIGRATION_SOURCES.find((each) => each.name === component);
    if (known && (await migrationsOf(known)).length >= number) continue;
    throw new Refused(
      'database.newer',
      `The database has the migration ${name} of ${component}, which this version does not know. Use a newer version.`,
      { data: { component, migration: name } },
    );
  }
  yield* writeBackup(source);
}
