import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { newId } from '#libs/kernel/src/ids.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
  messaging.workers().start();
});
afterAll(() => messaging.close());

it('smoke', async () => {
  const { chain, of, append } = await messaging.newWorld();
  const today = (await messaging.engine.chains.now(chain)).slice(0, 10);
  const course = new CourseHistory(of, { plannedAt: `${addDays(today, 1)}T10:00` });
  course.booked(`${addDays(today, 20)}T14:00`, { id: newId() });
  await append(...course.streams());
  await messaging.follow(chain);
  console.log(await messaging.queries.list(chain, { limit: 10 }), await messaging.clock.state(chain));
  const at = performance.now();
  const to = await messaging.clock.targetOf(chain, { months: 1 });
  console.log(await messaging.clock.advanceAndWait(chain, to, 20_000), performance.now() - at);
  console.log(JSON.stringify(await messaging.queries.outbox(chain, { limit: 10 }), null, 1), await messaging.queries.balance(chain));
});
