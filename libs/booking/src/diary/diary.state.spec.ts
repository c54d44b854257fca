import fc from 'fast-check';
import { fullestIn, type Taken } from './diary.state.js';

const minute = (n: number) => new Date(Date.UTC(2026, 3, 6, 6, n)).toISOString();
const time = (from: number, to: number): Taken => ({ from: minute(from), to: minute(to) });

describe('how full a time is', () => {
  it('counts what lies in it at one instant, and not what only touches it', () => {
    expect(fullestIn(time(60, 120), [])).toBe(0);
    expect(fullestIn(time(60, 120), [time(0, 60), time(120, 180)])).toBe(0);
    // One goes as the other comes.
    expect(fullestIn(time(60, 120), [time(45, 90), time(90, 135)])).toBe(1);
    expect(fullestIn(time(60, 120), [time(45, 91), time(90, 135)])).toBe(2);
  });

  it('comes to the same as counting minute by minute', () => {
    const times = fc
      .tuple(fc.nat(50), fc.integer({ min: 1, max: 30 }))
      .map(([from, length]) => time(from, from + length));
    fc.assert(
      fc.property(times, fc.array(times, { maxLength: 12 }), (asked, taken) => {
        const minutes = Array.from({ length: 90 }, (_, n) => minute(n)).filter(
          (at) => asked.from <= at && at < asked.to,
        );
        const counts = minutes.map((at) => taken.filter(({ from, to }) => from <= at && at < to).length);
        return fullestIn(asked, taken) === Math.max(...counts);
      }),
    );
  });
});
