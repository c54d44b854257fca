import pg from 'pg';
import { textArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';

/** Most rows of a page: small ones would make a statement that takes long otherwise. */
const PAGE_ROWS_MAX = 5_000;

/** A table as it stands in a database, and how its rows are told apart. */
export interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: readonly string[];
  /** A condition in SQL. */
  readonly where?: string | undefined;
}

/** Rows as lines: one JSON array each, of texts and nulls. */
export interface Page {
  readonly lines: string;
  readonly rows: number;
  /** The key of the last row, from which the next page goes on. */
  readonly last: readonly string[];
}

/** Values are written as texts that mean the same to every PostgreSQL, whatever its settings. */
export const PORTABLE_TEXTS = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex'`;

/** The columns of a table in their order; undefined where there is no such table. */
export async function describeTable(
  db: Queryable,
  name: string,
  key: readonly string[],
  where?: string,
): Promise<Table | undefined> {
  const { rows } = await db.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [name],
  );
  return rows.length === 0 ? undefined : { name, columns: rows, key, where };
}

/**
 * The rows after a key, as many as come to about `bytes`, and one at least.
 * @param from null for the beginning
 * @param until rows up to and with this key, compared column by column from the left
 * @returns undefined when there are no more
 */
export async function readPage(
  db: Queryable,
  table: Table,
  from: readonly string[] | null,
  bytes: number,
  until?: readonly string[],
): Promise<Page | undefined> {
  const key = table.key.map(quote).join(', ');
  const types = table.key.map((name) => table.columns.find((column) => column.name === name)?.type as string);
  const values: string[] = [];
  const bound = (given: readonly string[]) =>
    `(${given.map((value, n) => `$${values.push(value)}::text::${types[n] as string}`).join(', ')})`;
  const conditions = [
    ...(table.where === undefined ? [] : [`(${table.where})`]),
    ...(from === null ? [] : [`(${key}) > ${bound(from)}`]),
    ...(until === undefined ? [] : [`(${key}) <= ${bound(until)}`]),
  ];
  // What a row takes, before it is written out: of a page of large events most would be written for nothing.
  const size = table.columns.map(({ name }) => `coalesce(octet_length(${quote(name)}::text), 0)`).join(' + ');
  const line = `json_build_array(${table.columns.map(({ name }) => `${quote(name)}::text`).join(', ')})::text`;
  const { rows } = await db.query<{ rows: number; lines: string | null }>(
    `select count(*)::integer as rows, string_agg(line, E'\\n' order by n_) as lines
     from (
       select n_, ${line} as line
       from (select *, row_number() over in_order as n_, sum(bytes_) over in_order as so_far_
             from (select *, ${size} as bytes_ from ${quote(table.name)}
                   ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
                   order by ${key} limit ${PAGE_ROWS_MAX}) as page
             window in_order as (order by ${key})) as sized
       where so_far_ - bytes_ < ${bytes}
     ) as written`,
    values,
  );
  const page = rows[0];
  if (!page?.lines) return undefined;
  const last = JSON.parse(page.lines.slice(page.lines.lastIndexOf('\n') + 1)) as string[];
  const at = table.key.map((name) => table.columns.findIndex((column) => column.name === name));
  return { lines: page.lines, rows: page.rows, last: at.map((n) => last[n] as string) };
}

/**
 * Writes lines of `readPage` into a table, also into columns that fill themselves usually.
 * @param columns the columns of the lines, in their order
 * @returns how many rows were written
 */
export async function writeLines(
  tx: Queryable,
  table: Table,
  columns: readonly string[],
  lines: string,
): Promise<number> {
  const rows = lines.split('\n').map((line) => JSON.parse(line) as (string | null)[]);
  const types = columns.map((name) => table.columns.find((column) => column.name === name)?.type as string);
  const values = columns.map((_, n) => {
    const texts = rows.map((row) => row[n] as string | null);
    // The driver's own way writes and parses each text twice, so only where there are nulls.
    return texts.includes(null) ? texts : textArray(texts as string[]);
  });
  const names = columns.map((_, n) => `c${n}`);
  const { rowCount } = await tx.query(
    `insert into ${quote(table.name)} (${columns.map(quote).join(', ')}) overriding system value
     select ${names.map((name, n) => `${name}::${types[n] as string}`).join(', ')}
     from unnest(${names.map((_, n) => `$${n + 1}::text[]`).join(', ')}) as r(${names.join(', ')})`,
    values,
  );
  return rowCount ?? 0;
}

/** Has numbers that a table gives by itself go on after the highest that is in it. */
export async function continueNumbers(tx: Queryable, table: string): Promise<void> {
  const { rows } = await tx.query<{ name: string; sequence: string }>(
    `select attname as name, pg_get_serial_sequence($1::text, attname) as sequence from pg_attribute
     where attrelid = to_regclass($1) and attidentity <> ''`,
    [table],
  );
  for (const { name, sequence } of rows) {
    await tx.query(
      `select setval('${sequence}', greatest(max(${quote(name)}), 1), max(${quote(name)}) is not null) from ${quote(table)}`,
    );
  }
}

const quote = (name: string): string => pg.escapeIdentifier(name);
