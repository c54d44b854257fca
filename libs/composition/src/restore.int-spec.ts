import { createReadStream } from 'node:fs';
import { readBackup } from '#libs/backup/src/backup-reader.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { type Configuration, readConfiguration } from '#libs/engine/src/configuration.js';
import { newId } from '#libs/kernel/src/ids.js';
import {
  type BackupPlace,
  backUpTo,
  contentOf,
  inPistor,
  liveALittle,
  openBackupPlace,
  registerSite,
} from '#test/support/backup-given.js';
import { startChild } from '#test/support/child-process.js';
import { createOnServer, onServer } from '#test/support/test-database.js';
import { bringUpToDate } from './bring-up-to-date.js';
import { openDatabase } from './open-database.js';
import { restore } from './restore.js';

const SERVER = process.env['DATABASE_URL'] as string;

let place: BackupPlace;
const drops: (() => Promise<void>)[] = [];
/** A system on each kind of database, with a backup of it. */
let embedded: { configuration: Configuration; file: string; answer: object };
let scaledOut: typeof embedded;

beforeAll(async () => {
  place = await openBackupPlace();
  embedded = await given(place.embedded());
  scaledOut = await given(place.onServer(await database()));
}, 600_000);
afterAll(async () => {
  for (const drop of drops) await drop();
  await place.remove();
});

async function given(configuration: Configuration) {
  const answer = await liveALittle(configuration);
  const file = place.fileName();
  await backUpTo(file, configuration);
  return { configuration, file, answer };
}

async function database(): Promise<string> {
  const { url, drop } = await createOnServer(SERVER);
  drops.push(drop);
  return url;
}

const read = (of: string) => contentOf(readBackup(createReadStream(of)));

/** Restores a backup and compares every row with it, in whatever order the text of a database comes. */
async function restored({ file, answer }: typeof embedded, target: Configuration): Promise<void> {
  await restore(file, target);
  const again = place.fileName();
  await backUpTo(again, target);
  const [before, after] = [await read(file), await read(again)];
  const { chain_clock_target: _, dispatch_gate: gate, projection_checkpoint: __, ...rows } = after.lines;
  for (const [table, lines] of Object.entries(rows)) {
    expect([table, [...lines].sort()]).toEqual([table, [...before.lines[table]!].sort()]);
  }
  expect(Object.keys(after.lines).sort()).toEqual([...Object.keys(before.lines), 'dispatch_gate'].sort());
  expect(gate!.length).toBe(1);
  const log = `event_log of ${before.manifest.chains[0]!.id}`;
  expect(after.contents[log]).toBe(before.contents[log]);

  await inPistor(target, async (pistor) => {
    const { engine, chain } = pistor;
    const head = await engine.store.head(chain.id);
    expect(await registerSite(pistor)).toEqual({ status: 201, body: answer });
    const other = { key: newId(), body: { code: 'IZM', name: 'İzmir', timeZone: 'Europe/Istanbul', language: 'tr' } };
    expect(await registerSite(pistor, other)).toMatchObject({ status: 201 });
    expect(await engine.store.head(chain.id)).toBe(head + 1);
    await pistor.readModelsAtHead(chain);
    await expect(engine.db.query(`delete from event_log`)).rejects.toMatchObject({ code: '42501' });
    expect(await engine.chains.ensure('another', true)).toMatchObject({ slug: 'another' });
    const { rows: gates } = await engine.db.query('select chain from dispatch_gate');
    expect(gates).toEqual([{ chain: chain.no }]);
  });
}

describe('a backup is restored, row for row, and everything goes on:', () => {
  it('from PostgreSQL into PostgreSQL', async () => restored(scaledOut, place.onServer(await database())));
  it('from a folder into PostgreSQL', async () => restored(embedded, place.onServer(await database())));
  it('from PostgreSQL into a folder', async () => restored(scaledOut, place.embedded()));

  it('with a login that owns the tables, and another one that only appends', async () => {
    const owner = await database();
    const login = `pistor_test_${newId().replaceAll('-', '')}`;
    const url = new URL(owner);
    url.username = login;
    url.password = 'secret';
    const target = readConfiguration({
      PISTOR_MASTER_KEY_FILE: place.masterKeyFile,
      DATABASE_URL: url.href,
      DATABASE_OWNER_URL: owner,
    });
    await restore(scaledOut.file, target);
    const db = await openPostgres(url.href);
    const { rows } = await db.query<{ n: string }>('select count(*) as n from event_log');
    expect(Number(rows[0]!.n)).toBeGreaterThan(500);
    await expect(db.query(`set role none; delete from event_log`)).rejects.toMatchObject({ code: '42501' });
    await db.close();
    drops.unshift(() => onServer(SERVER, `drop role if exists ${login}`));
  });
});

describe('a database that holds anything', () => {
  it('takes no backup, says what it holds, and stays as it is', async () => {
    const url = await database();
    await onServer(url, 'create table invoices (no integer); create schema other; create table other.things ()');
    const message = expect.stringContaining('other.things, public.invoices');
    const attempt = restore(scaledOut.file, place.onServer(url));
    await expect(attempt).rejects.toMatchObject({ code: 'restore.not-empty', message });
    const db = await openPostgres(url, { as: 'login' });
    const { rows } = await db.query(
      `select rolname from pg_roles where rolname = current_database() || '_application'`,
    );
    await db.close();
    expect(rows).toEqual([]);
  });

  it('nor does one that Pistor uses', async () => {
    const attempt = restore(embedded.file, scaledOut.configuration);
    await expect(attempt).rejects.toMatchObject({ code: 'restore.not-empty' });
  });
});

it('is restored into by one process at a time; one that is killed leaves a database that cannot be started, and the next begins anew', async () => {
  const url = await database();
  const target = place.onServer(url);
  for (const at of [/^restoring$/, /^block 5$/, /^seal$/]) {
    const child = startChild('test/support/backup-process.ts', ['restore', scaledOut.file, url, place.masterKeyFile]);
    await child.line(at);
    await expect(restore(scaledOut.file, target)).rejects.toMatchObject({ code: 'restore.under-way' });
    await child.end('SIGKILL');
    await expect(openDatabase(target)).rejects.toMatchObject({ code: 'restore.unfinished' });
    await expect(bringUpToDate(target)).rejects.toMatchObject({ code: 'restore.unfinished' });
    await expect(backUpTo(place.fileName(), target)).rejects.toMatchObject({ code: 'restore.unfinished' });
    await released(url);
  }
  await restored(scaledOut, target);
}, 180_000);

/** The server notices only after a moment that a process was killed, and gives its lock back. */
async function released(url: string): Promise<void> {
  const db = await openPostgres(url, { as: 'login' });
  for (;;) {
    const { rows } = await db.query(
      `select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    if (rows.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await db.close();
}
