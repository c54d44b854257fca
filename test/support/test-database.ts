import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Database } from '../../libs/database/src/database.js';
import { openPglite } from '../../libs/database/src/pglite.database.js';
import { openPostgres } from '../../libs/database/src/postgres.database.js';

export interface TestDatabase {
  /** Runs as the application, as everything does. */
  readonly db: Database;
  /** Closes it and opens it again, as a later process would. `db` stays the closed one. */
  reopen(options?: TestDatabaseOptions): Promise<Database>;
  /** Closes and removes it. */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** `login` has all rights, for tests that make tables without migrations. */
  readonly as?: 'application' | 'login';
}

/** An empty database of its own: on the server that DATABASE_URL names, else on PGlite in a folder of its own. */
export async function openTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const url = process.env.DATABASE_URL;
  return url ? openOnServer(url, options) : openInFolder(options);
}

/** Runs statements with the rights of the owner of the tables, as nothing but a migration does. */
export const asOwner = (db: Database, sql: string): Promise<{ rows: any[] }> =>
  db.transaction(async (tx) => {
    await tx.query('SET LOCAL ROLE NONE');
    return tx.query(sql);
  });

async function openInFolder(options: TestDatabaseOptions): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'pistor test '));
  const open = (more: TestDatabaseOptions) => openPglite(folder, { scratch: true, ...more });
  return hold(await open(options), open, () => rm(folder, { recursive: true, force: true }));
}

async function openOnServer(serverUrl: string, options: TestDatabaseOptions): Promise<TestDatabase> {
  const { url, drop } = await createOnServer(serverUrl);
  const open = (more: TestDatabaseOptions) => openPostgres(url, more);
  return hold(await open(options), open, drop);
}

/** An empty database on a server. `drop` takes the roles along that it has made, which would stay on the server. */
export async function createOnServer(serverUrl: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `pistor_test_${randomUUID().replaceAll('-', '')}`;
  // template0 is never connected to, so many tests may copy it at once.
  await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const drop = async () => {
    await onServer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await onServer(serverUrl, `DROP ROLE IF EXISTS ${name}_application, ${name}_reader`);
  };
  return { url: url.href, drop };
}

function hold(
  db: Database,
  open: (options: TestDatabaseOptions) => Promise<Database>,
  remove: () => Promise<void>,
): TestDatabase {
  let latest = db;
  return {
    db,
    reopen: async (options = {}) => {
      await latest.close();
      latest = await open(options);
      return latest;
    },
    close: async () => {
      await latest.close();
      await remove();
    },
  };
}

/** Runs one statement in a session of its own. */
export async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
