import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Queryable } from '#libs/database/src/database.js';
import { PATIENTS_SETTING, SITES_SETTING } from '#libs/database/src/reader.database.js';
import { type LimitedRows, type Projection, type RowsOf, schemaOf } from './projection.js';

/** The schema of what the policies of all read models have in common. It stays when read models come and go. */
const SCHEMA = 'row_access';
const POLICY = 'limited_read';
/** What was found of the last patient that was asked of. */
const SEEN_SETTING = 'pistor.seen';

/** Ids of a setting; null, to which nothing is equal, where it says nothing. */
const idsOf = (setting: string): string => `nullif(current_setting('${setting}', true), '')::uuid[]`;

/**
 * Whether a patient may be seen by where they belong, or by being the same person as one who may: what was said under one
 * registration (a withdrawn consent) counts under all of them. Names of tables are looked up in the search path of the
 * statement: a dependency on the schema of one version would take the policies along when that version is dropped. Where
 * such a table is not there yet, nobody is seen by it.
 */
const BELONGS = `
  create or replace function ${SCHEMA}.belongs(of_chain integer, of_patient uuid) returns boolean
  language plpgsql stable as $$
  declare
    sites constant uuid[] := ${idsOf(SITES_SETTING)};
    patients constant uuid[] := ${idsOf(PATIENTS_SETTING)};
  begin
    if (sites is null and patients is null) or to_regclass('patient_site') is null then
      return false;
    end if;
    if exists (select from patient_site s
               where s.chain = of_chain and s.patient_id = of_patient and s.site_id = any (sites)) then
      return true;
    end if;
    if to_regclass('patient_link') is null
       or not exists (select from patient_link l where l.chain = of_chain and l.patient_id = of_patient) then
      return false;
    end if;
    return exists (
      with recursive person(id) as (
        select of_patient
        union
        select l.other_id from person p join patient_link l on l.chain = of_chain and l.patient_id = p.id
      )
      select from person p
      where p.id = any (patients) or exists (
        select from patient_site s where s.chain = of_chain and s.patient_id = p.id and s.site_id = any (sites)
      )
    );
  end $$`;

/**
 * The same, remembered for the last patient that was asked of, until the transaction ends, which has one statement: a
 * timeline has hundreds of rows of one patient, and to look each up would take longer than all else. What sets something
 * must not run in parallel.
 */
const SEES_PATIENT = `
  create or replace function ${SCHEMA}.sees_patient(of_chain integer, of_patient uuid) returns boolean
  language plpgsql stable parallel unsafe as $$
  declare
    asked constant text := of_chain || ' ' || of_patient || ' of ' || current_setting('${SITES_SETTING}', true);
    known constant text := current_setting('${SEEN_SETTING}', true);
    kept text;
  begin
    if asked is null then
      return false;
    elsif known = asked || ' t' then
      return true;
    elsif known = asked || ' f' then
      return false;
    elsif ${SCHEMA}.belongs(of_chain, of_patient) then
      kept := set_config('${SEEN_SETTING}', asked || ' t', true);
      return true;
    end if;
    kept := set_config('${SEEN_SETTING}', asked || ' f', true);
    return false;
  end $$`;
const FUNCTIONS = `${BELONGS};\n${SEES_PATIENT}`;

/**
 * Lets the reader see of a read model's tables what its `rowsOf` says, and no more. Tables that it does not name are closed.
 * Their owner, the role of the application, is not held back.
 * @param schema of the tables: those that serve, or a build
 */
export async function limitRows(tx: Queryable, work: Projection, schema: string, reader: string): Promise<void> {
  await lockRows(tx);
  if (!(await isNoted(tx, SCHEMA, reader, markOf(FUNCTIONS)))) {
    await tx.query(
      [
        `create schema if not exists ${SCHEMA}`,
        FUNCTIONS,
        `grant usage on schema ${SCHEMA} to ${pg.escapeIdentifier(reader)}`,
        note(SCHEMA, markOf(FUNCTIONS)),
      ].join(';\n'),
    );
  }
  await tx.query([...statements(work, schema, reader), note(schema, markOfRows(work))].join(';\n'));
}

