import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Pool } from 'pg';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { toDatabaseError } from './database.errors.js';
import { acquireFolderLock } from './folder-lock.js';
import type { FolderLock } from './folder-lock.js';
import { compilePglite, PgliteHost } from './pglite.host.js';
import type { HostOptions } from './pglite.host.js';
import { maintain } from './pglite.maintenance.js';
import { PglitePool } from './pglite.pool.js';
import { provideDatabase } from './pglite.template.js';
import { PooledDatabase } from './pooled.database.js';

/** What is under way at `close` is waited for; a transaction that somebody forgot is not. */
const DRAIN_MS_MAX = 10_000;
/**
 * V8 lets a heap grow to a multiple of what lives in it before it collects the old generation, more so the more memory
 * the machine has: an import, of which 30 MB live, then holds hundreds of MB of garbage. The process that is its own
 * database collects at this much more instead, which costs no time that could be measured.
 */
const HEAP_GROWING_PERCENT = 40;

export interface PgliteOptions extends HostOptions {
  /** The folder is thrown away after a test: making it need not survive a power cut. What is committed in it does. */
  readonly scratch?: boolean;
  /** How long a transaction may do nothing while others wait for it (default 15 s). */
  readonly idleMsMax?: number;
}

/**
 * Opens the embedded database in a folder of ours (mode 0700; the database itself is in `pgdata` below it), making it
 * when there is none, and takes the folder for this process.
 *
 * @throws Conflict `folder.locked` when another process has it; Unavailable `database.not-durable` when commits do not
 *   reach the disk, `database.unavailable` when it does not start.
 */
export async function openPglite(
  folder: string,
  { scratch, idleMsMax, ...options }: PgliteOptions = {},
): Promise<PgliteDatabase> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  const data = resolve(folder);
  let database: PgliteDatabase | undefined;
  let lock: FolderLock | undefined;
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    await chmod(data, 0o700);
    lock = await acquireFolderLock(data, () => void database?.abandon());
    void compilePglite();
    const pgdata = join(data, 'pgdata');
    await provideDatabase(pgdata, { scratch });
    database = new PgliteDatabase(new PgliteHost(pgdata, options), lock, idleMsMax);
    await database.query('SELECT 1');
    return database;
  } catch (error) {
    await database?.close();
    lock?.release();
    throw toDatabaseError(error);
  }
}

export class PgliteDatabase extends PooledDatabase {
  readonly kind = 'pglite';
  readonly pool: Pool;
  private readonly virtualPool: PglitePool;
  private readonly stopMaintenance: () => Promise<void>;
  private closing: Promise<void> | undefined;

  constructor(
    /** The worker thread; for tests that hurt it, and for its figures. */
    readonly host: PgliteHost,
    /** The claim on the folder; `setUrl` tells the command line where the server is. */
    readonly lock: FolderLock,
    idleMsMax?: number,
  ) {
    super();
    this.virtualPool = new PglitePool(host, idleMsMax);
    this.pool = this.virtualPool.asPool();
    this.stopMaintenance = maintain(this, () => host.fsyncs);
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    try {
      return await this.virtualPool.listen(channel, onNotify);
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  get applicationRole(): string | undefined {
    return this.host.applicationRole;
  }

  get readerRole(): string | undefined {
    return this.host.readerRole;
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  /** Somebody else may have the folder now: not one more write. */
  async abandon(): Promise<void> {
    await this.host.kill(
      new Unavailable('database.unavailable', 'The lock file of the data folder was removed by somebody'),
    );
  }

  private async shutDown(): Promise<void> {
    await this.stopMaintenance();
    await Promise.race([this.virtualPool.end(), sleep(DRAIN_MS_MAX, undefined, { ref: false })]);
    await this.host.close();
    this.lock.release();
  }
}
