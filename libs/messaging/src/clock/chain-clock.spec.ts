import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { CourseHistory } from '#test/support/treatment-history.js';
import type { Channel } from '../channel.contract.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

/** A provider of another house: what it takes does not come to the outbox. */
const provider: Channel = {
  transport: 'webhook',
  deduplicatesForMs: 0,
  send: () => Promise.resolve({ kind: 'accepted', reference: newId() }),
};

describe('an advance of the clock', () => {
  it('counts what was sent on the way, whoever carried it, and nothing from before', async () => {
    messaging.workers({ channel: provider, queueName: `test-${newId()}` }).start();
    const { chain, of, append } = await messaging.newWorld();
    const today = (await messaging.engine.chains.now(chain)).slice(0, 10);
    const course = new CourseHistory(of).booked(`${addDays(today, 20)}T14:00`).booked(`${addDays(today, 80)}T14:00`);
    await append(...course.streams());
    await messaging.follow(chain);
    const advance = async (months: number) =>
      messaging.clock.advanceAndWait(chain, await messaging.clock.targetOf(chain, { months }), 25_000);
    expect(await advance(1)).toMatchObject({ sent: 2, advancing: null });
    expect(await advance(2)).toMatchObject({ sent: 2, advancing: null });
    expect(await messaging.queries.balance(chain)).toMatchObject({ planned: 4, sent: 4 });
  });
});
