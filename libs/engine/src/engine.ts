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
  readonly store: EventStore;
  readonly runner: CommandRunner;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly db: Database;
  /** Gives the master key; `mayCreate` tells whether a fresh one is allowed, since nothing was written yet. */
  readonly masterKey: (mayCreate: boolean) => MasterKey;
  readonly eventTypes: readonly EventType[];
  /** A server that keeps the events; without it, the database does. */
  readonly kurrentdb?: { readonly url: string; readonly allowUnguarded: boolean } | undefined;
  /** Bytes that an event may have; 1,000,000 where it is not said. */
  readonly eventBytesMax?: number | undefined;
}

/**
 * Brings the tables up to date and puts the engine together. Closing it leaves the database open.
 * @throws MasterKeyProblem when the key is missing or not the one that the data was written with; Refused
 *   `event-store.in-database`, `event-store.in-kurrentdb` when events were kept elsewhere so far; what the store throws
 */
export async function openEngine({
  db,
  masterKey,
  eventTypes,
  kurrentdb,
  eventBytesMax,
}: EngineOptions): Promise<Engine> {
  await migrateEventStore(db);
  await migrateProjections(db);
  const master = await settleMasterKey(db, masterKey);
  const chains = new Chains(db);
  const keys = new SubjectKeys(db, master);
  const boxes = new Boxes(keys);
  const codec = new Codec(new EventTypes(eventTypes), boxes, eventBytesMax);
  const store = await openStore(db, chains, codec, kurrentdb);
  const codes = new ExternalCodes(db, boxes, master);
  const runner = new CommandRunner(store, codec, chains);
  return { db, master, chains, boxes, codec, codes, keys, store, runner, close: () => store.close() };
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
