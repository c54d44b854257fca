import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Database } from '#libs/database/src/database.js';
import type { Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore, StoreCapabilities } from '#libs/event-store/src/event-store.js';
import { KurrentDbEventStore } from '#libs/event-store/src/kurrentdb.event-store.js';
import type { EventStoreAdapter, OpenOptions, PlaceLocation } from '../support/event-store.adapter.js';
import { createPlaceOnServer, PostgresPlace } from './postgres.adapter.js';

/** A cluster that elects a leader meanwhile needs its time. */
const PROBE_MS_MAX = 60_000;
const NEWEST: StoreCapabilities = {
  atomicStreams: true,
  guards: true,
  gapFree: false,
  immutableByGrant: false,
  commandsPerChain: false,
};

/**
 * Events on a KurrentDB server; chains and keys on PostgreSQL beside it. Fresh chains keep tests apart, so a
 * server may hold other events already; but each chain is looked for in all of them, and tens of thousands take their time.
 */
export class KurrentDbPlace extends PostgresPlace {
  constructor(
    private readonly serverUrl: string,
    databaseUrl: string,
    destroy: () => Promise<void>,
  ) {
    super(databaseUrl, destroy);
  }

  override get location(): PlaceLocation {
    return { kind: 'kurrentdb', url: this.serverUrl, databaseUrl: this.databaseUrl };
  }

  protected override openStore(
    _db: Database,
    chains: Chains,
    codec: Codec,
    { waitingMax }: OpenOptions,
  ): Promise<EventStore> {
    // With one append under way at a time, the others of a test wait, however fast the server is.
    const limits = waitingMax === undefined ? {} : { waitingMax, runningMax: 1 };
    return KurrentDbEventStore.open({ url: this.serverUrl, chains, codec, allowUnguarded: true, limits });
  }
}

/**
 * @param url of the KurrentDB server
 * @param databaseUrl of a PostgreSQL role that may create databases
 * @param capabilities those of the newest server where none is given
 */
export const kurrentDbAdapter = (
  url: string,
  databaseUrl: string,
  capabilities: StoreCapabilities = NEWEST,
): EventStoreAdapter => ({
  name: 'KurrentDB',
  capabilities,
  // Its connections are the client's and its dumps the server's: not ours to cut or to make.
  features: new Set(['processes', 'bounded']),
  create: async () => {
    const beside = await createPlaceOnServer(databaseUrl);
    return new KurrentDbPlace(url, beside.databaseUrl, () => beside.remove());
  },
});

/**
 * What the server can depends on its version, and Jest must know which tests to skip before it runs the first: so a
 * process asks, while this one stands still.
 */
export function askForCapabilities(url: string, databaseUrl: string): StoreCapabilities {
  const root = join(import.meta.dirname, '..', '..', '..');
  const loader = pathToFileURL(join(root, 'test', 'support', 'typescript-loader.mjs')).href;
  const script = join(root, 'test', 'contract', 'support', 'print-capabilities.ts');
  const { stdout, stderr } = spawnSync(process.execPath, ['-C', 'app-source', '--import', loader, script], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', KURRENTDB_URL: url, DATABASE_URL: databaseUrl },
    encoding: 'utf8',
    timeout: PROBE_MS_MAX,
  });
  const answer = /^capabilities (.*)$/m.exec(stdout)?.[1];
  if (answer === undefined)
    throw new Error(`KurrentDB cannot be tested: ${stderr || `no answer within ${PROBE_MS_MAX} ms`}`);
  return JSON.parse(answer) as StoreCapabilities;
}
