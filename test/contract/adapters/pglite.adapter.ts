import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPglite, type PgliteDatabase } from '#libs/database/src/pglite.database.js';
import { asOwner } from '#test/support/test-database.js';
import type { EventStoreAdapter, PlaceLocation } from '../support/event-store.adapter.js';
import { RelationalPlace } from './relational.place.js';

/** A folder. One process may have it at a time, and all stores of that process share its one session. */
export class PglitePlace extends RelationalPlace {
  private opening: Promise<PgliteDatabase> | undefined;

  constructor(private readonly folder: string) {
    super();
  }

  get location(): PlaceLocation {
    return { kind: 'pglite', folder: this.folder };
  }

  database(): Promise<PgliteDatabase> {
    this.opening ??= openPglite(this.folder, { scratch: true });
    return this.opening;
  }

  async asOwner(sql: string): Promise<void> {
    await asOwner(await this.database(), sql);
  }

  async copy(): Promise<PglitePlace> {
    await this.release();
    const folder = await newFolder();
    await cp(join(this.folder, 'pgdata'), join(folder, 'pgdata'), { recursive: true });
    return new PglitePlace(folder);
  }

  async harm(): Promise<void> {
    await (await this.database()).host.kill();
  }

  protected override openDatabase(): Promise<PgliteDatabase> {
    return this.database();
  }

  protected override async closeDatabases(): Promise<void> {
    const database = await this.opening;
    this.opening = undefined;
    await database?.close();
  }

  protected override readonly destroy = () => rm(this.folder, { recursive: true, force: true });
}

const newFolder = () => mkdtemp(join(tmpdir(), 'pistor contract '));

export const pgliteAdapter: EventStoreAdapter = {
  name: 'PGlite',
  capabilities: { atomicStreams: true, guards: true, gapFree: true, immutableByGrant: true, commandsPerChain: true },
  features: new Set(['relational', 'copy', 'harm', 'bounded']),
  create: async () => {
    const place = new PglitePlace(await newFolder());
    await place.prepare();
    return place;
  },
};
