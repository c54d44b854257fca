import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { decodeCursor, encodeCursor, malformedCursor } from '#libs/http/src/cursor.js';
import { assertWithinLog, type EventScan, placeOf, scan } from './event-scan.js';

/**
 * Events that are looked at for one page, a few tenths of a second: of a rare type a page may hold fewer than were
 * asked for, even none, and its cursor goes on.
 */
const LOOKED_MAX = 20_000;

/** Revisions are 32 bits wide. */
const REVISION_MAX = 2 ** 31 - 1;

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
  const place = cursor === undefined ? undefined : placeIn(filter, cursor);
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

/** @throws Invalid `cursor.malformed` for what is no revision of a stream, or no position of a log */
function placeIn({ stream }: EventScan['filter'], cursor: string): number {
  const [place] = decodeCursor(cursor, 1);
  const [least, most] = stream === undefined ? [1, Number.MAX_SAFE_INTEGER] : [0, REVISION_MAX];
  if (typeof place !== 'number' || !Number.isSafeInteger(place) || place < least || place > most)
    throw malformedCursor();
  return place;
}
