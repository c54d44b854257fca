import { demandWholeDatabase, demandWholeFolder } from '#libs/backup/src/restore-mark.js';
import type { Database } from '#libs/database/src/database.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';

export interface OpenedDatabase {
  readonly db: Database;
  /** Tells the command line where the server that holds an embedded folder can be reached. */
  announce(url: string): void;
  /** Why the log is not protected by grants here, or reads are not limited, and how to mend it. */
  readonly warning?: string | undefined;
}

/**
 * Opens the database that the configuration names. Little else is loaded for it, so that it can begin before the rest
 * of a program is there.
 * @throws Conflict `folder.locked`, Unavailable, Refused `database.newer`, `database.login`, `restore.unfinished`
 */
export async function openDatabase(configuration: Configuration): Promise<OpenedDatabase> {
  const { databaseUrl, databaseOwnerUrl, kurrentdbUrl } = configuration;
  if (databaseUrl !== undefined) {
    if (databaseOwnerUrl !== undefined) {
      const { bringUpToDate } = await import('./bring-up-to-date.js');
      await bringUpToDate(configuration);
    }
    const db = await openPostgres(databaseUrl);
    await demandWholeDatabase(db).catch(async (error: unknown) => {
      await db.close();
      throw error;
    });
    // Where events are kept elsewhere, there is no log here to protect; but for that, reads may not be limited.
    const isAboutLog = db.applicationRole === undefined;
    const warning = kurrentdbUrl !== undefined && isAboutLog ? undefined : db.warning;
    return { db, announce: () => undefined, warning };
  }
  demandWholeFolder(configuration.dataFolder);
  const db = await openPglite(configuration.dataFolder);
  return { db, announce: (url) => db.lock.setUrl(url) };
}
