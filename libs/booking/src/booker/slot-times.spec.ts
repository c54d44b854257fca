import { openingHoursSchema } from '#libs/treatment/src/site/site.events.js';
import { weekdays } from '#test/support/booking-clinic.js';
import { firstFree, isOpenFor, startsOn } from './slot-times.js';
import { zoned } from '#test/support/treatment-history.js';

const BERLIN = 'Europe/Berlin';
const wallsOn = (date: string, zone: string, spans: { from: string; to: string }[], minutes = 60) => {
  const open = openingHoursSchema.parse({ weekly: { ...weekdays(...spans).weekly, sunday: spans } });
  return startsOn(date, zone, open, minutes).map(({ wall }) => wall.slice(11));
};

describe('the times of a day', () => {
  it('[slot.open] end before the lunch break does not let them begin', () => {
    const spans = [
      { from: '09:00', to: '11:00' },
      { from: '13:30', to: '15:00' },
    ];
    expect(wallsOn('2026-04-06', 'Europe/Istanbul', spans)).toEqual([
      ...['09:00', '09:15', '09:30', '09:45', '10:00'],
      ...['13:30', '13:45', '14:00'],
    ]);
  });

  it('[slot.open] are none on a day on which the site is closed, and none in a span that is too short', () => {
    const hours = { ...weekdays({ from: '09:00', to: '10:00' }), closedOn: ['2026-04-07'] };
    expect(startsOn('2026-04-07', BERLIN, hours, 60)).toEqual([]);
    expect(startsOn('2026-04-05', BERLIN, hours, 60)).toEqual([]);
    expect(startsOn('2026-04-06', BERLIN, hours, 61)).toEqual([]);
    expect(startsOn('2026-04-06', BERLIN, hours, 60).map(({ wall }) => wall)).toEqual(['2026-04-06T09:00']);
  });

  it('[slot.open] leave out the hour that a day lacks, when clocks are set forward', () => {
    expect(wallsOn('2026-03-29', BERLIN, [{ from: '01:00', to: '04:30' }])).toEqual([
      ...['01:00', '01:15', '01:30', '01:45', '03:00', '03:15', '03:30'],
    ]);
  });

  it('[slot.open] name one moment each, when clocks are set back', () => {
    const walls = wallsOn('2026-10-25', BERLIN, [{ from: '01:30', to: '04:00' }]);
    expect(walls).toEqual([...new Set(walls)]);
    // A time before the hour is repeated has it within: an hour after 02:15 it is 02:15 again.
    expect(walls.slice(0, 6)).toEqual(['01:30', '01:45', '02:00', '02:15', '02:30', '02:45']);
    expect(walls.at(-1)).toBe('03:00');
  });

  it('[slot.open] are no longer open when the site opens later', () => {
    const at = zoned('2026-04-06T09:00');
    expect(isOpenFor(at, 60, weekdays({ from: '09:00', to: '10:00' }))).toBe(true);
    expect(isOpenFor(at, 60, weekdays({ from: '09:30', to: '18:00' }))).toBe(false);
    expect(isOpenFor(at, 60, null)).toBe(true);
  });

  it('[slot.capacity] are free while fewer are treated than the site can treat', () => {
    const starts = startsOn('2026-04-06', 'Europe/Istanbul', weekdays({ from: '09:00', to: '11:00' }), 60);
    const taken = [{ from: zoned('2026-04-06T09:30').instant, to: zoned('2026-04-06T10:30').instant }];
    expect(firstFree(starts, 60, taken, 1)).toBeUndefined();
    expect(firstFree(starts, 60, taken, 2)?.wall).toBe('2026-04-06T09:00');
    expect(firstFree(starts, 30, taken, 1)?.wall).toBe('2026-04-06T09:00');
  });
});
