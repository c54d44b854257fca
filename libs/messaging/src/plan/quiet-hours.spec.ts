import fc from 'fast-check';
import { wallToInstant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { quietUntil } from './quiet-hours.js';

const NIGHT = { from: '21:00', to: '08:00' };
const at = (wall: string, zone = 'Europe/Istanbul') => wallToInstant(wall, zone).instant;
const until = (wall: string, hours = NIGHT, zone = 'Europe/Istanbul') =>
  quietUntil(at(wall, zone), zone, hours)?.wall ?? null;

describe('quiet hours', () => {
  it('[message.quiet-hours] do not hold by day', () => {
    expect(until('2026-05-12T08:00')).toBeNull();
    expect(until('2026-05-12T20:59')).toBeNull();
  });

  it('[message.quiet-hours] end on the next morning before midnight, and on the same one after it', () => {
    expect(until('2026-05-12T21:00')).toBe('2026-05-13T08:00');
    expect(until('2026-05-12T23:59')).toBe('2026-05-13T08:00');
    expect(until('2026-05-13T00:00')).toBe('2026-05-13T08:00');
    expect(until('2026-05-13T07:59')).toBe('2026-05-13T08:00');
  });

  it('[message.quiet-hours] may lie inside one day', () => {
    const noon = { from: '12:00', to: '14:00' };
    expect(until('2026-05-12T11:59', noon)).toBeNull();
    expect(until('2026-05-12T12:00', noon)).toBe('2026-05-12T14:00');
    expect(until('2026-05-12T14:00', noon)).toBeNull();
  });

  it('[message.quiet-hours] are none where both hours are the same', () => {
    expect(until('2026-05-12T03:00', { from: '08:00', to: '08:00' })).toBeNull();
  });

  it('[message.quiet-hours] end with the gap where clocks are set forward over their end', () => {
    const hours = { from: '22:00', to: '02:30' };
    const end = quietUntil(at('2026-03-08T01:00', 'America/New_York'), 'America/New_York', hours);
    expect(end?.wall.slice(0, 13)).toBe('2026-03-08T03');
  });

  it('[message.quiet-hours] hold in the hour that is lived through twice, both times', () => {
    const hours = { from: '22:00', to: '01:30' };
    // 1 November 2026, New York: 01:00–02:00 in summer time, then once more in winter time.
    const secondTime = '2026-11-01T06:10:00.000Z';
    expect(zonedTime(secondTime, 'America/New_York').wall).toBe('2026-11-01T01:10');
    expect(quietUntil(secondTime, 'America/New_York', hours)?.instant).toBe('2026-11-01T06:30:00.000Z');
  });

  it('[message.quiet-hours] always end later, at an hour that is not quiet', () => {
    const hour = fc.integer({ min: 0, max: 1439 }).map((m) => new Date(m * 60_000).toISOString().slice(11, 16));
    const zones = ['Europe/Istanbul', 'America/New_York', 'Australia/Sydney', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
    const minutes = fc.integer({ min: Date.UTC(2025, 0, 1) / 60_000, max: Date.UTC(2028, 0, 1) / 60_000 });
    fc.assert(
      fc.property(minutes, fc.constantFrom(...zones), hour, hour, (minute, zone, from, to) => {
        const instant = new Date(minute * 60_000).toISOString();
        const end = quietUntil(instant, zone, { from, to });
        if (!end) return;
        expect(end.instant > instant).toBe(true);
        expect(Date.parse(end.instant) - Date.parse(instant)).toBeLessThanOrEqual(26 * 3_600_000);
        const wall = zonedTime(end.instant, zone).wall.slice(11, 16);
        // Over a gap the end lies behind `to`, and before the hours begin again unless they fill nearly the whole day.
        expect(wall >= to || from > to).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
