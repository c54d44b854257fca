import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { bringUpToDate } from '#libs/composition/src/bring-up-to-date.js';
import { openDatabase } from '#libs/composition/src/open-database.js';
import { openPistor } from '#libs/composition/src/pistor.js';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { NOTHING, readAs, ReaderDatabase } from '#libs/database/src/reader.database.js';
import { type Configuration, readConfiguration } from '#libs/engine/src/configuration.js';
import { openEngine } from '#libs/engine/src/engine.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { ATTEMPTS_ON_THE_LOG } from './support/attempts-on-the-log.js';
import { goOn, makePreviousVersion } from './support/previous-version.js';

/** A database of its own with logins of its own, none of them a superuser. */
class Place {
  readonly name = `pistor_grants_${randomBytes(6).toString('hex')}`;
  private readonly logins: string[] = [];

  static async make(ownerAttributes: string): Promise<Place> {
    const place = new Place();
    await place.asAdministrator(`create role ${place.login('owner')} login ${ownerAttributes} password 'secret'`);
    await place.asAdministrator(`create database ${place.name} owner ${place.name}_owner template template0`);
    return place;
  }

  /** The name of a login, which is removed in the end. */
  login(suffix: string): string {
    this.logins.push(`${this.name}_${suffix}`);
    return `${this.name}_${suffix}`;
  }

  url(suffix: string, database = this.name): string {
    const url = new URL(process.env['DATABASE_URL'] as string);
    url.pathname = `/${database}`;
    url.username = `${this.name}_${suffix}`;
    url.password = 'secret';
    return url.href;
  }

  async asAdministrator(sql: string, database?: string): Promise<void> {
    const url = new URL(process.env['DATABASE_URL'] as string);
    if (database !== undefined) url.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }

  async remove(): Promise<void> {
    await this.asAdministrator(`drop database if exists ${this.name} with (force)`);
    for (const login of [...this.logins, `${this.name}_application`, `${this.name}_reader`]) {
      await this.asAdministrator(`drop role if exists ${login}`);
    }
  }
}

let place: Place;

afterEach(() => place.remove());

describe('a login that may make roles', () => {
  beforeEach(async () => {
    place = await Place.make('createrole');
  });

  it('runs as the application, to which every session comes back', async () => {
    const db = await openPostgres(place.url('owner'));
    expect(db.warning).toBeUndefined();
    const { rows } = await db.query('reset role; select current_user::text as name');
    expect(rows).toEqual([{ name: `${place.name}_application` }]);
    await db.close();
  });

  it('goes on with a database of the version in which it did everything', async () => {
    const old = await openPostgres(place.url('owner'), { as: 'login' });
    await makePreviousVersion(old);
    await old.close();
    const db = await openPostgres(place.url('owner'));
    expect(await goOn(db)).toMatchObject({ rebuilt: [{ sum: 12 }], strays: [], immutable: true });
    await db.close();
  }, 30_000);

  it('opens a new database in many processes at once', async () => {
    const opened = await Promise.all(
      Array.from({ length: 12 }, () => openPostgres(place.url('owner'), { poolMax: 1 })),
    );
    for (const db of opened)
      expect(db).toMatchObject({ applicationRole: `${place.name}_application`, warning: undefined });
    await Promise.all(opened.map((db) => db.close()));
  }, 30_000);

  it('is given its rights again where they were lost, as by a dump without them', async () => {
    const first = await openPostgres(place.url('owner'));
    expect(await goOnFromNothing(first)).toBe(true);
    await first.close();
    await place.asAdministrator(
      `revoke all on all tables in schema public from ${place.name}_application;
       revoke all on all functions in schema public from ${place.name}_application;
       revoke usage on schema public from ${place.name}_application, public;
       revoke create on database ${place.name} from ${place.name}_application;
       grant all on function append_events to public; grant insert on event_log to ${place.name}_application`,
      place.name,
    );
    const second = await openPostgres(place.url('owner'));
    expect(await goOnFromNothing(second)).toBe(true);
    await expect(second.query('insert into event_log default values')).rejects.toMatchObject({ code: '42501' });
    await second.close();
  }, 30_000);
});

describe('the role for limited reads', () => {
  it('is made at the next start where a version without it has been, and again where it was taken away', async () => {
    place = await Place.make('createrole');
    const first = await openPostgres(place.url('owner'));
    await goOnFromNothing(first);
    await first.close();
    await place.asAdministrator(`drop owned by ${place.name}_reader; drop role ${place.name}_reader`, place.name);
    const second = await openPostgres(place.url('owner'));
    expect(second).toMatchObject({ readerRole: `${place.name}_reader`, warning: undefined });
    await goOnFromNothing(second);
    expect(await readAs({ sites: [], patients: [] }, () => erasedOf(second))).toEqual([]);
    await second.close();
  }, 30_000);

  it('is missed by a login that may not make it, which goes on without and says how to mend that', async () => {
    place = await Place.make('');
    await place.asAdministrator(
      `create role ${place.name}_application; grant ${place.name}_application to ${place.name}_owner`,
    );
    const without = await openPostgres(place.url('owner'));
    expect(without).toMatchObject({ applicationRole: `${place.name}_application`, readerRole: undefined });
    const mend = `CREATE ROLE "${place.name}_reader"; GRANT "${place.name}_reader" TO "${place.name}_application";`;
    expect(without.warning).toContain(mend);
    expect(await goOnFromNothing(without)).toBe(true);
    expect(await readAs({ sites: [], patients: [] }, () => erasedOf(without))).toEqual([]);
    await without.close();

    await place.asAdministrator(mend);
    const withRole = await openPostgres(place.url('owner'));
    expect(withRole).toMatchObject({ readerRole: `${place.name}_reader`, warning: undefined });
    await withRole.close();
  }, 30_000);
});

