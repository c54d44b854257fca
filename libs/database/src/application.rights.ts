import pg from 'pg';
import type { Queryable } from './database.js';

/**
 * Tables of ours on which the role (or everybody) has other rights than it should have, and functions of ours that it
 * may not call, or everybody may. Only what belongs to the owner of our tables, and not to an extension, is ours.
 */
const DIFFERENCES = `
  WITH login AS (SELECT oid FROM pg_roles WHERE rolname = $1),
  owner AS (
    SELECT relowner AS oid, relnamespace AS schema FROM pg_class
     WHERE oid = to_regclass('schema_migrations') AND pg_has_role(relowner, 'USAGE')),
  ours AS (
    SELECT c.oid, c.relname, c.relacl FROM pg_class c JOIN owner ON c.relowner = owner.oid AND c.relnamespace = owner.schema
     WHERE c.relkind IN ('r', 'p', 'v', 'm')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')),
  wanted AS (
    SELECT o.oid, a.privilege, a.column_name::text FROM ours o JOIN application_right a ON a.table_name = o.relname
     UNION ALL
    SELECT o.oid, usual, '' FROM ours o, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS usual
     WHERE NOT EXISTS (SELECT FROM application_right a WHERE a.table_name = o.relname)),
  acl AS (
    SELECT o.oid, '' AS column_name, x.* FROM ours o, aclexplode(o.relacl) AS x
     UNION ALL
    SELECT o.oid, t.attname::text, x.* FROM ours o JOIN pg_attribute t ON t.attrelid = o.oid, aclexplode(t.attacl) AS x),
  actual AS (
    SELECT acl.oid, CASE acl.grantee WHEN 0 THEN 'PUBLIC ' ELSE '' END || acl.privilege_type, acl.column_name
      FROM acl WHERE acl.grantee = 0 OR acl.grantee = (SELECT oid FROM login)),
  different AS (
    (TABLE wanted EXCEPT TABLE actual) UNION (TABLE actual EXCEPT TABLE wanted))
  SELECT 'TABLE' AS kind, d.oid::regclass::text AS name,
         (SELECT array_agg(w.privilege || CASE w.column_name WHEN '' THEN '' ELSE format(' (%I)', w.column_name) END)
            FROM wanted w WHERE w.oid = d.oid) AS rights
    FROM (SELECT DISTINCT oid FROM different) AS d
   UNION ALL
  SELECT 'ROUTINE', p.oid::regprocedure::text, '{EXECUTE}'
    FROM pg_proc p JOIN owner ON p.proowner = owner.oid AND p.pronamespace = owner.schema
   WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
     AND (p.proacl IS NULL OR NOT EXISTS (SELECT FROM aclexplode(p.proacl) AS x WHERE x.grantee = (SELECT oid FROM login))
          OR EXISTS (SELECT FROM aclexplode(p.proacl) AS x WHERE x.grantee = 0))`;

/**
 * The table whose own rights tell that all have been granted, at no cost for a start: they are given and taken with the
 * others, and are lost with them by a dump without rights or on a server without the role.
 */
export const RIGHTS_MARK = 'application_right';

/** Has the rights granted anew, after something was made that they may have to cover; whoever they were granted to. */
export async function forgetRights(tx: Queryable): Promise<void> {
  const { rows } = await tx.query<{ grantee: string }>(
    `SELECT DISTINCT x.grantee::regrole::text AS grantee FROM pg_class c, aclexplode(c.relacl) AS x
      WHERE c.oid = '${RIGHTS_MARK}'::regclass AND x.grantee NOT IN (0, c.relowner)`,
  );
  for (const { grantee } of rows) await tx.query(`REVOKE ALL ON ${RIGHTS_MARK} FROM ${grantee}`);
}

/**
 * Gives the application's role what it should have on the tables and functions of ours, and takes the rest from it and
 * from everybody. Does nothing for a login that is not their owner.
 */
export async function grantRights(tx: Queryable, role: string): Promise<void> {
  const { rows } = await tx.query<{ kind: string; name: string; rights: string[] }>(DIFFERENCES, [role]);
  const grantee = pg.escapeIdentifier(role);
  const statements = rows.flatMap(({ kind, name, rights }) => [
    `REVOKE ALL ON ${kind} ${name} FROM PUBLIC, ${grantee}`,
    `GRANT ${rights.join(', ')} ON ${kind} ${name} TO ${grantee}`,
  ]);
  if (statements.length > 0) await tx.query(statements.join(';\n'));
}
