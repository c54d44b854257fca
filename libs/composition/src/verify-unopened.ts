import { demandWholeDatabase, demandWholeFolder } from '#libs/backup/src/restore-mark.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { type ChainVerdict, verifyDatabase, type VerifyOptions } from '#libs/evidence/src/verify-database.js';

/** Two pages are read while the one before them is looked at, and its tiles between them. */
const CONNECTIONS_MAX = 3;

/**
 * Verifies a database that this process opens for it, and changes nothing in: not even its tables are brought up to date.
 * No key is needed for it.
 * @throws as `verifyDatabase`; Conflict `folder.locked`; Refused `restore.unfinished`
 */
export async function verifyUnopened(configuration: Configuration, options: VerifyOptions): Promise<ChainVerdict[]> {
  const { databaseUrl, dataFolder } = configuration;
  if (databaseUrl === undefined) demandWholeFolder(dataFolder);
  const db =
    databaseUrl === undefined
      ? await openPglite(dataFolder)
      : await openPostgres(databaseUrl, { poolMax: CONNECTIONS_MAX });
  try {
    await demandWholeDatabase(db);
    return await verifyDatabase(db, options);
  } finally {
    await db.close();
  }
}
