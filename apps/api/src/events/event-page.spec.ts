import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventFilter } from '#libs/event-store/src/subscription.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { QUIET_HOURS_DEFAULT, SiteQuietHoursSet, siteStream } from '#libs/treatment/src/site/site.events.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import { site } from '#test/support/treatment-history.js';
import { countEvents } from './event-counts.js';
import { readEventPage } from './event-page.js';

const LONG = 2_500;
const busy = newId();
let engine: TestEngine;
let chain: Chain;

beforeAll(async () => {
  engine = await openTestEngine(TREATMENT_EVENT_TYPES);
  chain = await engine.newChain();
  const changed = SiteQuietHoursSet(occurredNow('2026-01-01T00:00:00.000Z'), {
    siteId: busy,
    quietHours: QUIET_HOURS_DEFAULT,
  });
  await engine.append(chain, [
    site(),
    site(busy),
    { stream: siteStream(busy), events: Array.from({ length: LONG }, () => changed) },
    site(),
  ]);
});
afterAll(() => engine.close());

/** All pages, one after the other. */
async function pages(filter: EventFilter, from: number, limit: number, lookedMax?: number): Promise<number[][]> {
  const found: number[][] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const options = { limit, cursor, ...(lookedMax !== undefined && { lookedMax }) };
    const page: Awaited<ReturnType<typeof readEventPage>> = await readEventPage(
      engine.store,
      chain,
      { filter, from },
      options,
    );
    found.push(page.items.map(({ position }) => position));
    cursor = page.next;
  }
  return found;
}

describe('a page of events', () => {
  it('of a rare type ends after so many were looked at, and the next one goes on', async () => {
    const found = await pages({ types: ['SiteRegistered'] }, 1, 100, 1_000);
    expect(found).toEqual([[1, 2], [], [LONG + 3]]);
  });

  it('of one stream is read by its revisions, from a position of the log on', async () => {
    const found = await pages({ stream: siteStream(busy) }, 4, 1_000);
    expect(found.map(({ length }) => length)).toEqual([1_000, 1_000, LONG - 2_001]);
    expect(found.flat()).toEqual(Array.from({ length: LONG - 1 }, (_, n) => n + 4));
  });

  it.each([70, 499, 500, 501, 1_000, 5_000])('of %i loses nothing and repeats nothing', async (limit) => {
    const found = await pages({}, 500, limit);
    expect(found.flat()).toEqual(Array.from({ length: LONG + 3 - 499 }, (_, n) => n + 500));
  });
});

it('counts over more than a page, and tells how far it has come', async () => {
  const lines = [];
  for await (const line of countEvents(engine.store, chain, { filter: {}, from: 1 }, 'stream')) lines.push(line);
  const head = LONG + 3;
  expect(lines.filter((line) => 'progress' in line)).toEqual([
    { progress: { position: 1_000, head } },
    { progress: { position: 2_000, head } },
    { progress: { position: head, head } },
  ]);
  expect(lines).toContainEqual({ group: { by: 'stream', name: siteStream(busy), events: LONG + 1 } });
  expect(lines.at(-1)).toEqual({ done: { events: head, from: 1, to: head } });
});
