import { dayAxisOf, hourTicks, minuteOf, placeInDay } from './day-axis.js';

const at = (time: string, durationMinutes: number | null = 60) => ({ at: `2026-01-08T${time}`, durationMinutes });

describe('the hours of a day', () => {
  it('shows the usual hours of an empty day', () => {
    expect(dayAxisOf([])).toEqual({ from: 9, to: 19 });
  });

  it('widens for what is early or late, to midnight at most', () => {
    expect(dayAxisOf([at('07:45'), at('18:30')])).toEqual({ from: 7, to: 20 });
    expect(dayAxisOf([at('23:30', 90)])).toEqual({ from: 9, to: 24 });
  });

  it('places a session by its wall time', () => {
    expect(minuteOf('2026-01-08T09:30')).toBe(570);
    expect(placeInDay({ from: 9, to: 19 }, at('14:00'))).toEqual({ left: 0.5, width: expect.closeTo(0.1) });
  });

  it('names each hour', () => {
    expect(hourTicks({ from: 9, to: 12 }).map((tick) => tick.label)).toEqual(['09', '10', '11']);
  });
});
