import type { Database } from '#libs/database/src/database.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { type Chain, Chains } from '#libs/event-store/src/chains.js';
import { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { GROUP_COMMIT_LIMITS } from '#libs/event-store/src/group-commit.js';
import { claimMasterKey, MasterKey } from '#libs/event-store/src/master-key.js';
import { migrateEventStore, PostgresEventStore } from '#libs/event-store/src/postgres.event-store.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { newId } from '#libs/kernel/src/ids.js';
import { CONTRACT_TYPES } from '../support/contract-events.js';
import type { OpenOptions, OpenStore, Place, PlaceLocation } from '../support/event-store.adapter.js';

/** Every process of the suite takes the same one. */
const master = new MasterKey(Buffer.alloc(32, 7));

/** What the places have in common: chains and keys are relational, whatever holds the events. */
export abstract class RelationalPlace implements Place {
  abstract get location(): PlaceLocation;
  private stores: EventStore[] = [];

  /** For a store, and for what the suite itself wants to know. */
  protected abstract openDatabase(): Promise<Database>;
  protected abstract closeDatabases(): Promise<void>;
  protected abstract readonly destroy: () => Promise<void>;

  /** Makes the tables. */
  async prepare(): Promise<void> {
    const db = await this.openDatabase();
    await migrateEventStore(db);
    await claimMasterKey(db, master);
    await this.release();
  }

  async newChain(): Promise<Chain> {
    return new Chains(await this.database()).ensure(`contract-${newId()}`, true);
  }

  async open(options: OpenOptions = {}): Promise<OpenStore> {
    const { eventBytesMax, eventTypes = CONTRACT_TYPES } = options;
    const db = await this.openDatabase();
    const codec = new Codec(eventTypes, new Boxes(new SubjectKeys(db, master)), eventBytesMax);
    const store = await this.openStore(db, new Chains(db), codec, options);
    this.stores.push(store);
    return { store, codec };
  }

  async release(): Promise<void> {
    const { stores } = this;
    this.stores = [];
    await Promise.all(stores.map((store) => store.close()));
    await this.closeDatabases();
  }

  async remove(): Promise<void> {
    await this.release();
    await this.destroy();
  }

  abstract database(): Promise<Database>;

  protected openStore(
    db: Database,
    chains: Chains,
    codec: Codec,
    { waitingMax = GROUP_COMMIT_LIMITS.waitingMax }: OpenOptions,
  ): Promise<EventStore> {
    return PostgresEventStore.open(db, chains, codec, { ...GROUP_COMMIT_LIMITS, waitingMax });
  }
}
