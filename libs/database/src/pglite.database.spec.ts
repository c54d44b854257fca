import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asOwner } from '../../../test/support/test-database.js';
import { startChild } from '../../../test/support/child-process.js';
import { openPglite } from './pglite.database.js';
import type { PgliteDatabase } from './pglite.database.js';
import { maintain } from './pglite.maintenance.js';

let folder: string;
let db: PgliteDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor pglite '));
  // Tables are made here without migrations, which the application may not.
  db = await openPglite(folder, { scratch: true, as: 'login' });
});

afterAll(async () => {
  await db?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('durability', () => {
  it('calls fsync for every commit, be it a statement or a transaction', async () => {
    await db.query('CREATE TABLE committed (n integer)');
    for (let n = 0; n < 20; n++) {
      const before = db.host.fsyncs;
      if (n % 2) await db.query('INSERT INTO committed VALUES ($1)', [n]);
      else await db.transaction((tx) => tx.query('INSERT INTO committed VALUES ($1)', [n]));
      expect(db.host.fsyncs).toBeGreaterThan(before);
    }
    const before = db.host.fsyncs;
    await db.query('SELECT * FROM committed');
    expect(db.host.fsyncs).toBe(before);
  });

  it('refuses to start where a commit does not call fsync', async () => {
    const other = join(folder, 'other');
    const refused = { code: 'database.not-durable', message: expect.stringContaining('fsync') };
    await expect(openPglite(other, { scratch: true, hook: false })).rejects.toMatchObject(refused);
    // The folder is free again, and nothing was harmed.
    await (await openPglite(other)).close();
    await rm(other, { recursive: true });
  });

  it('has the settings that durability and memory rest on', async () => {
    const { rows } = await db.query(`SELECT name, setting FROM pg_settings
        WHERE name IN ('fsync', 'full_page_writes', 'wal_sync_method', 'synchronous_commit', 'shared_buffers') ORDER BY 1`);
    expect(rows.map(({ name, setting }) => `${name}=${setting}`)).toEqual([
      'fsync=on',
      'full_page_writes=on',
      'shared_buffers=2048',
      'synchronous_commit=on',
      'wal_sync_method=fsync',
    ]);
  });
});

describe('the folder', () => {
  it('is closed to everybody else, with every file in it, old and new', async () => {
    await db.query('CREATE TABLE new_file AS SELECT n FROM generate_series(1, 1000) AS n');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(folder, { recursive: true })) {
      const { mode } = await stat(join(folder, name));
      expect({ name, others: mode & 0o077 }).toEqual({ name, others: 0 });
    }
  });

  it('belongs to one process: the second one is told who has it, and nothing is lost', async () => {
    const other = join(folder, 'held');
    const holder = startChild('test/support/hold-folder.ts', ['database', other]);
    await holder.line(/^held$/);
    const refused = { code: 'folder.locked', data: { pid: holder.process.pid } };
    await expect(openPglite(other)).rejects.toMatchObject(refused);

    expect(await holder.end('SIGTERM')).toBe(0);
    // In good order: with PostgreSQL's own shutdown, which takes its pid file along.
    expect(await readdir(join(other, 'pgdata'))).not.toContain('postmaster.pid');
    const next = await openPglite(other, { as: 'login' });
    expect((await next.query('SELECT n FROM kept')).rows).toEqual([{ n: 1 }]);
    await next.close();
    await rm(other, { recursive: true });
  });
});

describe('a worker that dies', () => {
  it('fails what is under way as unavailable, and the next use works again', async () => {
    await db.query('CREATE TABLE survivor (n integer PRIMARY KEY)');
    await db.query('INSERT INTO survivor VALUES (1)');
    const pending = [
      db.query('SELECT count(*) FROM generate_series(1, 20000000)'),
      db.query('SELECT 1'),
      db.transaction((tx) => tx.query('INSERT INTO survivor VALUES (2)')),
    ];
    const settled = Promise.allSettled(pending);
    await sleep(50);
    await db.host.kill();

    for (const result of await settled) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { kind: 'unavailable', code: 'database.unavailable' },
      });
    }
    expect((await db.query('SELECT n FROM survivor')).rows).toEqual([{ n: 1 }]);
  });

  it('takes open transactions and listening clients with it; what listens on the port hears again', async () => {
    const heard: string[] = [];
    await db.listen('news', (payload) => heard.push(payload));
    const client = await db.pool.connect();
    const lost = new Promise((resolve) => client.once('error', resolve));
    await client.query('LISTEN news');
    let afterwards: unknown;
    const work = db.transaction(async (tx) => {
      await tx.query('CREATE TABLE half_done (n integer)');
      await db.host.kill();
      await tx.query('SELECT 1').catch((error: unknown) => (afterwards = error));
      throw afterwards;
    });
    await expect(work).rejects.toMatchObject({ code: 'database.unavailable' });
    expect(await lost).toMatchObject({ code: '57P02' });
    await expect(client.query('SELECT 1')).rejects.toThrow();
    client.release(true);

    expect((await db.query(`SELECT to_regclass('half_done') AS t`)).rows).toEqual([{ t: null }]);
    await db.query(`NOTIFY news, 'again'`);
    await sleep(20);
    expect(heard).toEqual(['again']);
  });
});

