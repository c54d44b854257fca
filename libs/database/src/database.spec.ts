import { openTestDatabase } from '../../../test/support/test-database.js';
import type { TestDatabase } from '../../../test/support/test-database.js';
import type { Database } from './database.js';

let test: TestDatabase;
let db: Database;

beforeAll(async () => {
  // The application may not make tables of ours; what is tested here is the same for every role.
  test = await openTestDatabase({ as: 'login' });
  db = test.db;
  await db.query('CREATE TABLE note (id integer PRIMARY KEY, body text NOT NULL)');
});

afterAll(() => test?.close());

beforeEach(() => db.query('TRUNCATE note'));

async function count(): Promise<number> {
  const { rows } = await db.query<{ n: number }>('SELECT count(*)::int AS n FROM note');
  return rows[0]!.n;
}

describe('a query', () => {
  it('binds values and counts rows', async () => {
    const inserted = await db.query('INSERT INTO note VALUES ($1, $2), ($3, $4)', [1, 'a', 2, "b'; --"]);
    expect(inserted.rowCount).toBe(2);
    expect((await db.query('SELECT body FROM note ORDER BY id')).rows).toEqual([{ body: 'a' }, { body: "b'; --" }]);
  });

  it('keeps a date a date, whatever the zone of the machine', async () => {
    const { rows } = await db.query(
      `SELECT '2026-03-29'::date AS day, 9007199254740993 AS big, '{"a":[1]}'::jsonb AS json`,
    );
    expect(rows).toEqual([{ day: '2026-03-29', big: '9007199254740993', json: { a: [1] } }]);
  });

  it('takes named statements and rows as arrays', async () => {
    for (const n of [1, 2]) {
      const { rows } = await db.query({ name: 'twice', text: 'SELECT $1::int * 2', values: [n], rowMode: 'array' });
      expect(rows).toEqual([[n * 2]]);
    }
  });

  it('takes several statements without values in one text', async () => {
    expect((await db.query(`INSERT INTO note VALUES (1, 'a'); SELECT 7 AS seven;`)).rows).toEqual([{ seven: 7 }]);
    expect(await count()).toBe(1);
  });

  it('moves messages far larger than any buffer, both ways', async () => {
    const big = 'ä'.repeat(3_000_000);
    await db.query('INSERT INTO note VALUES (1, $1)', [big]);
    const { rows } = await db.query<{ body: string }>('SELECT body FROM note');
    expect(rows[0]!.body === big).toBe(true);
    const many = await db.query(`SELECT n, repeat('x', 100) AS x FROM generate_series(1, 50000) AS n`);
    expect(many.rowCount).toBe(50_000);
  });

  it('answers hundreds at once, each with its own result', async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, n) => (await db.query('SELECT $1::int AS n', [n])).rows[0]!.n),
    );
    expect(answers).toEqual(Array.from({ length: 400 }, (_, n) => n));
  });
});

describe('an error of a statement', () => {
  it('passes through unchanged and leaves the database usable', async () => {
    await db.query(`INSERT INTO note VALUES (1, 'a')`);
    await expect(db.query(`INSERT INTO note VALUES ($1, 'b')`, [1])).rejects.toMatchObject({ code: '23505' });
    await expect(db.query('SELEC 1')).rejects.toMatchObject({ code: '42601' });
    await expect(db.query('SELECT $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' });
    await expect(db.query('SELECT 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
    await expect(db.query(`DO $$ BEGIN RAISE serialization_failure; END $$`)).rejects.toMatchObject({ code: '40001' });
    expect(await count()).toBe(1);
  });

  it('does not disturb its neighbours', async () => {
    const settled = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => db.query('SELECT 6 / $1::int AS x', [n % 3])),
    );
    expect(settled.map(({ status }) => status)).toEqual(
      Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? 'rejected' : 'fulfilled')),
    );
  });
});

