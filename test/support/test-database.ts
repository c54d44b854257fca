import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Database } from '../../libs/database/src/database.js';
import { openPglite } from '../../libs/database/src/pglite.database.js';
import { openPostgres } from '../../libs/database/src/postgres.database.js';

export interface TestDatabase {
  readonly db: Database;
  /** Closes and removes it. */
  close(): Promise<void>;
}

/** An empty database of its own: on the server that DATABASE_URL names, else on PGlite in a folder of its own. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const url = process.env.DATABASE_URL;
  return url ? openOnServer(url) : openInFolder();
}

async function openInFolder(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'pistor test '));
  const db = await openPglite(folder, { scratch: true });
  return {
    db,
    close: async () => {
      await db.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openOnServer(serverUrl: string): Promise<TestDatabase> {
  const name = `pistor_test_${randomUUID().replaceAll('-', '')}`;
  // template0 is never connected to, so many tests may copy it at once.
  await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const db = await openPostgres(url.href);
  return {
    db,
    close: async () => {
      await db.close();
      await onServer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
