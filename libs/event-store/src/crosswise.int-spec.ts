import { z } from 'zod';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { Boxes } from './boxes.js';
import { Chains } from './chains.js';
import { Codec } from './codec.js';
import { GuardFailed } from './event-store.errors.js';
import { eventType, EventTypes } from './event-type.js';
import { MasterKey } from './master-key.js';
import { migrateEventStore, PostgresEventStore } from './postgres.event-store.js';
import { SubjectKeys } from './subject-keys.js';

const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });

/** Two processes: each with a pool of its own on the same server. */
it('lets two processes write what the other one guards, crosswise, without a deadlock', async () => {
  const { db, close } = await openTestDatabase();
  await migrateEventStore(db);
  const { rows } = await db.query<{ name: string }>('select current_database() as name');
  const url = new URL(process.env['DATABASE_URL'] as string);
  url.pathname = `/${rows[0]?.name}`;
  const stores = await Promise.all(
    [1, 2].map(async () => {
      const own = await openPostgres(url.href);
      const chains = new Chains(own);
      const keys = new SubjectKeys(own, new MasterKey(Buffer.alloc(32, 1)));
      const codec = new Codec(new EventTypes([Counted]), new Boxes(keys));
      return { own, store: await PostgresEventStore.open(own, chains, codec) };
    }),
  );
  const chain = await new Chains(db).ensure(newId(), true);
  const names = Array.from({ length: 6 }, (_, n) => `thing-${n}`);
  let appended = 0;
  const write = async ({ store }: (typeof stores)[number], n: number) => {
    const [written, guarded] = [names[n % 6] as string, names[(n * 5 + 1) % 6] as string];
    if (written === guarded) return;
    const revision = (await store.readStream(chain.id, guarded)).length - 1;
    await store
      .append({
        chain: chain.id,
        commandId: newId(),
        streams: [
          {
            stream: written,
            expectedRevision: 'any',
            events: [Counted(occurredNow('2026-01-31T09:00:00.000Z'), { n })],
          },
        ],
        guards: [{ stream: guarded, revision }],
        context: { actor: 'test', origin: 'live' },
      })
      .then(
        () => (appended += 1),
        // Another one was faster: that is what a guard is for. Anything else is a fault.
        (error: unknown) => expect(error).toBeInstanceOf(GuardFailed),
      );
  };
  const writer = async (each: (typeof stores)[number], from: number) => {
    for (let n = from; n < from + 80; n += 1) await write(each, n);
  };
  await Promise.all(stores.flatMap((each, s) => [0, 1, 2, 3].map((w) => writer(each, s * 1000 + w * 7))));
  expect(await (stores[0] as (typeof stores)[number]).store.head(chain.id)).toBe(appended);
  await Promise.all(stores.map(async ({ own, store }) => store.close().then(() => own.close())));
  await close();
});
