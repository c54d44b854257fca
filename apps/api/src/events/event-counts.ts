import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { categoryOf } from '#libs/event-store/src/subscription.js';
import { Refused } from '#libs/kernel/src/errors.js';
import { assertWithinLog, type EventScan, scan } from './event-scan.js';

export const COUNTED_BY = ['type', 'category', 'stream'] as const;
export type CountedBy = (typeof COUNTED_BY)[number];

/** Names of streams have some 50 characters: about 20 MB. */
const GROUPS_MAX = 100_000;

/** What counting tells while it runs, and at its end. */
export type CountLine =
  | { readonly progress: { readonly position: number; readonly head: number } }
  | { readonly group: { readonly by: CountedBy; readonly name: string; readonly events: number } }
  | { readonly done: { readonly events: number; readonly from: number; readonly to: number } };

const nameOf: Record<CountedBy, (event: StoredEvent) => string> = {
  type: ({ header }) => header.type,
  category: ({ stream }) => categoryOf(stream),
  stream: ({ stream }) => stream,
};

/**
 * Counts events up to the present head. All of a log without gaps are counted by its positions; anything else is
 * counted one by one, with nothing but the counts in memory.
 * @throws Invalid `position.beyond-head`; Refused `events.too-many-groups`
 */
export async function* countEvents(
  store: EventStore,
  chain: Chain,
  { filter, from, signal }: EventScan,
  by: CountedBy | undefined,
): AsyncGenerator<CountLine> {
  const head = await assertWithinLog(store, chain, from);
  const all = by === undefined && Object.keys(filter).length === 0;
  if (all && store.capabilities.gapFree) {
    yield { done: { events: head - from + 1, from, to: head } };
    return;
  }
  let events = 0;
  const groups = new Map<string, number>();
  for await (const part of scan(store, chain, { filter, from, ...(signal && { signal }) })) {
    const counted = part.events.filter(({ position }) => position <= head);
    events += counted.length;
    if (by) for (const event of counted) add(groups, nameOf[by](event));
    if (groups.size > GROUPS_MAX) throw tooManyGroups();
    if (filter.stream === undefined) yield { progress: { position: Math.min(part.next - 1, head), head } };
  }
  if (by) {
    const sorted = [...groups].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    for (const [name, count] of sorted) yield { group: { by, name, events: count } };
  }
  yield { done: { events, from, to: head } };
}

const add = (groups: Map<string, number>, name: string): unknown => groups.set(name, (groups.get(name) ?? 0) + 1);

const tooManyGroups = () =>
  new Refused(
    'events.too-many-groups',
    `More than ${GROUPS_MAX} streams match. Name a category, a type or a position.`,
    {
      fields: [{ field: 'by', message: 'Count by category or type, or fewer events.' }],
      data: { groupsMax: GROUPS_MAX },
    },
  );
