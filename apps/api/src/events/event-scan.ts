import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { type EventFilter, filterOf, subscribe } from '#libs/event-store/src/subscription.js';
import { Invalid } from '#libs/kernel/src/errors.js';

/** At about 450 bytes an event, half a megabyte in memory. */
const PART_EVENTS = 1_000;

export interface EventScan {
  readonly filter: EventFilter;
  /** Position of the first event that is wanted. */
  readonly from: number;
  /** Where reading begins, if not there: `next` of a part. */
  readonly place?: number | undefined;
  readonly signal?: AbortSignal;
}

/** What a piece of the log has of the wanted, and where the next piece begins. */
export interface ScannedPart {
  readonly events: readonly StoredEvent[];
  /** How many events were looked at. */
  readonly looked: number;
  readonly next: number;
}

/**
 * Goes through a chain up to the head that it finds, in the order of positions. One stream is read by its revisions,
 * which costs what the stream holds and not what the log holds; a place in it is a revision, else a position.
 */
export async function* scan(
  store: EventStore,
  chain: Chain,
  { filter, from, place, signal }: EventScan,
): AsyncGenerator<ScannedPart> {
  const passes = filterOf(filter);
  if (filter.stream === undefined) {
    let next = place ?? from;
    const options = { after: next - 1, pageEvents: PART_EVENTS, ...(signal && { signal }) };
    for await (const page of subscribe(store, chain.id, { ...options, filter })) {
      const looked = page.position + 1 - next;
      next = page.position + 1;
      yield { events: page.events, looked, next };
    }
    return;
  }
  for (let next = place ?? 0; !signal?.aborted; ) {
    const page = await store.readStream(chain.id, filter.stream, { from: next, limit: PART_EVENTS });
    next += page.length;
    yield { events: page.filter((event) => event.position >= from && passes(event)), looked: page.length, next };
    if (page.length < PART_EVENTS) return;
  }
}

/** Where a scan that has come to an event begins again with that event. */
export const placeOf = (filter: EventFilter, event: StoredEvent): number =>
  filter.stream === undefined ? event.position : event.revision;

/**
 * The first position after the end is allowed: nothing is there yet.
 * @throws Invalid `position.beyond-head`
 */
export async function assertWithinLog(store: EventStore, chain: Chain, from: number): Promise<number> {
  const head = await store.head(chain.id);
  if (from <= head + 1) return head;
  throw new Invalid('position.beyond-head', `The log ends at position ${head}.`, {
    fields: [{ field: 'from', message: `Expected a position from 1 to ${head + 1}.`, rule: 'schema' }],
    data: { head },
  });
}
