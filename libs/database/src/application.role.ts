import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** One session of the login, before it takes the role. */
export interface LoginSession {
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>;
}

export interface ApplicationRoleOptions {
  /** Schema of our own tables, made when missing. */
  readonly schema: string;
  /** Default: the name of the database and `_application`. The role for limited reads is called alike, with `_reader`. */
  readonly name?: string;
  /** Predefined roles of the server whose rights it has beside its own. */
  readonly memberOf?: readonly string[];
}

/** What sessions run as: the role, or the login itself, and then why. */
export type ApplicationRole =
  | {
      readonly name: string;
      /** The role for reads that are limited to sites and patients; undefined where it could not be made. */
      readonly reader: string | undefined;
      /** Why it could not, and how to mend it. */
      readonly warning?: string | undefined;
    }
  | {
      readonly name?: undefined;
      /** What is missing and how to mend it; none for a login that has no more rights than the role would have. */
      readonly warning: string | undefined;
    };

interface Found {
  readonly name: string;
  readonly reader: string;
  readonly reader_made: boolean;
  /** May the application take it? */
  readonly reader_taken: boolean;
  readonly reader_enters: boolean;
  readonly database: string;
  readonly login: string;
  readonly superuser: boolean;
  readonly made: boolean;
  readonly schema_made: boolean;
  /** May the login itself create what it likes in our schema? */
  readonly login_creates: boolean;
  readonly lacks_database: boolean;
  readonly lacks_schema: boolean;
  readonly lacks_membership: boolean;
  readonly can_shadow: boolean;
  readonly strays: string[];
}

/**
 * The name of the role differs from database to database: roles are the server's, and the login of one deployment must
 * not come by the rights of another one beside it.
 */
const NAMED = `
  WITH named AS (
    SELECT coalesce($2, CASE WHEN octet_length(d) <= 51 THEN d ELSE md5(d) END || '_application') AS name
      FROM cast(current_database() AS text) AS d),
  wanted AS (SELECT name, regexp_replace(name, '_application$', '') || '_reader' AS reader FROM named)`;

/**
 * All that a start with nothing to mend has to ask, since the right on the database is granted together with everything
 * else. It reads no table: planning that alone takes the embedded database longer.
 */
const GLANCE = `${NAMED}
  SELECT name, reader,
         coalesce(has_database_privilege(to_regrole(quote_ident(name))::oid, current_database(), 'CREATE')
     AND has_schema_privilege(to_regrole(quote_ident(name))::oid, to_regnamespace(quote_ident($1))::oid, 'USAGE'), false)
     AS equipped,
         coalesce(pg_has_role(to_regrole(quote_ident(name))::oid, to_regrole(quote_ident(reader))::oid, 'MEMBER')
     AND has_schema_privilege(to_regrole(quote_ident(reader))::oid, to_regnamespace(quote_ident($1))::oid, 'USAGE'), false)
     AS reads
    FROM wanted`;

/**
 * Everything there is to mend. Strays are schemas of projections and of BullMQ that a version without the role has made;
 * they belong to whoever owns our tables.
 */
const LOOK = `${NAMED}
  SELECT wanted.name, wanted.reader, d.oid IS NOT NULL AS reader_made,
         coalesce(pg_has_role(r.oid, d.oid, 'MEMBER'), false) AS reader_taken,
         coalesce(has_schema_privilege(d.oid, n.oid, 'USAGE'), false) AS reader_enters,
         current_database()::text AS database, session_user::text AS login, l.rolsuper AS superuser,
         r.oid IS NOT NULL AS made, n.oid IS NOT NULL AS schema_made,
         coalesce(has_schema_privilege(l.oid, n.oid, 'CREATE'), true) AS login_creates,
         has_database_privilege(r.oid, current_database(), 'CREATE') IS NOT TRUE AS lacks_database,
         has_schema_privilege(r.oid, n.oid, 'USAGE') IS NOT TRUE AS lacks_schema,
         coalesce((SELECT bool_or(pg_has_role(r.oid, other, 'USAGE') IS NOT TRUE) FROM unnest($3::text[]) AS other), false)
           AS lacks_membership,
         coalesce(has_schema_privilege(r.oid, n.oid, 'CREATE'), false) AS can_shadow,
         ARRAY(SELECT s.nspname::text FROM pg_namespace s JOIN pg_class ours ON ours.relowner = s.nspowner
                WHERE ours.oid = to_regclass(format('%I.schema_migrations', $1::text))
                  AND s.nspname ~ '^bullmq$|_v[0-9]+(__next)?$' AND s.nspowner IS DISTINCT FROM r.oid) AS strays
    FROM wanted
    JOIN pg_roles l ON l.rolname = session_user
    LEFT JOIN pg_roles r ON r.rolname = wanted.name
    LEFT JOIN pg_roles d ON d.rolname = wanted.reader
    LEFT JOIN pg_namespace n ON n.nspname = $1`;

