import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '#libs/database/src/database.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { Boxes } from './boxes.js';
import { type Chain, Chains } from './chains.js';
import { Codec } from './codec.js';
import type { StoredEvent } from './event-store.js';
import { eventType, EventTypes } from './event-type.js';
import { MasterKey } from './master-key.js';
import { migrateEventStore, PostgresEventStore } from './postgres.event-store.js';
import { SubjectKeys } from './subject-keys.js';

const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });

let db: Database;
let closeDatabase: () => Promise<void>;
let chains: Chains;
let store: PostgresEventStore;
let chain: Chain;

beforeAll(async () => {
  ({ db, close: closeDatabase } = await openTestDatabase());
  await migrateEventStore(db);
  chains = new Chains(db);
  const keys = new SubjectKeys(db, new MasterKey(randomBytes(32)));
  store = await PostgresEventStore.open(db, chains, new Codec(new EventTypes([Counted]), new Boxes(keys)));
});

afterAll(async () => {
  await store.close();
  await closeDatabase();
});

beforeEach(async () => {
  chain = await chains.ensure(newId(), true);
});

const append = () =>
  store.append({
    chain: chain.id,
    commandId: newId(),
    streams: [
      {
        stream: `thing-${newId()}`,
        expectedRevision: 'any',
        events: [Counted(occurredNow('2026-01-31T09:00:00.000Z'), { n: 1 })],
      },
    ],
    context: { actor: 'user:test', origin: 'live' },
  });

describe('a chain’s clock', () => {
  it('follows the database and the offset of a sandbox, and never goes back', async () => {
    const before = await chains.now(chain);
    const later = new Date(Date.parse(before) + 90 * 24 * 3600_000).toISOString();
    await chains.advanceTo(chain, later);
    expect(Date.parse(await chains.now(chain)) - Date.parse(later)).toBeGreaterThanOrEqual(0);
    expect(Date.parse(await chains.now(chain)) - Date.parse(later)).toBeLessThan(5_000);
    await chains.advanceTo(chain, before);
    expect((await chains.now(chain)) >= later).toBe(true);
    await append();
    expect((await store.readAll(chain.id))[0]?.recordedAt.slice(0, 10)).toBe(later.slice(0, 10));
    await db.query('update chain set clock_offset_ms = clock_offset_ms - 5000 where no = $1', [chain.no]);
    await append();
    const [first, second] = await store.readAll(chain.id);
    expect((second as StoredEvent).recordedAt >= (first as StoredEvent).recordedAt).toBe(true);
  });

  it('of a live chain cannot be advanced', async () => {
    const live = await chains.ensure(newId(), false);
    await chains.advanceTo(live, '2099-01-01T00:00:00.000Z');
    expect((await chains.now(live)) < '2099').toBe(true);
  });
});
