import type { Database } from '#libs/database/src/database.js';
import { NOTHING, readAs, type ReadScope } from '#libs/database/src/reader.database.js';
import type { Access } from '#libs/http/src/access.js';
import { buildOpenApi } from '#libs/http/src/openapi.js';
import { type Principal, type Role, ROLES } from '#libs/http/src/principal.js';
import { newId } from '#libs/kernel/src/ids.js';
import {
  isReactor,
  type LimitedRows,
  type Projection,
  type RowsOf,
  schemaOf,
} from '#libs/projections/src/projection.js';
import { ProjectionBuilds } from '#libs/projections/src/projection-builds.js';
import { Projections } from '#libs/projections/src/projections.js';
import { SlotsQuery } from '#libs/booking/src/slots/slots.query.js';
import { AdverseEventsQuery } from '#libs/treatment/src/adverse-event/adverse-events/adverse-events.query.js';
import { CourseProgressQuery } from '#libs/treatment/src/course/course-progress/course-progress.query.js';
import { PatientsQuery } from '#libs/treatment/src/directory/patients.query.js';
import { PatientTimelineQuery } from '#libs/treatment/src/patient/patient-timeline/patient-timeline.query.js';
import { treatmentProjections } from '#libs/treatment/src/treatment.projections.js';
import { type SiteWorld, siteWorld } from './support/site-world.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { asOwner } from './support/test-database.js';

/**
 * What somebody of single sites reads is limited once more by the database, whatever a query or the guard forgets. All
 * tables of all read models are gone through, with a patient of one site and one of another.
 */
let api: TestApi;
let db: Database;
let here: SiteWorld;
let there: SiteWorld;
let tables: Table[];

interface Table {
  readonly work: Projection;
  readonly name: string;
  readonly of: RowsOf;
  /** With its schema. */
  readonly path: string;
}
type Row = Readonly<Record<string, unknown>>;

beforeAll(async () => {
  api = await openTestApi();
  db = api.pistor.engine.db;
  [here, there] = [siteWorld(), siteWorld()];
  for (const { streams } of [here, there]) await api.append(...streams);
  await api.followed();
  tables = projections().flatMap((work) =>
    Object.entries(work.rowsOf ?? {}).map(([name, of]) => ({
      ...{ work, name, of },
      path: `"${schemaOf(work)}".${name}`,
    })),
  );
});
afterAll(() => api.close());

function projections(): Projection[] {
  const { engine, messaging, booking, tasks, erasure, access } = api.pistor;
  return [
    ...treatmentProjections(engine),
    ...[messaging, booking, tasks, erasure, access].flatMap(({ works }) => works),
  ].filter((work): work is Projection => !isReactor(work));
}

const limited = (): (Table & { readonly of: LimitedRows })[] =>
  tables.filter((table): table is Table & { of: LimitedRows } => typeof table.of === 'object');

/** The rows of a table that a reader sees; all of them without a scope. */
async function rowsOf({ path }: Pick<Table, 'path'>, scope?: ReadScope): Promise<Row[]> {
  const sql = `select to_jsonb(t) as row from ${path} t order by t::text`;
  const { rows } = await (scope ? readAs(scope, () => api.pistor.reads.query(sql)) : db.query(sql));
  return rows.map(({ row }: { row: Row }) => row);
}

/** Whether a row says anything of what belongs to a site: its patient, course, message and so on. */
const isAbout =
  ({ ids }: SiteWorld) =>
  (row: Row): boolean =>
    Object.values(ids).some((id) => JSON.stringify(row).includes(id));

const at = (world: SiteWorld): ReadScope => ({ sites: [world.ids.site], patients: [] });

