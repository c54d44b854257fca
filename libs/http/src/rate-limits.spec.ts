import { RateLimits } from './rate-limits.js';

const RATE = { perSecond: 10, atOnce: 3 };

describe('how much one caller may ask', () => {
  let now = 0;
  const limits = (callersMax?: number) => new RateLimits(callersMax, () => now);
  const taken = (of: RateLimits, caller: string, times: number): number =>
    Array.from({ length: times }).filter(() => {
      try {
        of.take(caller, RATE);
        return true;
      } catch {
        return false;
      }
    }).length;

  it('is so many at once, and then as many as time gives back', () => {
    const of = limits();
    expect(taken(of, 'a', 10)).toBe(3);
    now += 200;
    expect(taken(of, 'a', 10)).toBe(2);
    now += 60_000;
    expect(taken(of, 'a', 10)).toBe(3);
  });

  it('is each one’s own, and says when to come again', () => {
    const of = limits();
    taken(of, 'a', 10);
    expect(taken(of, 'b', 10)).toBe(3);
    expect(() => of.take('a', RATE)).toThrow(
      expect.objectContaining({ code: 'request.too-many', data: { retryAfterS: 1 } }),
    );
  });

  it('is kept for so many callers and not for more', () => {
    const of = limits(100);
    for (let n = 0; n < 10_000; n += 1) of.take(`caller ${n}`, RATE);
    expect(of.size).toBe(100);
    // Who goes on asking is not forgotten for the sake of those who were here once.
    taken(of, 'busy', 3);
    for (let n = 0; n < 99; n += 1) of.take(`passer-by ${n}`, RATE);
    expect(taken(of, 'busy', 1)).toBe(0);
  });
});