describe('a transaction', () => {
  it('commits what its work did and gives its result', async () => {
    const result = await db.transaction(async (tx) => {
      await tx.query(`INSERT INTO note VALUES (1, 'a')`);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await count()).toBe(1);
  });

  it('rolls back when its work throws, with the very error', async () => {
    const failure = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    const work = db.transaction(async (tx) => {
      await tx.query(`INSERT INTO note VALUES (1, 'a')`);
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    expect(await count()).toBe(0);
  });

  it('never says done when an error in it was swallowed', async () => {
    const work = db.transaction(async (tx) => {
      await tx.query(`INSERT INTO note VALUES (1, 'a')`);
      await tx.query('SELECT 1 / 0').catch(() => {});
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(await count()).toBe(0);
  });

  it('refuses statements after its work is over', async () => {
    const leaked = await db.transaction(async (tx) => tx);
    await expect(leaked.query('SELECT 1')).rejects.toThrow('over');
  });

  it('is READ COMMITTED, and its commit waits for the disk', async () => {
    const { rows } = await db.transaction((tx) =>
      tx.query(`SELECT current_setting('transaction_isolation') AS i, current_setting('synchronous_commit') AS s`),
    );
    expect(rows).toEqual([{ i: 'read committed', s: 'on' }]);
  });

  it('is apart from others that run at the same time', async () => {
    await db.query(`INSERT INTO note VALUES (1, '0')`);
    const increments = Array.from({ length: 25 }, () =>
      db.transaction(async (tx) => {
        const { rows } = await tx.query<{ body: string }>('SELECT body FROM note WHERE id = 1 FOR UPDATE');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
        await tx.query('UPDATE note SET body = $1 WHERE id = 1', [String(Number(rows[0]!.body) + 1)]);
      }),
    );
    const plain = Array.from({ length: 25 }, () => db.query('SELECT 1'));
    await Promise.all([...increments, ...plain]);
    expect((await db.query('SELECT body FROM note')).rows).toEqual([{ body: '25' }]);
  });

  it('is not seen from outside before it commits', async () => {
    let seen = -1;
    let look: Promise<void> | undefined;
    await db.transaction(async (tx) => {
      await tx.query(`INSERT INTO note VALUES (1, 'a')`);
      look = count().then((n) => {
        seen = n;
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(seen).not.toBe(1);
    });
    await look;
    expect(seen).toBe(db.kind === 'postgres' ? 0 : 1);
  });
});

describe('listening', () => {
  it('hears what was committed, in order, until it stops', async () => {
    const heard: string[] = [];
    const stop = await db.listen('Odd "name"', (payload) => heard.push(payload));
    await db.query(`NOTIFY "Odd ""name""", 'one'`);
    await db.transaction((tx) => tx.query(`SELECT pg_notify('Odd "name"', 'two')`));
    await db
      .transaction(async (tx) => {
        await tx.query(`SELECT pg_notify('Odd "name"', 'never')`);
        throw new Error('no');
      })
      .catch(() => {});
    await until(() => heard.length === 2);
    await stop();
    await db.query(`NOTIFY "Odd ""name""", 'three'`);
    await db.query('SELECT 1');
    expect(heard).toEqual(['one', 'two']);
  });

  it('goes on for one listener when another one of the channel stops', async () => {
    const heard: string[] = [];
    const stopFirst = await db.listen('shared', () => {});
    const stopSecond = await db.listen('shared', (payload) => heard.push(payload));
    await stopFirst();
    await db.query(`NOTIFY shared, 'x'`);
    await until(() => heard.length === 1);
    await stopSecond();
  });
});

describe('the pool', () => {
  it('rolls back what a client left open when it is released', async () => {
    const client = await db.pool.connect();
    await client.query('BEGIN');
    await client.query(`INSERT INTO note VALUES (1, 'a')`);
    // A server's pool gives the connection on as it is, unless told that it is not fit for that.
    client.release(db.kind === 'postgres');
    expect(await count()).toBe(0);
  });

  it("lets a client listen for ever without being in anybody's way", async () => {
    const [one, two] = [await db.pool.connect(), await db.pool.connect()];
    const heard: string[] = [];
    one.on('notification', ({ payload }) => heard.push(`one ${payload}`));
    two.on('notification', ({ payload }) => heard.push(`two ${payload}`));
    await one.query('-- a comment\nLISTEN jobs;');
    await two.query('LISTEN jobs');
    await db.query(`NOTIFY jobs, 'a'`);
    await until(() => heard.length === 2);
    await one.query('UNLISTEN jobs');
    await db.query(`NOTIFY jobs, 'b'`);
    await until(() => heard.length === 3);
    expect(heard.sort()).toEqual(['one a', 'two a', 'two b']);
    one.release();
    two.release();
  });

  it('takes callbacks, as the driver does', async () => {
    const rows = await new Promise((resolve, reject) => {
      db.pool.query('SELECT 1 AS one', (error, result) => (error ? reject(error) : resolve(result.rows)));
    });
    expect(rows).toEqual([{ one: 1 }]);
  });
});

it('answers a ping', async () => {
  expect(await db.ping()).toBe(true);
});

it('is unavailable, and says so, once it is closed', async () => {
  const other = await openTestDatabase();
  await other.close();
  expect(await other.db.ping()).toBe(false);
  await expect(other.db.query('SELECT 1')).rejects.toMatchObject({ kind: 'unavailable', code: 'database.unavailable' });
});

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    if (waited > 5_000) throw new Error('It did not come to that within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
