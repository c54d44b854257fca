import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { ATTEMPTS_ON_THE_LOG } from '#test/support/attempts-on-the-log.js';
import { asOwner, openTestDatabase } from '#test/support/test-database.js';
import { appendBatch } from './append-batch.js';
import { Boxes } from './boxes.js';
import { type Chain, Chains } from './chains.js';
import { Codec } from './codec.js';
import { eventType, EventTypes } from './event-type.js';
import { MasterKey } from './master-key.js';
import { migrateEventStore, PostgresEventStore } from './postgres.event-store.js';
import { SubjectKeys } from './subject-keys.js';

const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });
const NOW = '2026-01-31T09:00:00.000Z';

let db: Database;
let close: () => Promise<void>;
let codec: Codec;
let store: PostgresEventStore;
let chain: Chain;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  await migrateEventStore(db);
  codec = new Codec(new EventTypes([Counted]), new Boxes(new SubjectKeys(db, new MasterKey(randomBytes(32)))));
  const chains = new Chains(db);
  store = await PostgresEventStore.open(db, chains, codec);
  chain = await chains.ensure('main', true);
  await append();
});

afterAll(async () => {
  await store.close();
  await close();
});

const append = () =>
  store.append({
    chain: chain.id,
    commandId: newId(),
    streams: [{ stream: `thing-${newId()}`, expectedRevision: 'any', events: [Counted(occurredNow(NOW), { n: 1 })] }],
    context: { actor: 'test', origin: 'live' },
  });

/** Everything that must not change, and who may change it. */
async function state(): Promise<unknown> {
  const { rows } = await asOwner(
    db,
    `select (select json_agg(e order by chain, position) from event_log e) as events,
            (select json_agg(c order by no) from chain c) as chains,
            (select json_agg(json_build_array(relname, relowner, relacl::text, reltriggers) order by relname)
               from (select relname, relowner, relacl, relhastriggers as reltriggers from pg_class
                      where relnamespace = 'public'::regnamespace) t) as tables,
            (select json_agg(json_build_array(proname, proowner, proacl::text, prosecdef, prosrc) order by proname)
               from pg_proc where pronamespace = 'public'::regnamespace) as routines`,
  );
  return rows[0];
}

/** Carries out statements as the application; nothing of a failed one is left. */
const attempt = (sql: string) => db.transaction((tx) => tx.query(sql));

it('says of itself that it is immutable by grant', () => {
  expect(store.capabilities.immutableByGrant).toBe(true);
});

describe('the application', () => {
  it.each(ATTEMPTS_ON_THE_LOG)('cannot %s', async (_what, sql) => {
    const before = await state();
    await expect(attempt(sql)).rejects.toMatchObject({ code: '42501' });
    expect(await state()).toEqual(before);
  });

  it('cannot let itself or others in', async () => {
    const before = await state();
    // The server refuses these with a mere notice, since some rights are there.
    await attempt(`grant insert, update, delete, truncate on event_log to current_user, public`);
    await attempt(`grant all on chain to current_user`);
    expect(await state()).toEqual(before);
  });

  it('is not given more than is listed, nor everybody else anything', async () => {
    const { rows } = await db.query(
      `select c.relname, x.privilege_type from pg_class c, aclexplode(c.relacl) x
       where c.relnamespace = 'public'::regnamespace and c.relname in ('event_log', 'chain')
         and x.grantee in (0, (select oid from pg_roles where rolname = current_user)) order by 1`,
    );
    expect(rows).toEqual([
      { relname: 'chain', privilege_type: 'SELECT' },
      { relname: 'event_log', privilege_type: 'SELECT' },
    ]);
    const routines = await db.query(
      `select proname from pg_proc p where pronamespace = 'public'::regnamespace
         and (proacl is null or exists (select from aclexplode(proacl) x where x.grantee = 0))`,
    );
    expect(routines.rows).toEqual([]);
  });

  it('moves the clock of a sandbox, and of no live chain', async () => {
    await new Chains(db).ensure('live', false);
    await db.query(`update chain set clock_offset_ms = 1000 where slug = 'main'`);
    await expect(db.query(`update chain set clock_offset_ms = 1000 where slug = 'live'`)).rejects.toMatchObject({
      code: '23514',
    });
  });
});

