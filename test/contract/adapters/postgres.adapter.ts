import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '#libs/database/src/database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { asOwner, createOnServer, onServer } from '#test/support/test-database.js';
import { findPostgresProgram, startPostgres } from '../../../scripts/services.mjs';
import type { EventStoreAdapter, PlaceLocation } from '../support/event-store.adapter.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { RelationalPlace } from './relational.place.js';

const run = promisify(execFile);

/** A database on a server. Every store has a pool of its own, as every process has. */
export class PostgresPlace extends RelationalPlace {
  private databases: Database[] = [];
  private own: Promise<Database> | undefined;

  constructor(
    readonly databaseUrl: string,
    /** What removes it, with the server where that was started for it. */
    protected override readonly destroy: () => Promise<void>,
  ) {
    super();
  }

  get location(): PlaceLocation {
    return { kind: 'postgres', url: this.databaseUrl };
  }

  database(): Promise<Database> {
    this.own ??= this.openDatabase();
    return this.own;
  }

  async asOwner(sql: string): Promise<void> {
    await asOwner(await this.database(), sql);
  }

  async copy(): Promise<PostgresPlace> {
    await this.release();
    const server = await startPostgres();
    const place = new PostgresPlace(server.url, () => server.stop());
    const folder = await mkdtemp(join(tmpdir(), 'pistor-dump-'));
    try {
      const dump = join(folder, 'dump');
      await run(findPostgresProgram('pg_dump'), ['--format=custom', `--file=${dump}`, `--dbname=${this.databaseUrl}`]);
      // Roles belong to a cluster and are not in a dump: owner and grants are made anew, the latter by the migrations.
      const what = ['--no-owner', '--no-acl', '--exit-on-error', `--dbname=${server.url}`, dump];
      await run(findPostgresProgram('pg_restore'), what);
      await place.prepare();
      return place;
    } catch (error) {
      await place.remove();
      throw error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  harm(): Promise<void> {
    return onServer(
      this.databaseUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
  }

  async behindProxy() {
    const proxy = await CuttingProxy.start(this.databaseUrl);
    const place = new PostgresPlace(proxy.url, () => proxy.stop());
    return { place, loseAnswers: (count: number) => proxy.cutAnswersTo('append_events', count) };
  }

  protected override async openDatabase(): Promise<Database> {
    const database = await openPostgres(this.databaseUrl);
    this.databases.push(database);
    return database;
  }

  protected override async closeDatabases(): Promise<void> {
    const { databases } = this;
    this.databases = [];
    this.own = undefined;
    await Promise.all(databases.map((database) => database.close()));
  }
}

/** An empty database on a server. */
export async function createPlaceOnServer(serverUrl: string): Promise<PostgresPlace> {
  const { url, drop } = await createOnServer(serverUrl);
  const place = new PostgresPlace(url, drop);
  await place.prepare();
  return place;
}

/** @param serverUrl of a role that may create databases */
export const postgresAdapter = (serverUrl: string): EventStoreAdapter => ({
  name: 'PostgreSQL',
  capabilities: { atomicStreams: true, guards: true, gapFree: true, immutableByGrant: true, commandsPerChain: true },
  features: new Set(['processes', 'relational', 'copy', 'harm', 'proxy', 'bounded']),
  create: () => createPlaceOnServer(serverUrl),
});