/** Gives a schema and everything in it to another owner. Indexes, row types and owned sequences follow their tables. */
const HAND_OVER = `
  SELECT format('ALTER SCHEMA %I OWNER TO %I', $1::text, $2::text) AS statement
   UNION ALL
  SELECT format('ALTER %s %s OWNER TO %I',
                CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                c.oid::regclass, $2)
    FROM pg_class c
   WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
   UNION ALL
  SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, $2)
    FROM pg_proc p WHERE p.pronamespace = to_regnamespace(quote_ident($1))
   UNION ALL
  SELECT format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, $2)
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
   WHERE t.typnamespace = to_regnamespace(quote_ident($1)) AND t.typelem = 0 AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')`;

/** Key of the advisory lock of whoever mends the role's rights: the letters `PISR`. */
const LOCK_KEY = 0x50495352;
/** Roles belong to all databases of a server: processes that start in several of them at once run into each other. */
const TRIES_MAX = 10;
const RETRY_MS = 50;
/** What that looks like: made by somebody else meanwhile, or "tuple concurrently updated". */
const RACES = new Set<unknown>(['42710', '42P06', '23505', 'XX000', '40001', '40P01']);
/** Not allowed; no such role; a name that is reserved. */
const REFUSALS = new Set<unknown>(['42501', '42704', '22023', '42939', '0LP01', '0P000']);

/**
 * Sees to it that there is a role for the application, with what it needs around our tables (their own rights come with
 * the migrations), and takes it in this session. Beside it there is one for reads that are limited to sites and
 * patients, which the application may take, and which may do nothing but what the owners of tables let it read. Costs
 * two round trips when nothing is missing.
 *
 * @returns the login itself where it may not take, make or equip the role.
 */
export async function takeApplicationRole(
  session: LoginSession,
  options: ApplicationRoleOptions,
): Promise<ApplicationRole> {
  for (let tries = 1; ; tries++) {
    let glance: Glance | undefined;
    try {
      const { rows } = await session.query(GLANCE, [options.schema, options.name ?? null]);
      glance = rows[0] as Glance;
      if (!glance.equipped) {
        await mend(session, options);
        glance = { ...glance, equipped: true };
      }
      if (!glance.reads) await mendReader(session, options);
      await take(session, glance.name);
      return { name: glance.name, reader: glance.reader };
    } catch (error) {
      // A session that is lost says so in the error that is at hand.
      await session.query('ROLLBACK').catch(() => {});
      const { code } = error as { code?: unknown };
      if (REFUSALS.has(code)) {
        const found = await look(session, options);
        if (glance?.equipped && !isReading(found)) return takeWithoutReader(session, found, error as Error);
        return { warning: found.login_creates ? warning(found, error as Error) : undefined };
      }
      if (!RACES.has(code) || tries === TRIES_MAX) throw error;
      await sleep(Math.random() * RETRY_MS * tries);
    }
  }
}

interface Glance {
  readonly name: string;
  readonly reader: string;
  readonly equipped: boolean;
  readonly reads: boolean;
}

/** The log is protected all the same; that reads are not limited is told. */
async function takeWithoutReader(session: LoginSession, found: Found, { message }: Error): Promise<ApplicationRole> {
  await take(session, found.name);
  const [role, reader] = [pg.escapeIdentifier(found.name), pg.escapeIdentifier(found.reader)];
  return {
    name: found.name,
    reader: undefined,
    warning:
      `What people of single sites read is not limited by the database: the role ${found.reader} is missing (${message}). ` +
      `As an administrator of the server run: CREATE ROLE ${reader}; GRANT ${reader} TO ${role}; ` +
      'and start again; or run `pistor migrate` with DATABASE_OWNER_URL (see `pistor migrate --help`).',
  };
}

