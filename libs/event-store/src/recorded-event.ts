import type { Id } from '#libs/kernel/src/ids.js';
import type { Occurred } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { NewEvent } from './event-type.js';

/** What stands beside the data of a stored event. */
export interface EventHeader {
  readonly id: Id;
  readonly type: string;
  /** Schema version that the stored data has. */
  readonly version: number;
  readonly occurredAt: Occurred;
  readonly actor: string;
  readonly site?: Id;
  readonly origin: 'live' | 'import';
  readonly correlationId?: Id;
  readonly causationId?: Id;
  readonly commandId: Id;
}

interface RecordedEnvelope {
  readonly chain: Id;
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly recordedAt: Instant;
  readonly header: EventHeader;
  readonly occurredAt: Occurred;
}

/**
 * An event that was decoded: lifted to the newest version, validated, its boxes opened (or left out, unopened). Of a
 * union of events it is the union.
 */
export type RecordedEvent<E extends NewEvent = NewEvent> = E extends NewEvent
  ? RecordedEnvelope & { readonly type: E['type']; readonly data: E['data'] }
  : never;
