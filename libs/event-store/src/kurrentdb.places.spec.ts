import { KnownPlaces } from './kurrentdb.places.js';

describe('the places where records are known to begin', () => {
  it('give the last one up to a position', () => {
    const places = new KnownPlaces();
    for (const position of [500, 100, 900]) places.add(position);
    expect([99, 100, 101, 499, 500, 10_000].map((position) => places.before(position))).toEqual([
      0, 100, 100, 100, 500, 900,
    ]);
    expect([places.has(100), places.has(101)]).toEqual([true, false]);
  });

  it('are near only within some megabytes, and the beginning of the log never is', () => {
    const places = new KnownPlaces();
    expect(places.near(10)).toBeUndefined();
    places.add(100);
    expect(places.near(99)).toBeUndefined();
    expect(places.near(100)).toBe(100);
    expect(places.near(3_000_000)).toBe(100);
    expect(places.near(5_000_000)).toBeUndefined();
  });

  it('are bounded: those that were seen longest ago go first', () => {
    const places = new KnownPlaces(3);
    for (const position of [1, 2, 3]) places.add(position);
    places.add(1);
    places.add(4);
    expect([1, 2, 3, 4].filter((position) => places.has(position))).toEqual([1, 3, 4]);
  });
});