describe('a full disk', () => {
  it('makes commands unavailable, and work goes on when there is room again', async () => {
    await db.query('CREATE TABLE t (n integer PRIMARY KEY, filler text)');
    await db.query(`INSERT INTO t VALUES (1, '')`);
    db.host.diskFull = true;
    for (let n = 10; n < 13; n++) {
      const insert = db.query(`INSERT INTO t VALUES ($1, repeat('x', 10000))`, [n]);
      await expect(insert).rejects.toMatchObject({ kind: 'unavailable', code: 'database.unavailable' });
    }
    db.host.diskFull = false;
    // A start that failed is not repeated at once.
    await sleep(1_100);
    await db.query(`INSERT INTO t VALUES (2, '')`);
    expect((await db.query('SELECT n FROM t ORDER BY n')).rows).toEqual([{ n: 1 }, { n: 2 }]);
  });
});

describe('the one session', () => {
  it('rolls a transaction back that keeps everybody waiting for nothing', async () => {
    const other = await openPglite(join(folder, 'idle'), { scratch: true, as: 'login', idleMsMax: 100 });
    const work = other.transaction(async (tx) => {
      await tx.query('CREATE TABLE never (n integer)');
      // The mistake: a statement outside, awaited inside.
      await other.query('SELECT 1');
    });
    await expect(work).rejects.toMatchObject({ cause: { message: expect.stringContaining('outside of itself') } });
    expect((await other.query(`SELECT to_regclass('never') AS t`)).rows).toEqual([{ t: null }]);
    await other.close();
  });

  it('keeps timers and sockets of the main thread going while it works', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const started = performance.now();
    await db.query('SELECT count(*) FROM generate_series(1, 3000000)');
    const tookMs = performance.now() - started;
    clearInterval(timer);
    // A tenth of what an idle machine gives: this one may be busy, but not starved.
    expect(ticks).toBeGreaterThan(tookMs / 5 / 10);
  });
});

describe('the role of the application', () => {
  let own: PgliteDatabase;

  beforeAll(async () => {
    own = await openPglite(join(folder, 'application'), { scratch: true });
  });

  afterAll(() => own.close());

  const user = async () => (await own.query<{ name: string }>('SELECT current_user AS name')).rows[0]?.name;

  it('is that of every statement, also after a restart of the worker', async () => {
    expect(await user()).toBe('pistor_application');
    await own.host.kill();
    await sleep(50);
    expect(await user()).toBe('pistor_application');
    await expect(own.query('CREATE TABLE mine (n integer)')).rejects.toMatchObject({ code: '42501' });
  });

  it('comes back after a transaction of the owner, however that ends', async () => {
    await asOwner(own, 'CREATE TABLE owned (n integer)');
    expect(await user()).toBe('pistor_application');
    await expect(asOwner(own, 'SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    expect(await user()).toBe('pistor_application');
  });

  it('checkpoints and vacuums after writes, and leaves the database alone while nobody writes', async () => {
    const seen: string[] = [];
    const spy: typeof own.query = async (text, values) => {
      const result = await own.query(text, values);
      seen.push(text as string);
      return result as never;
    };
    const has = (pattern: RegExp) => seen.some((sql) => pattern.test(sql));
    const stop = maintain({ query: spy }, () => own.host.fsyncs, { lookMs: 20, checkpointBytes: 1_000_000 });
    await sleep(100);
    expect(seen).toEqual([]);

    await asOwner(
      own,
      'CREATE TABLE churn (n integer); INSERT INTO churn SELECT n FROM generate_series(1, 20000) AS n',
    );
    await asOwner(own, 'DELETE FROM churn WHERE n % 2 = 0');
    for (let waited = 0; waited < 20_000 && !has(/VACUUM .*churn/); waited += 50) await sleep(50);
    await stop();
    expect(has(/^CHECKPOINT$/)).toBe(true);
    expect(has(/VACUUM .*churn/)).toBe(true);
    // What a role may not vacuum is skipped with a mere notice.
    const { rows } = await own.query(`SELECT vacuum_count::int FROM pg_stat_all_tables WHERE relname = 'churn'`);
    expect(rows).toEqual([{ vacuum_count: 1 }]);
  }, 30_000);
});
