import fc from 'fast-check';
import { newId } from '#libs/kernel/src/ids.js';
import { cappedUntil, type Invitation } from './invitation.state.js';

const ZONE = 'Europe/Istanbul';
const invitation = (at: string): Invitation => ({ messageId: newId(), at });
const asked = (now: string) => ({ messageId: newId(), now, zone: ZONE });

describe('invitations to one person', () => {
  const two = [invitation('2026-05-04T09:00:00.000Z'), invitation('2026-05-06T09:00:00.000Z')];

  it('[message.frequency-cap] are no more than so many in so many days', () => {
    const now = '2026-05-08T09:00:00.000Z';
    expect(cappedUntil(two, { count: 3, days: 7 }, asked(now))).toBeNull();
    expect(cappedUntil(two, { count: 2, days: 7 }, asked(now))).toBe('2026-05-11T09:00:00.000Z');
    expect(cappedUntil(two, { count: 1, days: 7 }, asked(now))).toBe('2026-05-13T09:00:00.000Z');
    expect(cappedUntil(two, { count: 2, days: 7 }, asked('2026-05-11T09:00:00.000Z'))).toBeNull();
  });

  it('[message.frequency-cap] are not limited where no limit is set, and one that was tried does not stand in its own way', () => {
    const now = '2026-05-08T09:00:00.000Z';
    expect(cappedUntil(two, null, asked(now))).toBeNull();
    const counted = { ...asked(now), messageId: two[0]?.messageId as string };
    expect(cappedUntil(two, { count: 2, days: 7 }, counted)).toBeNull();
    expect(cappedUntil(two, { count: 1, days: 7 }, counted)).not.toBeNull();
  });

  it('[message.frequency-cap] never come to more in any such time', () => {
    const DAY_MS = 86_400_000;
    fc.assert(
      fc.property(
        fc.array(fc.nat(3 * DAY_MS), { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 10 }),
        (gaps, count, days) => {
          let ms = Date.parse('2026-05-01T00:00:00Z');
          const sent: Invitation[] = [];
          for (const gap of gaps) {
            ms += gap;
            const now = new Date(ms).toISOString();
            const until = cappedUntil(sent, { count, days }, asked(now));
            if (until === null) sent.push(invitation(now));
            else expect(until > now).toBe(true);
          }
          sent.forEach((last, n) => {
            const from = Date.parse(last.at) - days * DAY_MS;
            const within = sent.slice(0, n + 1).filter(({ at }) => Date.parse(at) > from + 1_000);
            expect(within.length).toBeLessThanOrEqual(count);
          });
        },
      ),
    );
  });
});