async function look(session: LoginSession, { schema, name, memberOf = [] }: ApplicationRoleOptions): Promise<Found> {
  const { rows } = await session.query(LOOK, [schema, name ?? null, memberOf]);
  return rows[0] as Found;
}

const isLacking = (found: Found): boolean =>
  !found.made ||
  !found.schema_made ||
  found.lacks_database ||
  found.lacks_schema ||
  found.lacks_membership ||
  found.can_shadow ||
  found.strays.length > 0;

async function mend(session: LoginSession, options: ApplicationRoleOptions): Promise<void> {
  await session.query('BEGIN');
  await session.query(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`);
  const { made, name, superuser } = await look(session, options);
  const role = pg.escapeIdentifier(name);
  if (!made) {
    await session.query(`CREATE ROLE ${role} NOLOGIN`);
    // Whoever may make roles need not be allowed to take them.
    if (!superuser) await session.query(`GRANT ${role} TO CURRENT_USER`);
  }
  await equip(session, await look(session, options), options);
  // A grant by somebody who may not grant it is a mere notice.
  if (isLacking(await look(session, options)))
    throw Object.assign(new Error(`the role ${name} still lacks rights`), { code: '42501' });
  await session.query('COMMIT');
}

const isReading = ({ reader_taken, reader_enters }: Found): boolean => reader_taken && reader_enters;

/** Apart from the other role: a login that may not make this one is not without that one. */
async function mendReader(session: LoginSession, options: ApplicationRoleOptions): Promise<void> {
  await session.query('BEGIN');
  await session.query(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`);
  const { name, reader: named, reader_made, reader_taken, reader_enters } = await look(session, options);
  const [role, reader] = [pg.escapeIdentifier(name), pg.escapeIdentifier(named)];
  if (!reader_made) await session.query(`CREATE ROLE ${reader} NOLOGIN`);
  if (!reader_taken) await session.query(`GRANT ${reader} TO ${role}`);
  if (!reader_enters) await session.query(`GRANT USAGE ON SCHEMA ${pg.escapeIdentifier(options.schema)} TO ${reader}`);
  // A grant by somebody who may not grant it is a mere notice.
  if (!isReading(await look(session, options)))
    throw Object.assign(new Error(`the role ${named} still lacks rights`), { code: '42501' });
  await session.query('COMMIT');
}

async function equip(session: LoginSession, found: Found, options: ApplicationRoleOptions): Promise<void> {
  const [role, schema] = [pg.escapeIdentifier(found.name), pg.escapeIdentifier(options.schema)];
  if (!found.schema_made) await session.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  if (found.lacks_schema) await session.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
  // Up to PostgreSQL 14 everybody might create in `public`, and so put names before ours.
  if (found.can_shadow) await session.query(`REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC, ${role}`);
  if (found.lacks_membership) await session.query(`GRANT ${options.memberOf!.join(', ')} TO ${role}`);
  // Projections and BullMQ have schemas of their own, which come and go.
  if (found.lacks_database)
    await session.query(`GRANT CREATE ON DATABASE ${pg.escapeIdentifier(found.database)} TO ${role}`);
  for (const stray of found.strays) {
    const { rows } = await session.query(HAND_OVER, [stray, found.name]);
    for (const { statement } of rows) await session.query(statement);
  }
}

async function take(session: LoginSession, name: string): Promise<void> {
  const role = pg.escapeIdentifier(name);
  try {
    await session.query(`SET ROLE ${role}`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== '42501') throw error;
    // Another login has made the role; this one may still have the right to let itself in.
    await session.query(`GRANT ${role} TO CURRENT_USER`);
    await session.query(`SET ROLE ${role}`);
  }
}

function warning({ name, reader: named, login }: Found, { message }: Error): string {
  const [role, reader, user] = [name, named, login].map((each) => pg.escapeIdentifier(each)) as [
    string,
    string,
    string,
  ];
  return (
    `The log is not protected by grants: the login ${login} owns it and does not run as the role ${name} (${message}). ` +
    `As an administrator of the server run: CREATE ROLE ${role}; GRANT ${role} TO ${user}; ` +
    `CREATE ROLE ${reader}; GRANT ${reader} TO ${role}; ` +
    'and make that login the owner of its database; or run `pistor migrate` with DATABASE_OWNER_URL (see `pistor migrate --help`).'
  );
}
