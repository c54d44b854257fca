import { decodeCursor, encodeCursor, pageOf } from './cursor.js';

describe('a cursor', () => {
  it.each([[['a', 1, null]], [['', -0.5]], [['İstanbul "1"', '2026-01-01']]])(
    'gives back the key it was made of: %j',
    (key) => {
      const text = encodeCursor(key);
      expect(text).toMatch(/^[\w-]+$/);
      expect(decodeCursor(text, key.length)).toEqual(key);
    },
  );

  it.each([
    ['', 1],
    ['!!', 1],
    ['bm90IGpzb24', 1],
    [encodeCursor(['a']), 2],
    [Buffer.from('{"length":1}').toString('base64url'), 1],
    [Buffer.from('[{}]').toString('base64url'), 1],
    [Buffer.from('[true]').toString('base64url'), 1],
    [encodeCursor(['a'.repeat(2000)]), 1],
  ])('that this list did not make is refused (%#)', (text, length) => {
    expect(() => decodeCursor(text, length)).toThrow(
      expect.objectContaining({ code: 'cursor.malformed', kind: 'invalid' }),
    );
  });

  it('stands behind the last row of a page, and at the end there is none', () => {
    const keyOf = (n: number) => [n];
    expect(pageOf([1, 2, 3], 2, keyOf)).toEqual({ items: [1, 2], next: encodeCursor([2]) });
    expect(pageOf([1, 2], 2, keyOf)).toEqual({ items: [1, 2], next: null });
    expect(pageOf([], 2, keyOf)).toEqual({ items: [], next: null });
  });
});
