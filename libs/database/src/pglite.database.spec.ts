import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../../../test/support/child-process.js';
import { openPglite } from './pglite.database.js';
import type { PgliteDatabase } from './pglite.database.js';
import { maintain } from './pglite.maintenance.js';
import { PglitePool } from './pglite.pool.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor pglite '));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function withDatabase(work: (db: PgliteDatabase) => Promise<void>): Promise<void> {
  const db = await openPglite(folder);
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

describe('durability', () => {
  it('calls fsync for every commit, be it a statement or a transaction', () =>
    withDatabase(async (db) => {
      await db.query('CREATE TABLE t (n integer)');
      for (let n = 0; n < 20; n++) {
        const before = db.host.fsyncs;
        if (n % 2) await db.query('INSERT INTO t VALUES ($1)', [n]);
        else await db.transaction((tx) => tx.query('INSERT INTO t VALUES ($1)', [n]));
        expect(db.host.fsyncs).toBeGreaterThan(before);
      }
      const before = db.host.fsyncs;
      await db.query('SELECT * FROM t');
      expect(db.host.fsyncs).toBe(before);
    }));

  it('refuses to start where a commit does not call fsync', async () => {
    await expect(openPglite(folder, { hook: false })).rejects.toMatchObject({
      code: 'database.not-durable',
      message: expect.stringContaining('fsync'),
    });
    // The folder is free again, and nothing was harmed.
    await withDatabase(async (db) => expect(await db.ping()).toBe(true));
  });

  it('has the settings that durability and memory rest on', () =>
    withDatabase(async (db) => {
      const { rows } = await db.query(`SELECT name, setting FROM pg_settings
        WHERE name IN ('fsync', 'full_page_writes', 'wal_sync_method', 'synchronous_commit', 'shared_buffers') ORDER BY 1`);
      expect(rows.map(({ name, setting }) => `${name}=${setting}`)).toEqual([
        'fsync=on',
        'full_page_writes=on',
        'shared_buffers=2048',
        'synchronous_commit=on',
        'wal_sync_method=fsync',
      ]);
    }));
});

describe('the folder', () => {
  it('is closed to everybody else, with every file in it, old and new', () =>
    withDatabase(async (db) => {
      await db.query('CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) AS n');
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
      for (const name of await readdir(folder, { recursive: true })) {
        const { mode } = await stat(join(folder, name));
        expect({ name, others: mode & 0o077 }).toEqual({ name, others: 0 });
      }
    }));

  it('belongs to one process: the second one is told who has it, and nothing is lost', async () => {
    const holder = startChild('test/support/hold-folder.ts', ['database', folder]);
    await holder.line(/^held$/);
    await expect(openPglite(folder)).rejects.toMatchObject({
      code: 'folder.locked',
      data: { pid: holder.process.pid },
    });

    expect(await holder.end('SIGTERM')).toBe(0);
    await withDatabase(async (db) => {
      expect((await db.query('SELECT n FROM kept')).rows).toEqual([{ n: 1 }]);
      expect((await db.query(`SELECT pg_is_in_recovery() AS r`)).rows).toEqual([{ r: false }]);
    });
  });
});

describe('a worker that dies', () => {
  it('fails what is under way as unavailable, and the next use works again', () =>
    withDatabase(async (db) => {
      await db.query('CREATE TABLE t (n integer PRIMARY KEY)');
      await db.query('INSERT INTO t VALUES (1)');
      const pending = [
        db.query('SELECT count(*) FROM generate_series(1, 20000000)'),
        db.query('SELECT 1'),
        db.transaction((tx) => tx.query('INSERT INTO t VALUES (2)')),
      ];
      const settled = Promise.allSettled(pending);
      await sleep(50);
      await db.host.kill();

      for (const result of await settled) {
        expect(result).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable', code: 'database.unavailable' } });
      }
      expect((await db.query('SELECT n FROM t')).rows).toEqual([{ n: 1 }]);
    }));

  it('takes open transactions and listening clients with it; what listens on the port hears again', () =>
    withDatabase(async (db) => {
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
    }));

  it('notices an end that PGlite itself would swallow', () =>
    withDatabase(async (db) => {
      await expect(db.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({
        code: 'database.unavailable',
      });
      expect((await db.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    }));
});

describe('a full disk', () => {
  it('makes commands unavailable, and work goes on when there is room again', () =>
    withDatabase(async (db) => {
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
    }));
});

describe('the one session', () => {
  it('rolls a transaction back that keeps everybody waiting for nothing', () =>
    withDatabase(async (db) => {
      const pool = new PglitePool(db.host, 100).asPool();
      const client = await pool.connect();
      await client.query('BEGIN');
      const started = performance.now();
      // The mistake: a statement outside, awaited inside.
      await pool.query('SELECT 1');
      expect(performance.now() - started).toBeGreaterThan(100);
      await expect(client.query('COMMIT')).rejects.toThrow('outside of itself');
      client.release();
      await pool.query('SELECT 1');
    }));

  it('keeps timers and sockets of the main thread going while it works', () =>
    withDatabase(async (db) => {
      let longest = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }, 5);
      await db.query('SELECT count(*) FROM generate_series(1, 3000000)');
      clearInterval(timer);
      expect(longest).toBeLessThan(250);
    }));
});

describe('maintenance', () => {
  it('checkpoints and vacuums after writes, and rests while nobody writes', () =>
    withDatabase(async (db) => {
      const seen: string[] = [];
      const spy: typeof db.query = (text, values) => {
        seen.push(String(text));
        return db.query(text, values);
      };
      const stop = maintain({ query: spy }, () => db.host.fsyncs, 20);
      await sleep(100);
      expect(seen).toEqual([]);

      await db.query('CREATE TABLE churn (n integer, filler text)');
      await db.query(`INSERT INTO churn SELECT n, repeat('x', 400) FROM generate_series(1, 100000) AS n`);
      await db.query('DELETE FROM churn WHERE n % 2 = 0');
      for (let waited = 0; waited < 100 && !seen.some((sql) => /VACUUM .*churn/.test(sql)); waited++) await sleep(50);
      expect(seen).toContain('CHECKPOINT');
      expect(seen.some((sql) => /VACUUM .*churn/.test(sql))).toBe(true);

      await sleep(500);
      const busy = seen.length;
      await sleep(200);
      expect(seen.length).toBe(busy);
      await stop();
    }));
});
