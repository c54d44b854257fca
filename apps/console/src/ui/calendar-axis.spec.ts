import { axisAround, barOf, monthStart, monthTicks, placeOf } from './calendar-axis.js';
import { dateOfDay, dayNumber } from './dates.js';

const axis = axisAround('2026-01-08', 2, 1);

describe('calendar axis', () => {
  it('holds whole months around today', () => {
    expect(dateOfDay(axis.start)).toBe('2025-11-01');
    expect(dateOfDay(axis.end)).toBe('2026-03-01');
    expect(placeOf(axis, axis.today)).toBeCloseTo(68 / 120);
  });

  it('counts months over the turn of a year', () => {
    expect(monthStart('2026-01-31', -1)).toBe('2025-12-01');
    expect(monthStart('2026-12-01', 1)).toBe('2027-01-01');
    expect(monthStart('2026-05-15', -17)).toBe('2024-12-01');
  });

  it('draws a window with its closing day', () => {
    expect(barOf(axis, '2025-11-01', '2025-11-30')).toEqual({
      left: 0,
      width: 30 / 120,
      clippedStart: false,
      clippedEnd: false,
    });
  });

  it('cuts what reaches beyond, and drops what lies outside', () => {
    expect(barOf(axis, '2025-06-01', '2025-11-12')).toMatchObject({ left: 0, clippedStart: true, clippedEnd: false });
    expect(barOf(axis, '2026-02-01', '2026-08-01')).toMatchObject({ clippedEnd: true });
    expect(barOf(axis, '2024-01-01', '2024-02-01')).toBeNull();
    expect(barOf(axis, '2026-03-01', '2026-04-01')).toBeNull();
  });

  it('names months, with the year at the first one and at each January', () => {
    expect(monthTicks(axis).map(({ label, year }) => `${label} ${year ?? ''}`.trim())).toEqual([
      'Nov 2025',
      'Dec',
      'Jan 2026',
      'Feb',
    ]);
    const midMonth = { start: dayNumber('2025-11-10'), end: dayNumber('2026-12-01'), today: 0 };
    expect(monthTicks(midMonth, 3).map((tick) => tick.label)).toEqual(['Jan', 'Apr', 'Jul', 'Oct']);
  });
});
