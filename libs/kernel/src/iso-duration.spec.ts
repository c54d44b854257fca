import fc from 'fast-check';
import {
  addExactDuration,
  exactDurationMs,
  isDateDuration,
  isExactDuration,
  parseIsoDuration,
  subtractExactDuration,
} from './iso-duration.js';

const NONE = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };

describe('ISO 8601 durations', () => {
  it('tell months before the T from minutes after it', () => {
    expect(parseIsoDuration('P3M')).toEqual({ ...NONE, months: 3 });
    expect(parseIsoDuration('PT3M')).toEqual({ ...NONE, minutes: 3 });
    expect(parseIsoDuration('P1Y2M3W4DT5H6M7S')).toEqual({
      years: 1,
      months: 2,
      weeks: 3,
      days: 4,
      hours: 5,
      minutes: 6,
      seconds: 7,
    });
  });

  it.each(['', 'P', 'PT', 'P1', '24H', 'P1DT', '-P1D', 'P1.5D', 'PT24H ', 'P1H', 'p1d'])('refuse %p', (text) => {
    expect(() => parseIsoDuration(text)).toThrow(RangeError);
    expect(isDateDuration(text)).toBe(false);
    expect(isExactDuration(text)).toBe(false);
  });

  it('know whether they move a date, and whether they have one length', () => {
    expect([isDateDuration('P3M'), isExactDuration('P3M')]).toEqual([true, false]);
    expect([isDateDuration('P7D'), isExactDuration('P7D')]).toEqual([true, true]);
    expect([isDateDuration('PT24H'), isExactDuration('PT24H')]).toEqual([false, true]);
  });

  it('measure what has one length, and refuse the rest', () => {
    expect(exactDurationMs('PT24H')).toBe(86_400_000);
    expect(exactDurationMs('P1DT1H')).toBe(90_000_000);
    expect(() => exactDurationMs('P1M')).toThrow(RangeError);
  });

  it('move an instant and bring it back', () => {
    expect(addExactDuration('2026-03-28T23:30:00.000Z', 'PT24H')).toBe('2026-03-29T23:30:00.000Z');
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
        fc.integer({ min: 0, max: 9999 }),
        (date, hours) => {
          const instant = date.toISOString();
          const there = addExactDuration(instant, `PT${hours}H`);
          expect(subtractExactDuration(there, `PT${hours}H`)).toBe(instant);
        },
      ),
    );
  });
});
