import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Refused } from '#libs/kernel/src/errors.js';
import type { Database, Queryable } from './database.js';

/** Key of the advisory lock that all components share: the letters `PIST`. */
const LOCK_KEY = 0x50495354;
/** An index on 100 million rows takes its time; the limit is for a lock that nobody lets go of. */
const MIGRATION_MS_MAX = 60 * 60_000;

export interface MigrationSource {
  /** Component that the tables belong to, for example `event-store`. */
  readonly name: string;
  /** Folder with `0001_what_it_does.sql`, `0002_….sql`, …, without gaps. They hold no BEGIN and no COMMIT. */
  readonly folder: string;
}

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly sql: string;
}

/**
 * Brings a component's tables up to date, each file in a transaction of its own. Any number of processes may do so at
 * once: one works, the others wait and find it done.
 *
 * @returns the names of the files that this call applied.
 * @throws Refused `database.migration-changed` when an applied file is no longer what it was, `database.newer` when
 *   the database has files that this code does not know.
 */
export async function migrate(db: Database, source: MigrationSource): Promise<string[]> {
  const migrations = await readMigrations(source.folder);
  const applied: string[] = [];
  for (;;) {
    const next = await db.transaction((tx) => applyNext(tx, source.name, migrations));
    if (!next) return applied;
    applied.push(next);
  }
}

async function applyNext(
  tx: Queryable,
  component: string,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  await tx.query(`SET LOCAL statement_timeout = ${MIGRATION_MS_MAX}`);
  await tx.query(patiently(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`));
  await createLedger(tx);
  const { rows } = await tx.query<{ number: number; name: string; checksum: string }>(
    'SELECT number, name, checksum FROM schema_migrations WHERE component = $1 ORDER BY number',
    [component],
  );
  for (const row of rows) checkApplied(component, row, migrations[row.number - 1]);
  const next = migrations[rows.length];
  if (!next) return undefined;
  await tx.query(patiently(next.sql));
  await tx.query('INSERT INTO schema_migrations (component, number, name, checksum) VALUES ($1, $2, $3, $4)', [
    component,
    next.number,
    next.name,
    next.checksum,
  ]);
  return next.name;
}

async function createLedger(tx: Queryable): Promise<void> {
  const { rows } = await tx.query<{ missing: boolean }>(`SELECT to_regclass('schema_migrations') IS NULL AS missing`);
  if (!rows[0]!.missing) return;
  await tx.query(`CREATE TABLE schema_migrations (
    component text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (component, number)
  )`);
}

function checkApplied(
  component: string,
  row: { number: number; name: string; checksum: string },
  known?: Migration,
): void {
  if (!known) {
    const message = `The database has the migration ${row.name} of ${component}, which this version does not know. Use a newer version.`;
    throw new Refused('database.newer', message, { data: { component, migration: row.name } });
  }
  if (known.checksum !== row.checksum) {
    const message = `The migration ${known.name} of ${component} was changed after it had been applied. Add a new file instead.`;
    throw new Refused('database.migration-changed', message, { data: { component, migration: known.name } });
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_-]+\.sql$/.exec(name)?.[1]);
      if (number !== index + 1) throw new Error(`${join(folder, name)} is not number ${index + 1} of its folder`);
      // A checkout with other line ends is the same migration.
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Lifts the driver's own limit, which is meant for servers that went silent, for one statement. */
function patiently(text: string): { text: string } {
  return { text, query_timeout: MIGRATION_MS_MAX } as { text: string };
}
