import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { decodeCursor, encodeCursor } from '#libs/http/src/cursor.js';
import { assertWithinLog, type EventScan, placeOf, scan } from './event-scan.js';

/**
 * Events that are looked at for one page, a few tenths of a second: of a rare type a page may hold fewer than were
 * asked for, even none, and its cursor goes on.
 */
const LOOKED_MAX = 20_000;

export interface EventPage {
  readonly items: readonly StoredEvent[];
  readonly next: string | null;
}

export interface EventPageOptions {
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  readonly lookedMax?: number;
}

/** @throws Invalid `position.beyond-head`, `cursor.malformed` */
export async function readEventPage(
  store: EventStore,
  chain: Chain,
  { filter, from }: Pick<EventScan, 'filter' | 'from'>,
  { limit, cursor, lookedMax = LOOKED_MAX }: EventPageOptions,
): Promise<EventPage> {
  const place = cursor === undefined ? undefined : Number(decodeCursor(cursor, 1)[0]);
  await assertWithinLog(store, chain, from);
  const items: StoredEvent[] = [];
  let looked = 0;
  for await (const part of scan(store, chain, { filter, from, place })) {
    for (const event of part.events) {
      if (items.length === limit) return { items, next: encodeCursor([placeOf(filter, event)]) };
      items.push(event);
    }
    looked += part.looked;
    if (looked >= lookedMax) return { items, next: encodeCursor([part.next]) };
  }
  return { items, next: null };
}