describe('what the application puts before our names', () => {
  /** Everything that the procedure calls or touches by name, made to fail or to swallow. */
  const shadows = `
    create schema evil;
    create function evil.clock_timestamp() returns timestamptz language sql as $$ select '1999-01-01'::timestamptz $$;
    create function evil.date_trunc(text, timestamptz) returns timestamptz language sql as $$ select '1999-01-01'::timestamptz $$;
    create function evil.set_config(text, text, boolean) returns text language sql as $$ select 'shadowed' $$;
    create function evil.current_setting(text) returns text language sql as $$ select 'shadowed' $$;
    create function evil.array_position(uuid[], uuid) returns integer language sql as $$ select 1 / 0 $$;
    create function evil.array_length(uuid[], integer) returns integer language sql as $$ select 1 / 0 $$;
    create function evil.array_remove(bigint[], bigint) returns bigint[] language sql as $$ select null::bigint[] $$;
    create function evil.never(bigint, bigint) returns boolean language sql as $$ select false $$;
    create function evil.zero(bigint, integer) returns bigint language sql as $$ select 0::bigint $$;
    create operator evil.= (leftarg = bigint, rightarg = bigint, function = evil.never);
    create operator evil.+ (leftarg = bigint, rightarg = integer, function = evil.zero);
    create table evil.event_log (like public.event_log);
    create table evil.chain (like public.chain);
    create temp table event_log (like public.event_log) on commit drop;
    create temp table chain (like public.chain) on commit drop;
    create function pg_temp.decide_appends(integer[], bigint[], uuid[], integer[], integer[], integer[], integer[], integer[])
      returns table (accepted integer[]) language sql as $$ select null::integer[] $$;
    set local search_path = pg_temp, evil, public, pg_catalog`;

  it('means nothing to the procedure', async () => {
    const before = await store.head(chain.id);
    const [encoded] = await codec.encode(chain, newId(), { actor: 'test', origin: 'live' }, [
      Counted(occurredNow(NOW), { n: 2 }),
    ]);
    const one = (expectedRevision: 'any' | 'no-stream', stream: string) => ({
      commandId: newId(),
      streams: [{ stream, expectedRevision, events: [encoded!] }],
      guards: [],
    });
    const twice = `thing-${newId()}`;
    const shadowed = async (tx: Queryable) => {
      await tx.query(shadows);
      const outcomes = await appendBatch(tx, chain, [one('any', twice), one('no-stream', twice), one('any', twice)]);
      const { rows } = await tx.query(
        `select (select count(*)::int from pg_temp.event_log) + (select count(*)::int from evil.event_log)
              + (select count(*)::int from pg_temp.chain) + (select count(*)::int from evil.chain) as swallowed`,
      );
      return { outcomes, rows };
    };
    const { outcomes, rows } = await db.transaction(shadowed);
    expect(rows).toEqual([{ swallowed: 0 }]);
    expect(outcomes).toMatchObject([{ position: before + 1 }, { code: expect.any(String) }, { position: before + 2 }]);
    await db.query('drop schema evil cascade');
    const events = await store.readStream(chain.id, twice);
    expect(events.map(({ position, revision }) => [position - before, revision])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    for (const { recordedAt } of events) expect(recordedAt > '2026').toBe(true);
  });
});

describe('a store whose role may change events', () => {
  it.each([
    ['all rights of the owner', undefined, undefined],
    ['a right on the log', 'grant update on event_log to %', 'revoke update on event_log from %'],
    ['a right on one column', 'grant update (data) on event_log to %', 'revoke update (data) on event_log from %'],
    ['a right of everybody', 'grant truncate on event_log to public', 'revoke truncate on event_log from public'],
    ['the position of a chain', 'grant update (position) on chain to %', 'revoke update (position) on chain from %'],
    ['room for an overload', 'grant create on schema public to %', 'revoke create on schema public from %'],
    ['the owner for a group', 'grant postgres to %', 'revoke postgres from %'],
  ])('does not say that it is immutable: %s', async (_what, grant, revoke) => {
    const role = `"${db.applicationRole}"`;
    const { rows } = await db.query<{ owner: string }>('select session_user as owner');
    const filled = (sql: string) => sql.replace('%', role).replace('postgres', rows[0]!.owner);
    const open = (on: Database) => PostgresEventStore.open(on, new Chains(on), codec);
    if (grant === undefined || revoke === undefined) {
      const owner = await openTestDatabase({ as: 'login' });
      await migrateEventStore(owner.db);
      const other = await open(owner.db);
      expect(other.capabilities.immutableByGrant).toBe(false);
      await other.close();
      return owner.close();
    }
    await asOwner(db, filled(grant));
    const other = await open(db);
    await other.close();
    await asOwner(db, filled(revoke));
    expect(other.capabilities.immutableByGrant).toBe(false);
  });
});