describe('a login that may not make roles', () => {
  beforeEach(async () => {
    place = await Place.make('');
  });

  it('works without the role, says so and how to mend it, and takes the role once it is given', async () => {
    const without = await openPostgres(place.url('owner'));
    expect(without.applicationRole).toBeUndefined();
    const mend =
      `CREATE ROLE "${place.name}_application"; GRANT "${place.name}_application" TO "${place.name}_owner"; ` +
      `CREATE ROLE "${place.name}_reader"; GRANT "${place.name}_reader" TO "${place.name}_application";`;
    expect(without.warning).toContain(mend);
    await makePreviousVersion(without);
    expect(await goOn(without)).toMatchObject({ rebuilt: [{ sum: 12 }], immutable: false });
    await without.close();

    await place.asAdministrator(mend);
    const withRole = await openPostgres(place.url('owner'));
    expect(withRole.warning).toBeUndefined();
    expect(await goOn(withRole)).toMatchObject({ position: 3, strays: [], immutable: true });
    await withRole.close();
  }, 30_000);
});

describe('a login of its own for the application', () => {
  let folder: string;
  let configuration: Configuration;

  beforeEach(async () => {
    place = await Place.make('createrole');
    folder = await mkdtemp(join(tmpdir(), 'pistor strict '));
    place.login('app');
    configuration = readConfiguration({
      DATABASE_URL: place.url('app'),
      DATABASE_OWNER_URL: place.url('owner'),
      PISTOR_MASTER_KEY_FILE: join(folder, 'master.key'),
    });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const unowned = () => ({ ...configuration, databaseOwnerUrl: undefined });

  it('is made by the owner, works with what the owner made, and is found the next time', async () => {
    const { applied, login, warning } = await bringUpToDate(configuration);
    expect(applied).toContain('event-store/0004_grants.sql');
    expect(login).toBe(`${place.name}_app`);
    expect(warning).toBeUndefined();

    const pistor = await openPistor(unowned(), silentLog);
    expect(pistor.engine.store.capabilities.immutableByGrant).toBe(true);
    // Read models, and the queue's own tables, which the application makes.
    await pistor.workers.start();
    await pistor.readModelsAtHead(pistor.chain);
    await pistor.projections.rebuild('course_progress');
    const limited = () => pistor.messaging.queries.list(pistor.chain, { limit: 10 } as never);
    expect(await readAs(NOTHING, limited)).toEqual({ items: [], next: null });
    expect(await readAs(NOTHING, () => whoReads(pistor.reads))).toBe(`${place.name}_reader`);
    expect(await pistor.health()).toMatchObject({ database: { status: 'ok' } });
    await pistor.close();

    expect(await bringUpToDate(configuration)).toMatchObject({ applied: [], login: undefined });
    // A process may bring the tables up to date itself.
    const { db } = await openDatabase(configuration);
    expect(await db.ping()).toBe(true);
    await db.close();
  }, 60_000);

  it('is told who can make what is missing', async () => {
    await place.asAdministrator(`create role ${place.name}_app login password 'secret'`);
    await expect(openPistor(unowned(), silentLog)).rejects.toMatchObject({
      kind: 'refused',
      code: 'database.migrations-pending',
      message: expect.stringMatching(/lacks its tables, .*_app.*`pistor migrate`.*DATABASE_OWNER_URL/),
    });
    await bringUpToDate(configuration);
    await place.asAdministrator(`delete from schema_migrations where component = 'messaging'`, place.name);
    await expect(openPistor(unowned(), silentLog)).rejects.toMatchObject({
      code: 'database.migrations-pending',
      message: expect.stringContaining('0001_messaging.sql of messaging'),
    });
  }, 30_000);

  describe('cannot, with whatever SQL,', () => {
    it.each([
      ['reset role'],
      ['set role none'],
      [`select set_config('role', 'none', false)`],
      ['reset session authorization'],
      ['set session authorization default'],
      ['discard all'],
    ])(
      'do anything to the log after %s',
      async (before) => {
        await bringUpToDate(configuration);
        const { db } = await openDatabase(unowned());
        const owner = `${place.name}_owner`;
        for (const [, sql] of ATTEMPTS_ON_THE_LOG) {
          const client = await db.pool.connect();
          try {
            await client.query(before);
            await client.query('begin');
            await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
            await client.query('rollback');
          } finally {
            client.release(true);
          }
        }
        for (const sql of [
          `set role ${owner}`,
          `set session authorization ${owner}`,
          `reassign owned by ${owner} to current_user`,
          `grant ${owner} to current_user`,
          `alter role ${owner} password 'known'`,
          `alter role session_user createrole`,
        ]) {
          const client = await db.pool.connect();
          await client.query(before);
          await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
          client.release(true);
        }
        await db.close();
      },
      60_000,
    );
  });
});

async function whoReads(reads: Queryable): Promise<string | undefined> {
  return (await reads.query<{ name: string }>('select current_user::text as name')).rows[0]?.name;
}

/** What no read that is limited can do without. */
async function erasedOf(db: Database): Promise<object[]> {
  const { rows } = await new ReaderDatabase(db, []).query(
    'select subject from subject_key where destroyed_at is not null',
  );
  return rows;
}

/** Does the store of a database without history work, and is it immutable? */
async function goOnFromNothing(db: Database): Promise<boolean> {
  const engine = await openEngine({ db, masterKey: () => new MasterKey(Buffer.alloc(32, 3)), eventTypes: [] });
  await engine.chains.ensure('main', true);
  await engine.close();
  return engine.store.capabilities.immutableByGrant;
}
