import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { ProtocolPublished, protocolStream } from '#libs/treatment/src/protocol/protocol.events.js';
import { SiteRecallRulesSet, siteStream } from '#libs/treatment/src/site/site.events.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { ToldMessages } from '#test/support/told-messages.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

const now = occurredNow('2026-05-01T00:00:00.000Z');
const WORKERS = 50;

describe('invitations that fall due at once', () => {
  it('[message.frequency-cap] come to no more than the site allows, with fifty workers at it', async () => {
    const told = await ToldMessages.open(messaging);
    const { chain, of, append } = told.world;
    const rules = { cap: { count: 2, days: 7 }, proposals: null };
    await append({ stream: siteStream(of.site), events: [SiteRecallRulesSet(now, { siteId: of.site, rules })] });
    // Four procedures that keep the same rhythm: their windows open on the same morning.
    for (const protocol of ['facial', 'facial-two', 'facial-three', 'facial-four']) {
      if (protocol !== facial.code) {
        const published = ProtocolPublished(now, { protocol: { ...facial, code: protocol } });
        await append({ stream: protocolStream(chain.id, protocol), events: [published] });
      }
      await told.begin(told.course({ end: 'completed', protocol }).performed(told.day(-20)));
    }
    const of4 = { limit: 50, status: 'pending' as const, kind: 'maintenance-due' };
    const { items: invitations } = await messaging.queries.list(chain, of4);
    expect(invitations).toHaveLength(4);
    await told.clockTo(invitations[0]?.due.instant as string);
    const dispatchers = Array.from({ length: WORKERS }, () => messaging.workers().dispatcher);
    const outcomes = await Promise.all(
      dispatchers.flatMap((dispatcher) => invitations.map(({ id }) => dispatcher.dispatch(chain, id))),
    );
    expect(outcomes.filter((outcome) => outcome === 'sent').length).toBe(2);
    await messaging.follow(chain);
    expect(await told.sent('maintenance-due')).toHaveLength(2);
    const waiting = (await messaging.queries.list(chain, { limit: 50, kind: 'maintenance-due', status: 'pending' }))
      .items;
    expect(waiting).toHaveLength(2);
    const week = Date.parse(waiting[0]?.nextDue as string) - Date.parse(invitations[0]?.due.instant as string);
    expect(Math.round(week / 86_400_000)).toBe(7);
  });
});
