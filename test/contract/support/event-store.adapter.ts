import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { Database } from '#libs/database/src/database.js';
import type { EventStore, StoreCapabilities } from '#libs/event-store/src/event-store.js';
import type { EventTypes } from '#libs/event-store/src/event-type.js';

/** What the contract suite needs to know of a store, and what it may do to it beyond the port. */
export interface EventStoreAdapter {
  readonly name: string;
  /** What the store has to declare; a store that quietly declares less does not get away with fewer tests. */
  readonly capabilities: StoreCapabilities;
  readonly features: ReadonlySet<Feature>;
  /** Makes an empty place. */
  create(): Promise<Place>;
}

/**
 * What can be done around a store:
 * - `processes`: several processes may have a place open at a time
 * - `relational`: events stand in a relational database: `Place.database` and `Place.asOwner`
 * - `copy`: a place can be dumped and restored elsewhere: `Place.copy`
 * - `harm`: the connections to the database can be cut: `Place.harm`
 * - `proxy`: `Place.behindProxy`
 * - `bounded`: the number of appends that wait can be set when a store is opened
 */
export type Feature = 'processes' | 'relational' | 'copy' | 'harm' | 'proxy' | 'bounded';

/** Where events are kept: stores are opened over it, one after the other or side by side. */
export interface Place {
  /** What `openPlace` takes in another process. */
  readonly location: PlaceLocation;
  newChain(): Promise<Chain>;
  /** Opens a store as a process does that starts. Where several processes may, it has connections of its own. */
  open(options?: OpenOptions): Promise<OpenStore>;
  /** Closes everything that was opened here, as the end of a process does; the next `open` starts afresh. */
  release(): Promise<void>;
  /** Releases and removes it. */
  remove(): Promise<void>;
  /** The database as the application uses it. */
  database?(): Promise<Database>;
  /** Runs a statement with every right. */
  asOwner?(sql: string): Promise<void>;
  /** Releases this place and gives another one with the same content, in another cluster or folder. */
  copy?(): Promise<Place>;
  /** Cuts every connection that the stores have, in the middle of whatever they do. */
  harm?(): Promise<void>;
  /** The same content by way of a proxy that can lose answers. Removing it removes the way, not the content. */
  behindProxy?(): Promise<{ readonly place: Place; readonly loseAnswers: LoseAnswers }>;
}

/** Lets the database do what the next `count` batches ask of it, and loses its answers. */
export type LoseAnswers = (count: number) => void;

export type PlaceLocation =
  | { readonly kind: 'pglite'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'kurrentdb'; readonly url: string; readonly databaseUrl: string };

export interface OpenOptions {
  /** Bytes that an event may have. */
  readonly eventBytesMax?: number;
  /** Appends that may wait. Only with the feature `bounded`. */
  readonly waitingMax?: number;
  readonly eventTypes?: EventTypes;
}

export interface OpenStore {
  readonly store: EventStore;
  readonly codec: Codec;
}
