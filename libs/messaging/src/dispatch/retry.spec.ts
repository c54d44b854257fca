import fc from 'fast-check';
import { REFUSALS_MAX, retryAt } from './retry.js';

const ZONE = 'Europe/Istanbul';
const NOW = '2026-05-12T09:00:00.000Z';
const LATER = '2026-06-12T09:00:00.000Z';

describe('a provider that did not take a message', () => {
  it('[message.refused] is asked again after a minute, then after twice as long, at most an hour later', () => {
    const waits = Array.from({ length: 8 }, (_, refusals) => {
      const at = retryAt({ now: NOW, refusals }, { expiresAt: LATER, zone: ZONE });
      return (Date.parse(at?.instant as string) - Date.parse(NOW)) / 60_000;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('[message.refused] is not asked before it said that it may be', () => {
    const at = retryAt({ now: NOW, refusals: 0, retryAfterMs: 7_200_000 }, { expiresAt: LATER, zone: ZONE });
    expect(at).toMatchObject({ instant: '2026-05-12T11:00:00.000Z', wall: '2026-05-12T14:00', zone: ZONE });
  });

  it('[message.refused] is given up after a bounded number of times, and asked no more where the message is of no use', () => {
    expect(retryAt({ now: NOW, refusals: REFUSALS_MAX - 1 }, { expiresAt: LATER, zone: ZONE })).toBeNull();
    const soon = '2026-05-12T09:01:00.000Z';
    expect(retryAt({ now: NOW, refusals: 0 }, { expiresAt: soon, zone: ZONE })?.instant).toBe(soon);
  });

  it('[message.refused] is never asked after the deadline', () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(200_000_000),
        fc.integer({ min: 1, max: 10_000 }),
        (refusals, retryAfterMs, minutes) => {
          const expiresAt = new Date(Date.parse(NOW) + minutes * 60_000).toISOString();
          const at = retryAt({ now: NOW, refusals, retryAfterMs }, { expiresAt, zone: ZONE });
          if (at) expect(at.instant > NOW && at.instant <= expiresAt).toBe(true);
        },
      ),
    );
  });
});
