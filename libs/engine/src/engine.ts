import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { type EventType, EventTypes } from '#libs/event-store/src/event-type.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { type MasterKey, settleMasterKey } from '#libs/event-store/src/master-key.js';
import { migrateEventStore, PostgresEventStore } from '#libs/event-store/src/postgres.event-store.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { Refused } from '#libs/kernel/src/errors.js';
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
}

/**
 * Brings the tables up to date and puts the engine together. Closing it leaves the database open.
 * @throws MasterKeyProblem when the key is missing or not the one that the data was written with; Refused
 *   `event-store.in-database` when events are to be kept elsewhere and the database has some; what the store throws
 */
export async function openEngine({ db, masterKey, eventTypes, kurrentdb }: EngineOptions): Promise<Engine> {
  await migrateEventStore(db);
  await migrateProjections(db);
  const master = await settleMasterKey(db, masterKey);
  const chains = new Chains(db);
  const keys = new SubjectKeys(db, master);
  const boxes = new Boxes(keys);
  const codec = new Codec(new EventTypes(eventTypes), boxes);
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
  if (kurrentdb === undefined) return PostgresEventStore.open(db, chains, codec);
  const { rows } = await db.query<{ found: boolean }>('select exists (select from event_log) as found');
  if (rows[0]?.found) {
    throw new Refused(
      'event-store.in-database',
      'The database holds events already; those of KURRENTDB_URL would be others. Unset it, or use an empty database.',
    );
  }
  const { KurrentDbEventStore } = await import('#libs/event-store/src/kurrentdb.event-store.js');
  return KurrentDbEventStore.open({ ...kurrentdb, chains, codec });
}