describe('the tables of read models', () => {
  it('say each whose their rows are, and no other is named', async () => {
    const { rows } = await db.query<{ path: string }>(
      `select format('"%s".%s', schemaname, tablename) as path from pg_tables where schemaname = any($1)`,
      [projections().map(schemaOf)],
    );
    expect(tables.map(({ path }) => path).sort()).toEqual(rows.map(({ path }) => path).sort());
  });

  it('are closed or limited wherever a column names a patient, but where it is told who is one person', async () => {
    const { rows } = await db.query<{ path: string }>(
      `select distinct format('"%s".%s', table_schema, table_name) as path from information_schema.columns
       where table_schema = any($1) and column_name = 'patient_id'`,
      [projections().map(schemaOf)],
    );
    const naming = new Set(rows.map(({ path }) => path));
    const open = tables.filter(({ path, of }) => naming.has(path) && (of === 'staff' || of === 'unnamed'));
    expect(naming.size).toBeGreaterThan(12);
    expect(open.map(({ path }) => path)).toEqual([expect.stringMatching(/^"course_progress_v\d+"\.patient_link$/)]);
  });

  it('name no patient in any row that all staff may read', async () => {
    const open = tables.filter(({ of }) => of === 'staff' || of === 'unnamed');
    for (const table of open) {
      const rows = await rowsOf(table, at(here));
      const naming = rows.filter((row) => JSON.stringify(row).includes(there.ids.patient));
      expect({ table: table.path, naming }).toEqual({ table: table.path, naming: [] });
    }
  });

  it('have a policy each that is limited, beside a build as well as where they serve', async () => {
    const [work] = projections() as [Projection];
    await new ProjectionBuilds(db, api.pistor.engine.store).begin(work);
    const { rows } = await db.query<{ path: string; next: boolean }>(
      `select format('"%s".%s', replace(n.nspname, '__next', ''), c.relname) as path, n.nspname like '%\\_\\_next' as next
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_policy p on p.polrelid = c.oid
       where c.relrowsecurity and p.polroles = array[$1::regrole::oid] and p.polcmd = 'r'`,
      [db.readerRole],
    );
    const paths = (next: boolean) => rows.filter((row) => row.next === next).map(({ path }) => path);
    expect(paths(false).sort()).toEqual(
      limited()
        .map(({ path }) => path)
        .sort(),
    );
    const own = limited().filter((table) => table.work.name === work.name);
    expect(paths(true)).toEqual(own.map(({ path }) => path));
    await db.query(`drop schema "${schemaOf(work)}__next" cascade`);
  });
});

