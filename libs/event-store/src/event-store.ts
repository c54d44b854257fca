import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { AppendStats } from './append-stats.js';
import type { NewEvent } from './event-type.js';
import type { EventHeader } from './recorded-event.js';

/**
 * The port to a log of events. Words are those of the field: a *stream* is the history of one thing, a *revision*
 * counts its events from 0, a *position* counts the events of a chain from 1, in the order in which they were committed.
 */

/** `course-0199…`: category, hyphen, id. */
export type StreamName = string;

export type ExpectedRevision = 'no-stream' | 'exists' | 'any' | number;

/** Who did it, where, and what led to it. The same for all events of one append. */
export interface AppendContext {
  /** Id of the person or part of the system that acts: `user:…`, `system:import`, `system:planner`. */
  readonly actor: string;
  /** Site at which it was done, where there is one. */
  readonly site?: Id | undefined;
  readonly origin: 'live' | 'import';
  /** Shared by all that follows from one request. */
  readonly correlationId?: Id | undefined;
  /** The event or command that led to this one. */
  readonly causationId?: Id | undefined;
}

export interface StreamAppend {
  readonly stream: StreamName;
  /** Written at every call: a default would hide a decision about concurrency. */
  readonly expectedRevision: ExpectedRevision;
  readonly events: readonly NewEvent[];
}

/** A stream that was read for the decision but is not written: it must still have this revision (-1: no stream). */
export interface Guard {
  readonly stream: StreamName;
  readonly revision: number;
}

export interface AppendRequest {
  readonly chain: Id;
  /**
   * A command id that was seen before gives the first result and appends nothing. Not every store knows it in the whole
   * chain (`commandsPerChain`), but each does where `streams` names, with events or without, one that the command wrote
   * to. So an append without events, with `any` for each stream in question, asks what a command did.
   */
  readonly commandId: Id;
  readonly streams: readonly StreamAppend[];
  readonly guards?: readonly Guard[];
  readonly context: AppendContext;
}

export interface AppendResult {
  /** Position of the last event of the append; of the chain's head where nothing was appended. */
  readonly position: number;
  /** Revision of each written stream after the append. */
  readonly revisions: Readonly<Record<StreamName, number>>;
  /** True when the command id had been seen before: this is the first append's result. */
  readonly repeated: boolean;
}

/** An event as it is stored: its data as the exact bytes (UTF-8 of `data`), personal data in boxes. */
export interface StoredEvent {
  readonly chain: Id;
  readonly position: number;
  readonly stream: StreamName;
  readonly revision: number;
  readonly recordedAt: Instant;
  /** That of the header, where a store tells it without reading the whole of it. */
  readonly type?: string;
  /** A store may read it anew each time that it is asked for. */
  readonly header: EventHeader;
  /** The exact stored text of the header, which the ledger commits to; a store that keeps it tells it. */
  readonly headerText?: string;
  /** The exact stored text of the data, which the ledger commits to. */
  readonly data: string;
}

export interface ReadOptions {
  /** First revision or position to read; from the beginning when left out. */
  readonly from?: number;
  /** At most so many events; bounded by the store to 10,000. */
  readonly limit?: number;
}

export interface ReadAllOptions extends ReadOptions {
  /** Last position to read; to the end when left out. */
  readonly to?: number;
}

/** What a store can promise beyond an order of positions. */
export interface StoreCapabilities {
  /** Several streams in one append: all or none. */
  readonly atomicStreams: boolean;
  readonly guards: boolean;
  /** Positions without a hole, so that completeness can be shown. */
  readonly gapFree: boolean;
  /** The role that the application uses cannot change or delete an event. */
  readonly immutableByGrant: boolean;
  /** A command id is known again in the whole chain; else in the streams that it wrote to. */
  readonly commandsPerChain: boolean;
}

export interface EventStore {
  readonly capabilities: StoreCapabilities;

  /**
   * Appends events to one or several streams: all of them or none.
   * @throws WrongExpectedRevision with the actual revision, GuardFailed, EventTooLarge, AppendTooLarge (more than 10,000
   * events or 64 MB, or than the server takes), EventDataInvalid, MalformedStreamName, Overloaded when too much waits,
   * Unavailable when the database is gone (nothing or all was appended; the same command id may be sent again).
   */
  append(request: AppendRequest): Promise<AppendResult>;

  /** The events of one stream in the order of revisions, as stored. */
  readStream(chain: Id, stream: StreamName, options?: ReadOptions): Promise<StoredEvent[]>;

  /** The events of a chain in the order of positions, as stored, `from` and `to` included. */
  readAll(chain: Id, options?: ReadAllOptions): Promise<StoredEvent[]>;

  /** The position of the newest event of a chain; 0 when it has none. */
  head(chain: Id): Promise<number>;

  /** The same of every chain, in one question. */
  heads(): Promise<ReadonlyMap<Id, number>>;

  /** Calls back when a chain may have new events. A hint: it may come late, twice or never; polling is the truth. */
  onAppended(callback: (chain: Id) => void): () => void;

  /** What this process has appended; not every store counts. */
  stats?(): AppendStats;

  close(): Promise<void>;
}

/** Revision of a stream that does not exist. */
export const NO_STREAM_REVISION = -1;
