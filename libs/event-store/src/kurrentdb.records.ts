import type { BinaryEventData, ResolvedEvent } from '@kurrent/kurrentdb-client';
import { Refused } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { z } from 'zod';
import type { EncodedEvent } from './codec.js';
import { UnreadableEvent } from './event-store.errors.js';
import type { StoredEvent, StreamName } from './event-store.js';
import { parseName } from './kurrentdb.names.js';
import type { EventHeader } from './recorded-event.js';

/** Position of a record in the server's log, as its client has it. */
export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** What the events of one append have in common. */
export interface AppendMarks {
  /** Made afresh for every try: tells one's own events from those of an earlier try of the same command. */
  readonly attempt: Id;
  /** All streams that the append writes, so that its result can be found again from each of them. */
  readonly streams: readonly StreamName[];
  /** By how much the chain's clock was ahead at the append. */
  readonly clockOffsetMs: number;
}

/** A stored event with what was kept beside it to recognise its append. */
export interface KurrentDbEvent {
  readonly name: string;
  readonly event: StoredEvent;
  readonly attempt: Id;
  readonly streams: readonly StreamName[];
}

/** Types go through a check of the server that knows these only; the header holds the type that counts. */
const NOT_IN_TYPE = /[^A-Za-z0-9_.-]/g;

/**
 * The metadata of a record: strings only, since that is all that `appendRecords` takes, and the server adds keys of its
 * own there. The header is kept as the exact text, as one string. What is usual is left out: an append of a thousand
 * events has to stay below the megabyte that a server takes at once.
 */
const metadataSchema = z.object({
  header: z.string(),
  attempt: z.string(),
  /** A list as JSON; left out where the append wrote to one stream. */
  streams: z.string().optional(),
  /** Left out where the chain's clock is the server's. */
  clockOffsetMs: z
    .string()
    .regex(/^-?\d+$/)
    .optional(),
});

const streamsSchema = z.array(z.string());

/**
 * An event as the client sends it. It goes as bytes: as JSON, the client would parse and write it anew, and what comes
 * back would not be what the ledger commits to.
 */
export function recordOf(id: Id, { header, data }: EncodedEvent, marks: AppendMarks): BinaryEventData {
  const { type } = JSON.parse(header) as EventHeader;
  const metadata: Record<string, string> = {
    header,
    attempt: marks.attempt,
    ...(marks.streams.length === 1 ? {} : { streams: JSON.stringify(marks.streams) }),
    ...(marks.clockOffsetMs === 0 ? {} : { clockOffsetMs: String(marks.clockOffsetMs) }),
  };
  return {
    id,
    contentType: 'application/octet-stream',
    type: type.replaceAll(NOT_IN_TYPE, '_'),
    data: new TextEncoder().encode(data),
    metadata,
  };
}

/**
 * Reads a record back; undefined for a record that is no event (a link whose event is gone).
 * @throws UnreadableEvent when something else than this store wrote it
 */
export function readRecord({ event: record }: ResolvedEvent): KurrentDbEvent | undefined {
  if (!record) return undefined;
  const place = `Record ${record.revision} of ${record.streamId}`;
  const named = parseName(record.streamId);
  const metadata = metadataSchema.safeParse(record.metadata);
  if (!named || !metadata.success || !ArrayBuffer.isView(record.data))
    throw new UnreadableEvent(place, 'it was not written by Pistor');
  const { header, attempt, streams, clockOffsetMs } = metadata.data;
  try {
    return {
      name: record.streamId,
      attempt,
      streams: streams === undefined ? [named.stream] : streamsSchema.parse(JSON.parse(streams)),
      event: {
        chain: named.chain,
        stream: named.stream,
        revision: Number(record.revision),
        position: positionOf(record.position),
        recordedAt: new Date(record.created.getTime() + Number(clockOffsetMs ?? 0)).toISOString(),
        header: JSON.parse(header) as EventHeader,
        headerText: header,
        data: Buffer.from(record.data as Uint8Array).toString(),
      },
    };
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new UnreadableEvent(place, 'its metadata is damaged', error);
  }
}

/**
 * The port's position of a record: where it begins in the server's log, which the client calls its prepare position.
 * Commit positions follow the same order, and are the same on every server that commits each record with itself.
 * @throws Refused where the server tells none, or one that a number cannot hold
 */
export function positionOf(position: LogPosition | undefined): number {
  // Servers before 22.6 answer the highest number of 64 bits when a single stream is read.
  if (position === undefined || position.prepare >= 2n ** 63n) {
    throw new Refused(
      'event-store.no-positions',
      'The server does not tell the positions of events in a stream. Use EventStoreDB 22.6 or newer.',
    );
  }
  if (position.prepare > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Refused(
      'event-store.position-too-high',
      `The server's log has grown to position ${position.prepare}; positions are exact up to ${Number.MAX_SAFE_INTEGER}.`,
    );
  }
  return Number(position.prepare);
}

/** The record at a position of the port, as the server finds it. */
export const logPositionOf = (position: number): LogPosition => ({
  commit: BigInt(position),
  prepare: BigInt(position),
});