describe('a reader of one site', () => {
  it('sees of every table what is about its own site, and nothing that is about another', async () => {
    const withRows: string[] = [];
    for (const table of limited()) {
      const [all, seen] = [await rowsOf(table), await rowsOf(table, at(here))];
      const { through } = table.of;
      const shown = through && (await rowsOf({ path: table.path.replace(/\.\w+$/, `.${through.table}`) }, at(here)));
      const stands = (row: Row) => !shown || shown.some((other) => other[through.column] === row[through.key]);
      const own = all.filter((row) => isAbout(here)(row) && stands(row));
      expect({ table: table.path, seen }).toEqual({ table: table.path, seen: own });
      expect(seen.filter(isAbout(there))).toEqual([]);
      if (own.length > 0 && all.some(isAbout(there))) withRows.push(table.path);
    }
    // What was planted is in the tables: not seeing it says something.
    expect(withRows.length).toBeGreaterThan(10);
  });

  it('sees no row where nobody has said what they may see', async () => {
    for (const table of limited()) expect(await rowsOf(table, NOTHING)).toEqual([]);
    const unset = await db.transaction(async (tx) => {
      await tx.query(`set local role ${db.readerRole}`);
      const counts = limited().map(({ path }) => `(select count(*) from ${path})`);
      return tx.query<{ n: string }>(`select ${counts.join(' + ')} as n`);
    });
    expect(unset.rows).toEqual([{ n: '0' }]);
  });

  it('sees all of a patient of another site who is open to them', async () => {
    const scope = { sites: [here.ids.site], patients: [there.ids.patient] };
    let found = 0;
    for (const table of limited().filter(({ of }) => of.patient !== undefined)) {
      const { patient = '' } = table.of;
      const theirs = (rows: Row[]) => rows.filter((row) => row[patient] === there.ids.patient);
      const all = theirs(await rowsOf(table));
      expect({ table: table.path, seen: theirs(await rowsOf(table, scope)) }).toEqual({ table: table.path, seen: all });
      found += all.length;
    }
    expect(found).toBeGreaterThan(10);
  });

  it('sees their own record and no other, where they are a patient', async () => {
    const scope = { sites: [], patients: [there.ids.patient] };
    const timeline = tables.find(({ name }) => name === 'entry') as Table;
    const seen = await rowsOf(timeline, scope);
    expect(seen.length).toBeGreaterThan(3);
    expect(new Set(seen.map((row) => row['patient_id']))).toEqual(new Set([there.ids.patient]));
  });

  it('sees what stands under another registration of the same person', async () => {
    const links = tables.find(({ name }) => name === 'patient_link') as Table;
    const directory = tables.find(({ work, name }) => work.name === 'directory' && name === 'patient') as Table;
    const ids = async () => (await rowsOf(directory, at(here))).map((row) => row['id']);
    expect(await ids()).toEqual([here.ids.patient]);
    const pair = [here.ids.patient, there.ids.patient];
    for (const [one, other] of [pair, pair.toReversed()]) {
      const values = [api.pistor.chain.no, one, other, newId()];
      await db.query(
        `insert into ${links.path} (chain, patient_id, other_id, link_id, recorded_at) values ($1, $2, $3, $4, now())`,
        values,
      );
    }
    expect(new Set(await ids())).toEqual(new Set(pair));
    await db.query(`delete from ${links.path}`);
    expect(await ids()).toEqual([here.ids.patient]);
  });

  it('is told of each patient for themselves, however they follow one another in a statement', async () => {
    const [ours, theirs] = [here.ids.patient, there.ids.patient];
    const asked = [ours, theirs, theirs, ours, newId(), ours, theirs];
    const sql = `select row_access.sees_patient($1, p) as seen from unnest($2::uuid[]) with ordinality as a(p, n) order by n`;
    const seenBy = async (scope: ReadScope) => {
      const answer = () => api.pistor.reads.query<{ seen: boolean }>(sql, [api.pistor.chain.no, asked]);
      return (await readAs(scope, answer)).rows.map(({ seen }) => seen);
    };
    expect(await seenBy(at(here))).toEqual(asked.map((id) => id === ours));
    expect(await seenBy(at(there))).toEqual(asked.map((id) => id === theirs));
    expect(await seenBy(NOTHING)).toEqual(asked.map(() => false));
  });

  it('goes on by the sites of rows alone while it is not known where patients belong, and keeps its limits', async () => {
    const sites = schemaOf(projections().find(({ name }) => name === 'patient_sites') as Projection);
    const entry = tables.find(({ name }) => name === 'entry') as Table;
    const policies = `select count(*)::int as n from pg_policies where schemaname <> '${sites}'`;
    const before = (await db.query<{ n: number }>(policies)).rows[0]?.n;
    // In a transaction that is given up, as nobody else must find it so.
    const found = await db
      .transaction(async (tx) => {
        await tx.query(`drop schema "${sites}" cascade`);
        const after = (await tx.query<{ n: number }>(policies)).rows[0]?.n;
        await tx.query(`set local role ${db.readerRole}; set local pistor.sites = '{${here.ids.site}}'`);
        const { rows } = await tx.query<{ row: Row }>(`select to_jsonb(t) as row from ${entry.path} t`);
        throw Object.assign(new Error('given up'), { after, rows: rows.map(({ row }) => row) });
      })
      .catch((error: unknown) => error as { after: number; rows: Row[] });
    expect(found.after).toBe(before);
    expect(found.rows.length).toBeGreaterThan(0);
    expect(new Set(found.rows.map((row) => row['site_id']))).toEqual(new Set([here.ids.site]));
  });
});

