import fc from 'fast-check';
import { afterLostAnswer } from './lost-answer.js';

const FIRST = '2026-05-12T09:00:00.000Z';
const at = (seconds: number): string => new Date(Date.parse(FIRST) + seconds * 1_000).toISOString();
const HOUR_S = 3_600;
const DAY_MS = 24 * HOUR_S * 1_000;

describe('an attempt whose answer nobody has', () => {
  const first = { attempts: 1, attemptedAt: FIRST, firstAttemptAt: FIRST };

  it('[message.outcome-unknown] is waited for as long as a call may take, and is unknown then', () => {
    expect(afterLostAnswer(first, at(44), 0)).toBe('wait');
    expect(afterLostAnswer(first, at(45), 0)).toBe('unknown');
  });

  it('[message.once] is repeated where the provider knows repeats, ever more rarely, and not to the end of its memory', () => {
    let attempt = first;
    const repeats: number[] = [];
    for (let second = 1; second < 25 * HOUR_S; second += 1) {
      const next = afterLostAnswer(attempt, at(second), DAY_MS);
      if (next === 'unknown') break;
      if (next === 'repeat') {
        repeats.push(second);
        attempt = { ...attempt, attempts: attempt.attempts + 1, attemptedAt: at(second) };
      }
    }
    expect(repeats.slice(0, 4)).toEqual([45, 135, 315, 675]);
    expect(repeats.length).toBeLessThan(40);
    expect(repeats.at(-1)).toBeLessThan(0.9 * 24 * HOUR_S);
  });

  it('[message.once] is never repeated once the provider may have forgotten it', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(DAY_MS), fc.nat(3 * DAY_MS), (attempts, remembersMs, age) => {
        const now = new Date(Date.parse(FIRST) + age).toISOString();
        const decided = afterLostAnswer({ ...first, attempts: attempts + 1 }, now, remembersMs);
        if (age >= remembersMs) expect(decided).not.toBe('repeat');
      }),
    );
  });
});
