import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';

/** Smaller than most histories of the suite, so that the seams between pages are crossed. */
const PAGE_EVENTS = 500;

/** All events of a chain, page by page. */
export async function readEverything(store: EventStore, chain: Chain): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = await store.readAll(chain.id, { from: (events.at(-1)?.position ?? 0) + 1, limit: PAGE_EVENTS });
    events.push(...page);
    if (page.length < PAGE_EVENTS) return events;
  }
}

/**
 * What holds for every history whatever the writers did: positions ascend (without a gap where that is promised), the
 * revisions of a stream count from 0 in the order of positions, time does not go back, and no event id comes twice.
 */
export function expectSoundHistory(events: readonly StoredEvent[], { gapFree }: { gapFree: boolean }): void {
  const positions = events.map((event) => event.position);
  if (gapFree) expect(positions).toEqual(events.map((_, n) => n + 1));
  else expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  for (const [stream, own] of groupBy(events, (event) => event.stream)) {
    expect([stream, own.map((event) => event.revision)]).toEqual([stream, own.map((_, n) => n)]);
  }
  const times = events.map((event) => event.recordedAt);
  expect(times).toEqual([...times].sort());
  expect(new Set(events.map((event) => event.header.id)).size).toBe(events.length);
}

export function groupBy<Key>(
  events: readonly StoredEvent[],
  keyOf: (event: StoredEvent) => Key,
): Map<Key, StoredEvent[]> {
  const groups = new Map<Key, StoredEvent[]>();
  for (const event of events) {
    const group = groups.get(keyOf(event));
    if (group) group.push(event);
    else groups.set(keyOf(event), [event]);
  }
  return groups;
}

export const byCommand = (events: readonly StoredEvent[]) => groupBy(events, (event) => event.header.commandId);