describe('a query that forgets whom it answers', () => {
  it('shows only what belongs to the sites of whoever asked', async () => {
    const { pistor, app } = api;
    const { chain, messaging, tasks } = pistor;
    const page = { limit: 100 } as never;
    const ask: Record<string, () => Promise<{ items: readonly object[] }>> = {
      courses: () => app.get(CourseProgressQuery, { strict: false }).list(chain, page),
      patients: () => app.get(PatientsQuery, { strict: false }).list(chain, page),
      search: () => app.get(PatientsQuery, { strict: false }).list(chain, page, 'Şahin'),
      slots: () => app.get(SlotsQuery, { strict: false }).list(chain, page),
      adverseEvents: () => app.get(AdverseEventsQuery, { strict: false }).list(chain, page),
      messages: () => messaging.queries.list(chain, page),
      tasks: () => tasks.queries.list(chain, page),
    };
    for (const [what, list] of Object.entries(ask)) {
      const [all, seen] = [(await list()).items, (await readAs(at(here), list)).items];
      const about = (world: SiteWorld) => (item: object) => isAbout(world)(item as Row);
      expect({ what, both: [all.some(about(here)), all.some(about(there))] }).toEqual({ what, both: [true, true] });
      expect({ what, seen }).toEqual({ what, seen: all.filter(about(here)) });
    }
  });

  it('names no patient whom they may not see, and finds no entry of theirs', async () => {
    const timeline = api.app.get(PatientTimelineQuery, { strict: false });
    const list = () =>
      timeline.list(api.pistor.chain, there.ids.patient, { order: 'desc', person: 'false', limit: 100 } as never);
    expect((await list()).items.length).toBeGreaterThan(3);
    await expect(readAs(at(here), list)).rejects.toMatchObject({ code: 'patient.unknown' });
  });
});

describe('a guard that lets everything pass', () => {
  let asking: Principal;
  const held: Partial<{ -readonly [Name in keyof Access]: Access[Name] }> = {};
  beforeAll(() => {
    const access = api.pistor.access as { -readonly [Name in keyof Access]: Access[Name] };
    Object.assign(held, { principalOf: access.principalOf, admit: access.admit });
    access.principalOf = () => Promise.resolve(asking);
    access.admit = () => Promise.resolve();
  });
  afterAll(() => Object.assign(api.pistor.access, held));

  const someone = (role: Role, site: string | null, openedPatients: readonly string[] = []): Principal => ({
    ...{ id: `user:${newId()}`, kind: 'user', name: 'Somebody', sessionId: null, openedPatients },
    authenticatedAt: '2026-01-01T00:00:00.000Z',
    grants: [{ role, site }],
  });
  const statusOf = async (path: string) => (await api.get(path)).status;

  it('shows nobody of one site a patient of another, or a list that has one', async () => {
    asking = someone('practitioner', here.ids.site);
    for (const what of ['', '/timeline']) {
      expect([what, await statusOf(`/v1/patients/${here.ids.patient}${what}`)]).toEqual([what, 200]);
      expect([what, await statusOf(`/v1/patients/${there.ids.patient}${what}`)]).toEqual([what, 404]);
    }
    expect(await statusOf(`/v1/courses/${there.ids.course}`)).toBe(404);
    expect(await statusOf(`/v1/tasks/${there.ids.task}`)).toBe(404);
    expect(await statusOf(`/v1/messages/${there.ids.message}`)).toBe(404);
    const { body } = await api.get('/v1/courses');
    expect((body.items as { id: string }[]).map(({ id }) => id)).toEqual([here.ids.course]);
  });

  it('shows whoever broke the glass that one patient, by what breaking it lets them do', async () => {
    asking = someone('practitioner', here.ids.site, [there.ids.patient]);
    expect(await statusOf(`/v1/patients/${there.ids.patient}/timeline`)).toBe(200);
    expect(await statusOf(`/v1/tasks/${there.ids.task}`)).toBe(404);
  });

  it('shows everything to whoever may read it at all sites, and nothing by a role that does not let them read it', async () => {
    asking = someone('auditor', null);
    expect(await statusOf(`/v1/patients/${there.ids.patient}`)).toBe(200);
    asking = someone('administrator', null);
    expect(await statusOf(`/v1/patients/${there.ids.patient}`)).toBe(404);
  });
});