/** One process at a time says whose rows are whose. */
export async function lockRows(tx: Queryable): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('${SCHEMA}', 0))`);
}

/** Those of the schemas whose tables are not limited as this version has it, or not any more (a dump without rights). */
export async function unlimited(db: Queryable, works: readonly Projection[], reader: string): Promise<Projection[]> {
  const { rows } = await db.query<{ name: string }>(
    `select w.name from unnest($1::text[], $2::text[], $3::text[]) as w(name, schema, mark)
     join pg_namespace n on n.nspname = w.schema
     where obj_description(n.oid, 'pg_namespace') is distinct from w.mark or not has_schema_privilege($4::name, n.oid, 'usage')
        or not coalesce(has_schema_privilege($4::name, to_regnamespace('${SCHEMA}')::oid, 'usage'), false)
        or obj_description(to_regnamespace('${SCHEMA}')::oid, 'pg_namespace') is distinct from $5`,
    [works.map(({ name }) => name), works.map(schemaOf), works.map(markOfRows), reader, markOf(FUNCTIONS)],
  );
  const found = new Set(rows.map(({ name }) => name));
  return works.filter(({ name }) => found.has(name));
}

/** The condition under which the reader sees a row. */
function conditionOf(schema: string, table: string, rows: LimitedRows): string {
  const own = `${quoted(schema, table)}`;
  // As a query of its own, it is carried out once for a statement.
  const among = (column: string, setting: string) =>
    `${pg.escapeIdentifier(column)} = any ((select ${idsOf(setting)})::uuid[])`;
  const { site, patient, through } = rows;
  return [
    ...(site === undefined ? [] : [among(site, SITES_SETTING)]),
    ...(patient === undefined ? [] : [among(patient, PATIENTS_SETTING)]),
    ...(patient === undefined ? [] : [`${SCHEMA}.sees_patient(chain, ${pg.escapeIdentifier(patient)})`]),
    ...(through === undefined
      ? []
      : [
          `exists (select from ${quoted(schema, through.table)} t
            where t.chain = ${own}.chain and t.${pg.escapeIdentifier(through.column)} = ${own}.${pg.escapeIdentifier(through.key)})`,
        ]),
  ].join(' or ');
}

const isLimited = (rows: RowsOf): rows is LimitedRows => typeof rows === 'object';

const quoted = (schema: string, table: string): string =>
  `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;

function statements({ rowsOf = {} }: Projection, schema: string, role: string): string[] {
  const [reader, own] = [pg.escapeIdentifier(role), pg.escapeIdentifier(schema)];
  return [
    `grant usage on schema ${own} to ${reader}`,
    `revoke all on all tables in schema ${own} from ${reader}`,
    ...Object.entries(rowsOf).flatMap(([name, of]) => {
      const table = quoted(schema, name);
      const dropped = `drop policy if exists ${POLICY} on ${table}`;
      if (of === 'withheld') return [`alter table ${table} disable row level security`, dropped];
      const granted = `grant select on ${table} to ${reader}`;
      if (!isLimited(of)) return [`alter table ${table} disable row level security`, dropped, granted];
      return [
        `alter table ${table} enable row level security`,
        dropped,
        `create policy ${POLICY} on ${table} for select to ${reader} using (${conditionOf(schema, name, of)})`,
        granted,
      ];
    }),
  ];
}

/** What the comment of a schema says once its tables are limited: another declaration, or other conditions, give another. */
const markOfRows = (work: Projection): string => markOf(statements(work, 'schema', 'reader').join());
const markOf = (text: string): string => `rows limited ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

const note = (schema: string, mark: string): string => `comment on schema ${pg.escapeIdentifier(schema)} is '${mark}'`;

async function isNoted(tx: Queryable, schema: string, reader: string, mark: string): Promise<boolean> {
  const { rows } = await tx.query(
    `select from pg_namespace where nspname = $1 and obj_description(oid, 'pg_namespace') = $2
       and has_schema_privilege($3::name, oid, 'usage')`,
    [schema, mark, reader],
  );
  return rows.length > 0;
}
