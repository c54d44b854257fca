import fc from 'fast-check';
import { entriesPath, parseTilePath, tilePath, widthAt } from './tile.js';

describe('the path of a tile', () => {
  it.each([
    [{ level: 0, n: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, n: 5, width: 12 }, 'tile/1/005.p/12'],
    [{ level: 0, n: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 2, n: 1_000, width: 1 }, 'tile/2/x001/000.p/1'],
  ])('of %j is %s', (tile, path) => expect(tilePath(tile)).toBe(path));

  it('of entries names no level', () => {
    expect(entriesPath(1_234_067, 3)).toBe('tile/entries/x001/x234/067.p/3');
    expect(parseTilePath('tile/entries/000')).toEqual({ level: 'entries', n: 0, width: 256 });
  });

  it('means one tile, and a tile has one path', () =>
    fc.assert(
      fc.property(fc.nat(63), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, n, width) => {
        expect(parseTilePath(tilePath({ level, n, width }))).toEqual({ level, n, width });
        expect(parseTilePath(entriesPath(n, width))).toEqual({ level: 'entries', n, width });
      }),
    ));

  it.each([
    'tile/64/000',
    'tile/00/000',
    'tile/0/0',
    'tile/0/1234',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/007',
    'tile/0/000.p/',
    'tile/-1/000',
    'tile/data/000',
    'tile/0/x999/x999/x999/x999/x999/999',
  ])('is not %s', (path) => expect(parseTilePath(path)).toBeUndefined());
});

it('a tile is as wide as the tree reaches', () => {
  expect([0, 1, 255, 256, 257, 512].map((size) => widthAt({ level: 0, n: 0 }, size))).toEqual([
    0, 1, 255, 256, 256, 256,
  ]);
  expect([256, 257, 511, 512].map((size) => widthAt({ level: 0, n: 1 }, size))).toEqual([0, 1, 255, 256]);
  expect([255, 256, 65_535, 65_536].map((size) => widthAt({ level: 1, n: 0 }, size))).toEqual([0, 1, 255, 256]);
});