describe('every question of the API about a site', () => {
  it('is answered for its staff as for whoever may read everything: limits hide nothing that is theirs', async () => {
    const access = api.pistor.access as { -readonly [Name in keyof Access]: Access[Name] };
    const { principalOf } = access;
    const staff = (site: string | null): Principal => ({
      ...{ id: 'user:somebody', kind: 'user', name: 'Somebody', sessionId: null },
      authenticatedAt: '2026-01-01T00:00:00.000Z',
      grants: ROLES.filter((role) => role !== 'patient' && role !== 'integration').map((role) => ({ role, site })),
    });
    const as = async (site: string | null, path: string) => {
      access.principalOf = () => Promise.resolve(staff(site));
      const answer = await api.app.inject({ url: path, headers: { host: '127.0.0.1' } });
      return { path, status: answer.statusCode, body: answer.body };
    };
    const asked = questionsAbout(here, buildOpenApi(api.app, '1.0.0'));
    const found: Record<string, number> = {};
    for (const path of asked) {
      const [whole, own] = [await as(null, path), await as(here.ids.site, path)];
      found[own.status] = (found[own.status] ?? 0) + 1;
      expect({ path, status: own.status }).toEqual({ path, status: own.status === 403 ? 403 : whole.status });
      expect({ path, isFault: own.status >= 500 }).toEqual({ path, isFault: false });
      // What is the chain's alone; who asks; when it was asked.
      if (own.status === 403 || /\/(?:session|disclosures|evidence)(?:\?|$)/.test(path)) continue;
      const timeless = ({ body }: typeof own) => body.replace(/"(?:now|instance|correlationId)":"[^"]*"/g, '');
      expect({ path, body: timeless(own) }).toEqual({ path, body: timeless(whole) });
    }
    access.principalOf = principalOf;
    expect(found[200]).toBeGreaterThan(40);
  });

  /** Addresses of all queries, about the things of one site. */
  function questionsAbout({ ids }: SiteWorld, { paths }: { paths: object }): string[] {
    return Object.entries(paths as Record<string, Record<string, any>>).flatMap(([path, { get }]) => {
      // They have no end.
      if (!get || ['followChain', 'followEvents'].includes(get['operationId'])) return [];
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name as keyof typeof ids] ?? newId());
      const parameters = (get['parameters'] ?? []) as { name: string; in: string }[];
      const takes = (name: string) => parameters.some((each) => each.in === 'query' && each.name === name);
      const asked = takes('site') ? `${filled}?site=${ids.site}` : `${filled}?`;
      return [
        asked,
        ...(takes('asOf') ? [`${asked}&asOf=2026-06-01`] : []),
        ...(takes('person') ? [`${asked}&person=true`] : []),
      ];
    });
  }
});

