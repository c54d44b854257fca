import fc from 'fast-check';
import { runsOf } from './record-at.js';

describe('reads of some revisions of a stream', () => {
  it('have each of them once, and little else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300), { maxLength: 40 }), (revisions) => {
        const runs = runsOf(revisions);
        const read = runs.flatMap(({ from, limit }) => Array.from({ length: limit }, (_, n) => from + n));
        expect(new Set(read).size).toBe(read.length);
        expect(read.filter((revision) => revisions.includes(revision))).toEqual(revisions.toSorted((a, b) => a - b));
        expect(read.length).toBeLessThanOrEqual(11 * revisions.length);
      }),
    );
  });
  it('are one of what is close together, and two of what is far apart', () => {
    expect(runsOf([14, 3, 12])).toEqual([{ from: 3, limit: 12 }]);
    expect(runsOf([3, 40])).toEqual([
      { from: 3, limit: 1 },
      { from: 40, limit: 1 },
    ]);
    expect(runsOf([])).toEqual([]);
  });
});
