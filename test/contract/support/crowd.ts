import type { AppendRequest } from '#libs/event-store/src/event-store.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { CONTEXT, counted, to } from './contract-events.js';
import type { PlaceLocation } from './event-store.adapter.js';

/** Appends that one process of the crowd has under way at a time. */
export const LOOPS = 6;
/** Events of every append of the crowd. */
export const CROWD_EVENTS = 3;
/** Marks an event of an append that must be refused. */
export const NEVER = -1;

/** What a process of the crowd is told: `append-until-killed.ts` takes it as JSON. */
export interface CrowdOrder {
  readonly location: PlaceLocation;
  readonly chain: Id;
  /** Number of the process, by which its command ids and streams differ from those of the others. */
  readonly writer: number;
  readonly atomicStreams: boolean;
}

/**
 * The append number `n` of a process: the same whenever it is asked for, so that anybody can send it again. It writes to
 * a stream of its own loop, whose revision it knows, and to one that all processes share.
 */
export function crowdAppend({ chain, writer, atomicStreams }: Omit<CrowdOrder, 'location'>, n: number): AppendRequest {
  const mark = counted(writer * 1_000_000 + n);
  const before = Math.floor(n / LOOPS);
  const own = to(`thing-own-${writer}-${n % LOOPS}`, before === 0 ? 'no-stream' : before - 1, mark);
  const shared = to(`thing-shared-${n % 3}`, 'any', mark, mark);
  const streams = atomicStreams ? [own, shared] : [{ ...shared, events: [mark, mark, mark] }];
  return { chain, commandId: derivedId(chain, `crowd ${writer} ${n}`), streams, context: CONTEXT };
}

/** An append that no revision allows. */
export function crowdMistake(order: Omit<CrowdOrder, 'location'>, n: number): AppendRequest {
  const { streams } = crowdAppend(order, n);
  return {
    chain: order.chain,
    commandId: derivedId(order.chain, `mistake ${order.writer} ${n}`),
    streams: streams.map(({ stream }) => to(stream, 1_000_000, counted(NEVER))),
    context: CONTEXT,
  };
}