describe('the role of readers', () => {
  const asReader = <T extends object = Row>(sql: string, values?: readonly unknown[]) =>
    readAs(at(here), () => api.pistor.reads.query<T>(sql, values));

  it('writes nothing, in no transaction', async () => {
    const entry = tables.find(({ name }) => name === 'entry') as Table;
    await expect(asReader(`delete from ${entry.path}`)).rejects.toMatchObject({ cause: { code: '25006' } });
    const { rows } = await db.query<{ path: string }>(
      `select c.oid::regclass::text as path from pg_class c
       where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relnamespace <> all(array['pg_catalog', 'information_schema']::regnamespace[])
         and exists (select from unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as p
                     where c.relkind <> 'S' and has_table_privilege($1::name, c.oid, p))`,
      [db.readerRole],
    );
    expect(rows).toEqual([]);
  });

  it('reads nothing but tables of read models: no event, no key, no session, and no table that is withheld', async () => {
    const { rows } = await db.query<{ path: string }>(
      `select format('"%s".%s', n.nspname, c.relname) as path from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
         and has_table_privilege($1::name, c.oid, 'SELECT')`,
      [db.readerRole],
    );
    const readable = tables.filter(({ of }) => of !== 'withheld').map(({ path }) => path);
    expect(rows.map(({ path }) => path).sort()).toEqual(readable.sort());
    const { rows: columns } = await db.query<{ path: string }>(
      `select distinct format('%s.%s', table_name, column_name) as path from information_schema.column_privileges
       where grantee = $1 and table_schema <> all($2) order by 1`,
      [db.readerRole, projections().map(schemaOf)],
    );
    // Of whom nothing can be read any more.
    const known = ['chain', 'class', 'destroyed_at', 'subject'].map((name) => `subject_key.${name}`);
    expect(columns.map(({ path }) => path)).toEqual(known);
    await expect(asReader('select wrapped from subject_key')).rejects.toMatchObject({ code: '42501' });
    for (const table of ['event_log', 'access_session', 'access_api_key', 'outbox', 'external_code']) {
      await expect(asReader(`select count(*) from ${table}`)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('calls none of our functions but those that its limits need, and makes nothing', async () => {
    const { rows } = await db.query<{ name: string }>(
      `select p.oid::regproc::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname not in ('pg_catalog', 'information_schema') and has_function_privilege($1::name, p.oid, 'EXECUTE')
         and has_schema_privilege($1::name, n.oid, 'USAGE')
         and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e') order by 1`,
      [db.readerRole],
    );
    expect(rows).toEqual([{ name: 'row_access.belongs' }, { name: 'row_access.sees_patient' }]);
    await expect(asReader('create table mine (no integer)')).rejects.toMatchObject({ cause: { code: '25006' } });
  });

  it('neither passes row-level security by nor signs in, and owns nothing', async () => {
    const { rows } = await db.query(
      `select rolbypassrls, rolsuper, rolcanlogin, rolcreaterole, rolcreatedb,
              (select count(*)::int from pg_class where relowner = r.oid) as owned
       from pg_roles r where rolname = $1`,
      [db.readerRole],
    );
    expect(rows).toEqual([
      {
        ...{ rolbypassrls: false, rolsuper: false, rolcanlogin: false, rolcreaterole: false, rolcreatedb: false },
        owned: 0,
      },
    ]);
  });

  it('is left with its transaction: the session has its own role, and no limits, again', async () => {
    await asReader('select 1');
    await expect(asReader('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    for (let n = 0; n < 12; n += 1) {
      const { rows } = await db.query(
        `select current_user::text as name, coalesce(current_setting('pistor.sites', true), '') as sites,
                current_setting('transaction_read_only') as read_only`,
      );
      expect(rows).toEqual([{ name: db.applicationRole, sites: '', read_only: 'off' }]);
    }
  });

  it('runs one statement with its values: what is smuggled in behind it is refused', async () => {
    const smuggled = `select $1::int; set role none`;
    await expect(asReader(smuggled, [1])).rejects.toMatchObject({ code: '42601' });
  });

  it('reads by nothing that is no id', async () => {
    const wrong = { sites: [`${here.ids.site}'; reset role; --`], patients: [] };
    await expect(readAs(wrong, () => api.pistor.reads.query('select 1'))).rejects.toThrow('no id');
  });
});

describe('a database of a version without limits', () => {
  it('is given them at the start, without a read model being built anew', async () => {
    const bare = limited().map(
      ({ path }) => `alter table ${path} disable row level security; drop policy limited_read on ${path}`,
    );
    const forgotten = projections().map((work) => `comment on schema "${schemaOf(work)}" is null`);
    await db.query([...bare, ...forgotten].join(';\n'));
    const timeline = tables.find(({ name }) => name === 'entry') as Table;
    expect((await rowsOf(timeline, NOTHING)).length).toBeGreaterThan(0);
    const { engine } = api.pistor;
    const marker = await db.query(`select oid from pg_namespace where nspname = $1`, [schemaOf(timeline.work)]);
    await new Projections({ ...engine, log: api.pistor.log }, projections()).prepare();
    for (const table of limited()) expect(await rowsOf(table, NOTHING)).toEqual([]);
    expect(await db.query(`select oid from pg_namespace where nspname = $1`, [schemaOf(timeline.work)])).toEqual(
      marker,
    );
  });

  it('is given the rights of the reader again where they were lost, as by a dump without them', async () => {
    const timeline = tables.find(({ name }) => name === 'entry') as Table;
    await asOwner(db, `revoke usage on schema "${schemaOf(timeline.work)}" from ${db.readerRole}`);
    await expect(rowsOf(timeline, at(here))).rejects.toMatchObject({ code: '42501' });
    await new Projections({ ...api.pistor.engine, log: api.pistor.log }, projections()).prepare();
    expect((await rowsOf(timeline, at(here))).length).toBeGreaterThan(0);
  });
});
