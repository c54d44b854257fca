import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { migrateBullMq } from '../../libs/database/src/bullmq.migrations.js';
import type { Database } from '../../libs/database/src/database.js';
import { migrate } from '../../libs/database/src/migrations.js';
import { openEngine } from '../../libs/engine/src/engine.js';
import { eventType } from '../../libs/event-store/src/event-type.js';
import { MasterKey } from '../../libs/event-store/src/master-key.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { silentLog } from '../../libs/kernel/src/log.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import type { Projection } from '../../libs/projections/src/projection.js';
import { Projections } from '../../libs/projections/src/projections.js';

const Added = eventType('Added', { schema: z.strictObject({ n: z.int() }) });
const MASTER = new MasterKey(Buffer.alloc(32, 7));
/** The last files of the version in which the login did everything. */
const LAST_FILES = { 'event-store': '0003', projections: '0001' };

/** A read model with one of everything that can stand in a schema. */
const sums: Projection = {
  name: 'sums',
  version: 1,
  types: new Set(['Added']),
  ddl: `create type kind as enum ('a', 'b');
    create sequence number;
    create table total (
      chain integer, stream text, sum bigint not null, kind kind, no integer generated always as identity, serial serial,
      primary key (chain, stream));
    create view totals as select * from total;
    create function one() returns integer language sql as 'select 1'`,
  async apply({ tx, chain: { no } }, events) {
    for (const { stream, data } of events) {
      await tx.query(
        `insert into total as t (chain, stream, sum) values ($1, $2, $3)
         on conflict (chain, stream) do update set sum = t.sum + excluded.sum`,
        [no, stream, (data as { n: number }).n],
      );
    }
  },
};

/** Makes what the previous version would have left: tables, one event, a read model and BullMQ, all of the login's own. */
export async function makePreviousVersion(db: Database): Promise<void> {
  for (const [name, last] of Object.entries(LAST_FILES)) {
    const folder = await mkdtemp(join(tmpdir(), 'pistor previous '));
    const files = join(import.meta.dirname, '..', '..', 'libs', name, 'src', 'migrations');
    await cp(files, folder, { recursive: true, filter: (path) => !/\d{4}_[^/]*$/.test(path) || fileNo(path) <= last });
    await migrate(db, { name, folder });
    await rm(folder, { recursive: true });
  }
  await db.query('drop table application_right');
  await db.query(`insert into master_key (fingerprint) values ('${MASTER.fingerprint}')`);
  await db.query(`insert into chain (id, slug, sandbox) values ('${newId()}', 'main', true)`);
  const header = { type: 'Added', version: 1, occurred: occurredNow('2026-01-31T09:00:00.000Z'), eventId: newId() };
  await db.query(
    `select * from append_events(1, '{1}', '{true}', '{thing-a}', $1, '{1}', '{1}', '{-1}', '{1}', '{1}', $2, $3)`,
    [[newId()], [JSON.stringify(header)], [JSON.stringify({ open: { n: 5 } })]],
  );
  await db.query(`create schema sums_v1; set search_path = sums_v1; ${sums.ddl}; set search_path = public, bullmq`);
  await db.query(`insert into sums_v1.total (chain, stream, sum) values (1, 'thing-a', 5)`);
  await db.query(
    `insert into projection_checkpoint (projection, version, build, chain, position) values ('sums', 1, 'live', 1, 1)`,
  );
  await migrateBullMq(db);
}

/** What a process does with a database of the previous version; throws where something of it is refused. */
export async function goOn(db: Database) {
  const engine = await openEngine({ db, masterKey: () => MASTER, eventTypes: [Added] });
  const chain = await engine.chains.ensure('main', true);
  const projections = new Projections({ ...engine, log: silentLog }, [sums]);
  await projections.prepare();
  const context = { actor: 'test', origin: 'live' as const };
  const add = async (n: number) => {
    const events = [Added(occurredNow('2026-01-31T10:00:00.000Z'), { n })];
    const streams = [{ stream: 'thing-a', expectedRevision: 'exists' as const, events }];
    return (await engine.store.append({ chain: chain.id, commandId: newId(), streams, context })).position;
  };
  const position = await add(7);
  projections.start();
  await projections.waitFor('sums', chain, position, 10_000);
  const { rows: followed } = await db.query('select sum::int from sums_v1.totals');
  await projections.rebuild('sums');
  const { rows: rebuilt } = await db.query('select sum::int from sums_v1.totals');
  await projections.stop();
  await migrateBullMq(db);
  const { rows: strays } = await db.query<{ name: string }>(STRAYS);
  const { capabilities } = engine.store;
  await engine.close();
  return { position, followed, rebuilt, strays, immutable: capabilities.immutableByGrant };
}

/** What stands in the schemas of read models and BullMQ and does not belong to who asks. */
const STRAYS = `
  with handed as (select oid from pg_namespace where nspname in ('sums_v1', 'bullmq')),
  me as (select oid from pg_roles where rolname = current_user)
  select nspname::text as name from pg_namespace where oid in (table handed) and nspowner <> (table me)
  union all select relname from pg_class where relnamespace in (table handed) and relowner <> (table me)
  union all select proname from pg_proc where pronamespace in (table handed) and proowner <> (table me)
  union all select typname from pg_type where typnamespace in (table handed) and typowner <> (table me)`;

const fileNo = (path: string): string => /(\d{4})_[^/]*$/.exec(path)?.[1] ?? '';
