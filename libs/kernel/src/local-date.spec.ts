import fc from 'fast-check';
import { addDateDuration, addDays, addMonths, daysBetween, laterDate, subtractDateDuration } from './local-date.js';

/** The oracle: UTC dates have no zone rules, and the product code does not use them. */
const utcMs = (date: string): number => Date.parse(`${date}T00:00:00.000Z`);
const anyDate = fc
  .date({ min: new Date('1600-01-01T00:00:00Z'), max: new Date('2600-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const anyDays = fc.integer({ min: -100_000, max: 100_000 });
const anyMonths = fc.integer({ min: -2400, max: 2400 });

describe('days', () => {
  it.each([
    ['2026-02-28', 1, '2026-03-01'],
    ['2028-02-28', 1, '2028-02-29'],
    ['2100-02-28', 1, '2100-03-01'],
    ['2000-03-01', -1, '2000-02-29'],
    ['2026-12-31', 1, '2027-01-01'],
    ['2026-10-25', 14, '2026-11-08'],
  ])('%s and %i days is %s', (date, days, expected) => {
    expect(addDays(date, days)).toBe(expected);
  });

  it('agree with the calendar of UTC, centuries and leap years included', () => {
    fc.assert(
      fc.property(anyDate, anyDays, (date, days) => {
        expect(addDays(date, days)).toBe(new Date(utcMs(date) + days * 86_400_000).toISOString().slice(0, 10));
      }),
    );
  });

  it('are counted back by the distance between two dates', () => {
    fc.assert(
      fc.property(anyDate, anyDays, (date, days) => {
        expect(daysBetween(date, addDays(date, days))).toBe(days);
      }),
    );
  });

  it('compare as strings the way they compare in the calendar', () => {
    fc.assert(
      fc.property(anyDate, anyDate, (a, b) => {
        expect(daysBetween(a, b) > 0).toBe(a < b);
        expect(laterDate(a, b)).toBe(daysBetween(a, b) > 0 ? b : a);
      }),
    );
  });
});

describe('months', () => {
  it.each([
    ['2025-11-30', 3, '2026-02-28'],
    ['2027-11-30', 3, '2028-02-29'],
    ['2026-01-31', 1, '2026-02-28'],
    ['2026-08-31', 6, '2027-02-28'],
    ['2026-03-31', -1, '2026-02-28'],
    ['2026-05-15', 12, '2027-05-15'],
    ['2028-02-29', 12, '2029-02-28'],
  ])('%s and %i months is %s', (date, months, expected) => {
    expect(addMonths(date, months)).toBe(expected);
  });

  it('keep the day, or take the last day of a month that is shorter', () => {
    fc.assert(
      fc.property(anyDate, anyMonths, (date, months) => {
        const moved = addMonths(date, months);
        const isLastDay = addDays(moved, 1).endsWith('-01');
        expect(moved.slice(8) === date.slice(8) || (moved.slice(8) < date.slice(8) && isLastDay)).toBe(true);
      }),
    );
  });

  it('move by exactly that many months of the calendar', () => {
    const monthIndex = (date: string): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
    fc.assert(
      fc.property(anyDate, anyMonths, (date, months) => {
        expect(monthIndex(addMonths(date, months)) - monthIndex(date)).toBe(months);
      }),
    );
  });

  it('never put a later date before an earlier one', () => {
    fc.assert(
      fc.property(anyDate, anyDate, anyMonths, (a, b, months) => {
        const [early, late] = a <= b ? [a, b] : [b, a];
        expect(addMonths(early, months) <= addMonths(late, months)).toBe(true);
      }),
    );
  });
});

describe('durations', () => {
  it.each([
    ['2026-11-30', 'P3M', '2027-02-28'],
    ['2026-01-31', 'P1M1D', '2026-03-01'],
    ['2026-05-01', 'P1Y', '2027-05-01'],
    ['2026-05-01', 'P2W', '2026-05-15'],
    ['2026-05-01', 'P0D', '2026-05-01'],
  ])('%s and %s is %s', (date, duration, expected) => {
    expect(addDateDuration(date, duration)).toBe(expected);
  });

  it('go back as far as they go on, in days', () => {
    expect(subtractDateDuration('2026-03-14', 'P14D')).toBe('2026-02-28');
    expect(subtractDateDuration('2026-05-31', 'P3M')).toBe('2026-02-28');
  });

  it('refuse hours: a date has none', () => {
    expect(() => addDateDuration('2026-05-01', 'PT24H')).toThrow(RangeError);
  });
});

describe('what is no date', () => {
  it.each(['2026-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '0000-01-01', '26-01-01', '2026-1-1', ''])(
    'refuses %s',
    (text) => {
      expect(() => addDays(text, 1)).toThrow(RangeError);
    },
  );

  it('refuses to leave the years of four digits', () => {
    expect(() => addDays('9999-12-31', 1)).toThrow(RangeError);
    expect(() => addMonths('0001-01-01', -1)).toThrow(RangeError);
  });
});
