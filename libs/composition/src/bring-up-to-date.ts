import { join } from 'node:path';
import { demandWholeDatabase, demandWholeFolder } from '#libs/backup/src/restore-mark.js';
import { provideApplicationLogin } from '#libs/database/src/application.login.js';
import type { Database } from '#libs/database/src/database.js';
import { migrate, type MigrationSource } from '#libs/database/src/migrations.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { EVENT_STORE_TABLES } from '#libs/event-store/src/event-store.tables.js';

/** What was done to a database. */
export interface BroughtUpToDate {
  /** Files that were applied, as `component/file`. */
  readonly applied: readonly string[];
  /** The login of DATABASE_URL, when it was made. */
  readonly login: string | undefined;
  /** Why the log is not protected by grants, or reads are not limited, and how to mend it. */
  readonly warning: string | undefined;
}

/** The libraries that bring tables, in the order in which a process makes them; each has its files in `src/migrations`. */
export const MIGRATION_SOURCES: readonly MigrationSource[] = [
  'event-store',
  'projections',
  'ledger',
  'composition',
  'http',
  'history-import',
  'messaging',
  'booking',
  'tasks',
  'erasure',
  'access',
  'read-record',
].map((name) =>
  name === EVENT_STORE_TABLES.name
    ? EVENT_STORE_TABLES
    : { name, folder: join(import.meta.dirname, '..', '..', name, 'src', 'migrations') },
);

/** A statement at a time; the second is for what a migration may have to ask beside its transaction. */
const CONNECTIONS_MAX = 2;

/**
 * Brings all tables up to date with the login of DATABASE_OWNER_URL, and makes the one of DATABASE_URL when it is
 * missing. Without DATABASE_OWNER_URL, the login of DATABASE_URL does it, or the embedded folder is opened.
 * @throws Refused `database.migrations-pending`, `database.newer`, `database.login`, `restore.unfinished`; Conflict `folder.locked`; Unavailable
 */
export async function bringUpToDate(configuration: Configuration): Promise<BroughtUpToDate> {
  const { databaseOwnerUrl, databaseUrl, dataFolder } = configuration;
  const url = databaseOwnerUrl ?? databaseUrl;
  if (url === undefined) {
    demandWholeFolder(dataFolder);
    const db = await openPglite(dataFolder);
    return migrateAll(db)
      .then((applied) => ({ applied, login: undefined, warning: undefined }))
      .finally(() => db.close());
  }
  const db = await openPostgres(url, { poolMax: CONNECTIONS_MAX });
  try {
    await demandWholeDatabase(db);
    const applied = await migrateAll(db);
    const login = databaseUrl === undefined ? undefined : await provideApplicationLogin(db, databaseUrl);
    return { applied, login, warning: db.warning };
  } finally {
    await db.close();
  }
}

/** The tables of every component, in the order in which a process makes them. */
async function migrateAll(db: Database): Promise<string[]> {
  const { rows: begun } = await db.query<{ at: string }>('select clock_timestamp()::text as at');
  for (const source of MIGRATION_SOURCES) await migrate(db, source);
  const { rows } = await db.query<{ file: string }>(
    `select component || '/' || name as file from schema_migrations where applied_at >= $1::timestamptz
     order by applied_at, component, number`,
    [begun[0]?.at],
  );
  return rows.map(({ file }) => file);
}
