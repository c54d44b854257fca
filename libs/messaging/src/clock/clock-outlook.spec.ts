import { CourseHistory } from '#test/support/treatment-history.js';
import { openTestMessaging, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { clockOutlook } from './clock-outlook.js';

let messaging: TestMessaging;
let world: TestWorld;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  world = await messaging.newWorld();
});

it('has caught up once everything has been applied that is in the log, wherever that is kept', async () => {
  const { db, store, chains } = messaging.engine;
  const { chain } = world;
  const today = (await chains.now(chain)).slice(0, 10);
  const until = `${addDays(today, 90)}T00:00:00.000Z`;
  await world.append(...new CourseHistory(world.of).booked(`${addDays(today, 20)}T14:00`).streams());
  await messaging.follow(chain);
  const head = await store.head(chain.id);
  const look = (at: number) =>
    clockOutlook({ db, store: { head: () => Promise.resolve(at) } }, chain, until, new Set());
  expect(await clockOutlook({ db, store }, chain, until, new Set())).toMatchObject({ caughtUp: true, head, due: [] });
  expect((await look(head)).next).toBeDefined();
  // The log is elsewhere, and has grown: the database's own count of the chain does not tell.
  expect(await look(head + 1)).toMatchObject({ caughtUp: false, head: head + 1 });
});

it('has caught up with a chain without events, which nothing has to apply', async () => {
  const { db, store, chains } = messaging.engine;
  const chain = await messaging.engine.newChain();
  const outlook = await clockOutlook({ db, store }, chain, await chains.now(chain), new Set());
  expect(outlook).toMatchObject({ caughtUp: true, head: 0, due: [] });
});
