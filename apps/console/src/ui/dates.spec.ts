import {
  addDays,
  dayNumber,
  daysBetween,
  formatDateNear,
  formatDay,
  formatDays,
  formatDuration,
  formatInstant,
  formatMonth,
  formatSpan,
  formatWall,
  hoursOf,
  relativeDay,
} from './dates.js';

describe('dates', () => {
  it('writes a wall time as it stands, whatever zone the browser is in', () => {
    expect(formatWall('2026-12-15T09:00')).toBe('15 Dec 2026, 09:00');
    expect(formatWall('2026-12-15T09:00:00')).toBe('15 Dec 2026, 09:00');
    expect(formatWall('2026-12-15')).toBe('15 Dec 2026');
  });

  it('names UTC beside an instant', () => {
    expect(formatInstant('2026-12-15T17:00:00.000Z')).toBe('15 Dec 2026, 17:00 UTC');
  });

  it('knows the weekday', () => {
    expect(formatDay('2026-01-08')).toBe('Thu 8 Jan 2026');
    expect(formatDay('1969-12-31')).toBe('Wed 31 Dec 1969');
    expect(formatDay('2024-02-29T23:59')).toBe('Thu 29 Feb 2024');
  });

  it('leaves the year out near another date of the same year', () => {
    expect(formatDateNear('2026-03-01', '2026-11-30')).toBe('1 Mar');
    expect(formatDateNear('2025-12-31', '2026-01-01')).toBe('31 Dec 2025');
    expect(formatMonth('2026-05-31')).toBe('May 2026');
    expect(formatSpan('2025-12-30', '2026-01-02')).toBe('30 Dec 2025 – 2 Jan 2026');
    expect(formatSpan('2026-01-01', '2026-01-02')).toBe('1 Jan – 2 Jan 2026');
    expect(formatSpan('2026-01-02', '2026-01-02')).toBe('2 Jan 2026');
  });

  it('counts calendar days over a leap day and a change of clocks', () => {
    expect(daysBetween('2024-02-28', '2024-03-01')).toBe(2);
    expect(daysBetween('2026-03-28', '2026-03-30')).toBe(2);
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(dayNumber('1970-01-01')).toBe(0);
  });

  it('says how far a day is away in the unit a person would use', () => {
    const today = '2026-06-15';
    expect(relativeDay('2026-06-15', today)).toBe('today');
    expect(relativeDay('2026-06-16', today)).toBe('tomorrow');
    expect(relativeDay('2026-06-14', today)).toBe('yesterday');
    expect(relativeDay('2026-06-27', today)).toBe('in 12 days');
    expect(relativeDay('2026-03-15', today)).toBe('3 months ago');
    expect(formatDays(35)).toBe('5 weeks');
    expect(formatDays(1)).toBe('1 day');
    expect(formatDays(800)).toBe('2 years');
  });

  it('reads ISO durations', () => {
    expect(formatDuration('P3M')).toBe('3 months');
    expect(formatDuration('PT24H')).toBe('24 hours');
    expect(formatDuration('P1DT30M')).toBe('1 day 30 minutes');
    expect(hoursOf('PT15H')).toBe(15);
    expect(hoursOf('P3D')).toBe(72);
    expect(hoursOf('PT90M')).toBe(1.5);
  });
});
