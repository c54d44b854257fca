import type { Database } from '#libs/database/src/database.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';

export interface OpenedDatabase {
  readonly db: Database;
  /** Tells the command line where the server that holds an embedded folder can be reached. */
  announce(url: string): void;
}

/**
 * Opens the database that the configuration names. Little else is loaded for it, so that it can begin before the rest
 * of a program is there.
 * @throws Conflict `folder.locked`, Unavailable
 */
export async function openDatabase(configuration: Configuration): Promise<OpenedDatabase> {
  if (configuration.databaseUrl !== undefined) {
    return { db: await openPostgres(configuration.databaseUrl), announce: () => undefined };
  }
  const db = await openPglite(configuration.dataFolder);
  return { db, announce: (url) => db.lock.setUrl(url) };
}
