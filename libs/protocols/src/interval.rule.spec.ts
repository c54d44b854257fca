import fc from 'fast-check';
import { facial } from './built-in/facial.protocol.js';
import { general } from './built-in/general.protocol.js';
import { intervalDeviation, nextEarliest, nextLatest } from './interval.rule.js';

describe('the interval between two course sessions', () => {
  it.each([
    ['2026-03-01', '2026-03-07', 'interval-short'],
    ['2026-03-01', '2026-03-08', null],
    ['2026-03-01', '2026-03-11', null],
    ['2026-03-01', '2026-03-12', 'interval-long'],
    ['2026-03-01', '2026-03-01', 'interval-short'],
  ])('[protocol.interval] general, from %s to %s: %s', (previous, date, expected) => {
    expect(intervalDeviation(general, previous, date)).toBe(expected);
  });

  it.each([
    ['2026-01-28', '2026-02-10', 'interval-short'],
    ['2026-02-10', '2026-02-24', null],
    ['2028-02-20', '2028-03-06', 'interval-long'],
  ])('[protocol.interval] facial, from %s to %s: %s', (previous, date, expected) => {
    expect(intervalDeviation(facial, previous, date)).toBe(expected);
  });

  it('[protocol.interval] allows the next session from the shortest interval on, over a leap day', () => {
    expect(nextEarliest(facial, '2028-02-20')).toBe('2028-03-05');
    expect(nextEarliest(general, '2026-02-24')).toBe('2026-03-03');
    expect(nextLatest(general, '2026-02-24')).toBe('2026-03-06');
  });

  it('[protocol.interval] never calls the earliest and the latest allowed date a deviation, nor the days around them allowed', () => {
    const ranges = fc.tuple(fc.nat(60), fc.nat(60)).map(([min, more]) => ({ min, max: min + more }));
    fc.assert(
      fc.property(ranges, (range) => {
        const protocol = { intervalDays: { ...range, facts: [], basis: 'chain' as const } };
        expect(intervalDeviation(protocol, '2026-05-01', nextEarliest(protocol, '2026-05-01'))).toBeNull();
        expect(intervalDeviation(protocol, '2026-05-01', nextLatest(protocol, '2026-05-01'))).toBeNull();
        expect(intervalDeviation(protocol, '2026-05-01', nextEarliest(protocol, '2026-04-30'))).toBe('interval-short');
        expect(intervalDeviation(protocol, '2026-05-01', nextLatest(protocol, '2026-05-02'))).toBe('interval-long');
      }),
    );
  });
});
