import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { asOwner } from '../../../test/support/test-database.js';
import { openPostgres } from './postgres.database.js';
import type { PostgresDatabase } from './postgres.database.js';

/** A stretch of network to the server that can be cut. */
class Line {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  constructor(private readonly target: URL) {}

  async up(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(Number(this.target.port || 5432), this.target.hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => {}).on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => this.server!.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const closed = new Promise((resolve) => this.server!.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await closed;
  }

  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }
}

const unavailable = { kind: 'unavailable', code: 'database.unavailable' };

describe('a PostgreSQL server that goes away', () => {
  let line: Line;
  let db: PostgresDatabase;

  beforeEach(async () => {
    line = new Line(new URL(process.env.DATABASE_URL!));
    await line.up();
    db = await openPostgres(line.url, { poolMax: 4 });
  });

  afterEach(async () => {
    await db.close();
    await line.down().catch(() => {});
  });

  it('makes everything unavailable, and work goes on without a restart when it is back', async () => {
    const heard: string[] = [];
    await db.listen('news', (payload) => heard.push(payload));
    const pending = db.query('SELECT pg_sleep(10)');
    const work = db.transaction(async (tx) => {
      await tx.query('SELECT 1');
      await sleep(100);
      await tx.query('SELECT 1');
    });
    const settled = Promise.allSettled([pending, work]);
    await sleep(50);
    await line.down();
    for (const result of await settled) expect(result).toMatchObject({ status: 'rejected', reason: unavailable });
    await expect(db.query('SELECT 1')).rejects.toMatchObject(unavailable);
    expect(await db.ping()).toBe(false);

    await line.up();
    expect(await db.ping()).toBe(true);
    await db.transaction((tx) => tx.query('SELECT 1'));
    for (let tries = 0; heard.length === 0 && tries < 100; tries++) {
      await db.query(`NOTIFY news, 'back'`);
      await sleep(100);
    }
    expect(heard[0]).toBe('back');
  });

  it('is told when one of its connections is ended by the server, and goes on with another', async () => {
    const work = asOwner(db, 'SELECT pg_terminate_backend(pg_backend_pid())');
    await expect(work).rejects.toMatchObject(unavailable);
    expect((await db.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('keeps the connection after an error of a mere statement', async () => {
    const pid = async () => (await db.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const before = await pid();
    await expect(db.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    expect(await pid()).toBe(before);
  });

  it('is refused at once where there is no server', async () => {
    await line.down();
    await expect(openPostgres(line.url)).rejects.toMatchObject(unavailable);
    await line.up();
  });

  it('works in a schema of its own, made when missing', async () => {
    const name = 'Odd schema';
    const other = await openPostgres(line.url, { schema: name });
    await asOwner(other, 'CREATE TABLE here (n integer)');
    const { rows } = await other.query(`SELECT schemaname FROM pg_tables WHERE tablename = 'here'`);
    expect(rows).toEqual([{ schemaname: name }]);
    await asOwner(other, `DROP SCHEMA "Odd schema" CASCADE`);
    await other.close();
  });
});
