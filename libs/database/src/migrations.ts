import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { Refused } from '#libs/kernel/src/errors.js';
import { forgetRights, grantRights, RIGHTS_MARK } from './application.rights.js';
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
  /** Number of the last file that is wanted (0: none of them); all where it is left out. For a backup of older tables. */
  readonly last?: number;
  /** Columns of its tables that limited reads need (`ReaderDatabase`); nothing else of them is theirs. */
  readonly readable?: Readonly<Record<string, readonly string[]>>;
}

const LEDGER = `CREATE TABLE schema_migrations (
  component text NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (component, number)
)`;

/**
 * What the application may do with tables that are not its to write as it likes: a row for each right, on the whole table
 * (column '') or on one column. A table of facts and not mere grants, since those name a role, which need not exist when
 * a migration runs or a dump is restored.
 */
const RIGHTS = `CREATE TABLE application_right (
  table_name name NOT NULL,
  privilege text NOT NULL CHECK (privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')),
  column_name name NOT NULL DEFAULT '',
  PRIMARY KEY (table_name, privilege, column_name)
);
INSERT INTO application_right VALUES ('schema_migrations', 'SELECT'), ('application_right', 'SELECT')`;

/** One file, as the database notes that it was applied. */
export interface MigrationName {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

interface Migration extends MigrationName {
  readonly sql: string;
}

/**
 * Brings a component's tables up to date, each file in a transaction of its own. Any number of processes may do so at
 * once: one works, the others wait and find it done. Files run as the login, which owns what they make, and not as the
 * application's role. That may read and write the rows of every table, save those for which a file lists other rights in
 * `application_right`.
 *
 * @returns the names of the files that this call applied.
 * @throws Refused `database.migration-changed` when an applied file is no longer what it was, `database.newer` when
 *   the database has files that this code does not know, `database.migrations-pending` when this login may not apply
 *   what is missing.
 */
export async function migrate(db: Database, source: MigrationSource): Promise<string[]> {
  const migrations = await readMigrations(source.folder);
  const applied: string[] = [];
  for (;;) {
    const next = await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL ROLE NONE; SET LOCAL statement_timeout = ${MIGRATION_MS_MAX}`);
      await tx.query(patiently(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`));
      const { granted } = await createLedger(tx, db.applicationRole);
      const name = await applyNext(tx, source, migrations);
      if (name !== undefined) await forgetRights(tx);
      else if (db.applicationRole !== undefined && !granted) await grantRights(tx, db.applicationRole);
      if (name === undefined && db.readerRole !== undefined) await letRead(tx, source, db.readerRole);
      return name;
    });
    if (next === undefined) return applied;
    applied.push(next);
  }
}

/** The files of a component, in their order. */
export async function migrationsOf(source: MigrationSource): Promise<MigrationName[]> {
  const migrations = await readMigrations(source.folder);
  return migrations.map(({ number, name, checksum }) => ({ number, name, checksum }));
}

async function applyNext(
  tx: Queryable,
  { name: component, last = Infinity }: MigrationSource,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  const { rows } = await tx.query<{ number: number; name: string; checksum: string }>(
    'SELECT number, name, checksum FROM schema_migrations WHERE component = $1 ORDER BY number',
    [component],
  );
  for (const row of rows) checkApplied(component, row, migrations[row.number - 1]);
  const next = migrations[rows.length];
  if (!next || next.number > last) return undefined;
  await demandOwner(tx, `the migration ${next.name} of ${component}`);
  await tx.query(patiently(next.sql));
  await tx.query('INSERT INTO schema_migrations (component, number, name, checksum) VALUES ($1, $2, $3, $4)', [
    component,
    next.number,
    next.name,
    next.checksum,
  ]);
  return next.name;
}

/** Makes the tables that this itself needs. @returns whether the role has been given all its rights */
async function createLedger(tx: Queryable, role: string | undefined): Promise<{ granted: boolean }> {
  const { rows } = await tx.query<{ ledger: boolean; rights: boolean; granted: boolean }>(
    `SELECT to_regclass('schema_migrations') IS NULL AS ledger, to_regclass('application_right') IS NULL AS rights,
            has_table_privilege($1::name, to_regclass('${RIGHTS_MARK}')::oid, 'SELECT') IS TRUE AS granted`,
    [role ?? null],
  );
  const { ledger, rights, granted } = rows[0]!;
  if (ledger || rights) await demandOwner(tx, ledger ? 'its tables' : 'the table application_right');
  if (ledger) await tx.query(LEDGER);
  if (rights) await tx.query(RIGHTS);
  return { granted };
}

/** Whoever may not grant it says so, as with everything else that only the owner of the tables may do. */
async function letRead(tx: Queryable, { name, readable = {} }: MigrationSource, reader: string): Promise<void> {
  for (const [table, columns] of Object.entries(readable)) {
    const { rows } = await tx.query<{ column: string }>(
      `SELECT c AS column FROM unnest($2::text[]) AS c
        WHERE NOT has_column_privilege($1::name, to_regclass($3)::oid, c, 'SELECT')`,
      [reader, columns, table],
    );
    if (rows.length === 0) continue;
    await demandOwner(tx, `the right of ${reader} to read ${table} of ${name}`);
    const named = columns.map((column) => pg.escapeIdentifier(column)).join(', ');
    await tx.query(`GRANT SELECT (${named}) ON ${pg.escapeIdentifier(table)} TO ${pg.escapeIdentifier(reader)}`);
  }
}

/** Says what is missing, and who could make it, where this login may not. */
async function demandOwner(tx: Queryable, what: string): Promise<void> {
  const { rows } = await tx.query<{ login: string; owns: boolean }>(
    `SELECT current_user::text AS login,
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AND coalesce(
              (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('schema_migrations')), true) AS owns`,
  );
  const { login, owns } = rows[0]!;
  if (owns) return;
  const message =
    `The database lacks ${what}, which the login ${login} of DATABASE_URL may not make. ` +
    'Run `pistor migrate` with DATABASE_OWNER_URL set to the login that owns the tables, then start again.';
  throw new Refused('database.migrations-pending', message, { data: { login } });
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
