import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { type EventType, EventTypes } from '#libs/event-store/src/event-type.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { type MasterKey, settleMasterKey } from '#libs/event-store/src/master-key.js';
import { demandLogPlace, settleLogPlace } from '#libs/event-store/src/log-place.js';
import { migrateEventStore, PostgresEventStore } from '#libs/event-store/src/postgres.event-store.js';
import { BucketKeys, settleKeyVault } from '#libs/event-store/src/bucket-keys.js';
import type { KeyVault } from '#libs/event-store/src/key-vault.js';
import type { RewrappedKeys } from '#libs/event-store/src/rewrapped-keys.js';
import { DerivedKeyVault } from '#libs/event-store/src/secret.key-vault.js';
import { listenForDestroyedKeys } from '#libs/event-store/src/destroyed-keys.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { migrateProjections } from '#libs/projections/src/checkpoints.js';

/** What events and read models stand on, put together once for a process. */
export interface Engine {
  readonly db: Database;
  readonly master: MasterKey;
  readonly chains: Chains;
  readonly boxes: Boxes;
  readonly codec: Codec;
  readonly codes: ExternalCodes;
  readonly keys: SubjectKeys;
  /** The keys that wrap those of persons. */
  readonly bucketKeys: BucketKeys;
  readonly store: EventStore;
  readonly runner: CommandRunner;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly db: Database;
  /** Gives the master key; `mayCreate` tells whether a fresh one is allowed, since nothing was written yet. */
  readonly masterKey: (mayCreate: boolean) => MasterKey;
  /**
   * Gives the vault of the bucket keys; `mayCreate` as for the master key. Left out, they follow from the master key: for
   * what is thrown away again, since nothing in it is ever erased for good.
   */
  readonly keyVault?: ((mayCreate: boolean) => KeyVault) | undefined;
  /** Where survivors of a changed bucket are kept for older backups. */
  readonly rewrapped?: RewrappedKeys | undefined;
  readonly eventTypes: readonly EventType[];
  /** A server that keeps the events; without it, the database does. */
  readonly kurrentdb?: { readonly url: string; readonly allowUnguarded: boolean } | undefined;
  /** Bytes that an event may have; 1,000,000 where it is not said. */
  readonly eventBytesMax?: number | undefined;
}

/**
 * Brings the tables up to date and puts the engine together. Closing it leaves the database open.
 * @throws MasterKeyProblem, KeyVaultProblem when keys are missing or not those that the data was written with; Refused
 *   `event-store.in-database`, `event-store.in-kurrentdb` when events were kept elsewhere so far; what the store throws
 */
export async function openEngine({
  db,
  masterKey,
  keyVault,
  rewrapped,
  eventTypes,
  kurrentdb,
  eventBytesMax,
}: EngineOptions): Promise<Engine> {
  await migrateEventStore(db);
  await migrateProjections(db);
  const master = await settleMasterKey(db, masterKey);
  const chains = new Chains(db);
  const vault = keyVault === undefined ? new DerivedKeyVault(master) : await settleKeyVault(db, keyVault);
  const keys = new SubjectKeys(db, master, vault);
  const bucketKeys = new BucketKeys({ db, master, vault, rewrapped });
  const boxes = new Boxes(keys);
  const codec = new Codec(new EventTypes(eventTypes), boxes, eventBytesMax);
  const store = await openStore(db, chains, codec, kurrentdb);
  const codes = new ExternalCodes(db, boxes, master);
  const runner = new CommandRunner(store, codec, chains);
  const unlisten = await listenForDestroyedKeys(db, keys);
  const close = async () => {
    await unlisten();
    await store.close();
  };
  return { db, master, chains, boxes, codec, codes, keys, bucketKeys, store, runner, close };
}

async function openStore(
  db: Database,
  chains: Chains,
  codec: Codec,
  kurrentdb: EngineOptions['kurrentdb'],
): Promise<EventStore> {
  if (kurrentdb === undefined) {
    await settleLogPlace(db, 'database');
    return PostgresEventStore.open(db, chains, codec);
  }
  await demandLogPlace(db, 'kurrentdb');
  const { KurrentDbEventStore } = await import('#libs/event-store/src/kurrentdb.event-store.js');
  const store = await KurrentDbEventStore.open({ ...kurrentdb, chains, codec });
  try {
    // Not before the server was there: a URL that was mistyped at the first start settles nothing.
    await settleLogPlace(db, 'kurrentdb');
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
