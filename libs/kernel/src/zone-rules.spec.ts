import { movedByRules, PRESENT_RULES } from './zone-rules.js';
import { TZDB_VERSION, wallToInstant } from './zoned-time.js';

const VANCOUVER = 'America/Vancouver';
/** By 2025c Vancouver still went back to −08:00 in winter. */
const written = { wall: '2026-12-15T09:00', zone: VANCOUVER, tzdb: '2025c', instant: '2026-12-15T17:00:00.000Z' };

describe('a time that was written by older rules of its zone', () => {
  it('keeps what the clock on the wall shows, and gets the instant of the newer rules', () => {
    expect(movedByRules(written)).toEqual({
      ...{ wall: '2026-12-15T09:00', zone: VANCOUVER, tzdb: TZDB_VERSION },
      instant: '2026-12-15T16:00:00.000Z',
    });
  });

  it('stays as it is where the newer rules say the same', () => {
    expect(movedByRules({ ...written, wall: '2026-07-15T09:00', instant: '2026-07-15T16:00:00.000Z' })).toBeUndefined();
    expect(movedByRules({ ...wallToInstant('2026-12-15T09:00', 'Europe/Istanbul'), tzdb: '2025c' })).toBeUndefined();
  });

  it('is not moved back by software that comes with older rules than it was written by', () => {
    expect(movedByRules({ ...written, tzdb: TZDB_VERSION })).toBeUndefined();
    expect(movedByRules({ ...written, tzdb: '2099a' })).toBeUndefined();
  });

  it('may be either of the two, where the wall time occurs twice', () => {
    // Clocks in New York go back from 02:00 to 01:00.
    const twice = { wall: '2026-11-01T01:30', zone: 'America/New_York', tzdb: '2025c' };
    expect(movedByRules({ ...twice, instant: '2026-11-01T05:30:00.000Z' })).toBeUndefined();
    expect(movedByRules({ ...twice, instant: '2026-11-01T06:30:00.000Z' })).toBeUndefined();
    expect(movedByRules({ ...twice, instant: '2026-11-01T07:30:00.000Z' })?.instant).toBe('2026-11-01T05:30:00.000Z');
  });

  it('comes after the gap, where newer rules leave its hour out', () => {
    const skipped = { wall: '2026-03-08T02:30', zone: 'America/New_York', tzdb: '2025c' };
    expect(movedByRules({ ...skipped, instant: '2026-03-08T06:30:00.000Z' })).toMatchObject({
      wall: '2026-03-08T03:30',
      instant: '2026-03-08T07:30:00.000Z',
    });
    expect(PRESENT_RULES.tzdb).toBe(TZDB_VERSION);
  });
});
