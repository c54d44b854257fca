import { Invalid } from '#libs/kernel/src/errors.js';

export type CursorKey = readonly (string | number | null)[];

/** A key of a few short columns; what is longer was not made here. */
const CURSOR_CHARS_MAX = 1000;

/**
 * The place in a list after a row, told by the row's sort key. It stands in addresses, so the key must hold no personal
 * data: sort by code or id, not by name.
 */
export const encodeCursor = (key: CursorKey): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/**
 * @param length how many values the key of this list has
 * @throws Invalid `cursor.malformed`
 */
export function decodeCursor(text: string, length: number): CursorKey {
  const key = text.length <= CURSOR_CHARS_MAX && /^[\w-]+$/.test(text) ? parse(text) : undefined;
  if (!Array.isArray(key) || key.length !== length || !key.every(isKeyPart)) {
    throw malformedCursor();
  }
  return key;
}

/** Of a list whose rows are numbered from 0 or by positions. @throws Invalid `cursor.malformed` */
export function decodeNumber(text: string): number {
  const [number] = decodeCursor(text, 1);
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) throw malformedCursor();
  return number;
}

export const malformedCursor = () =>
  new Invalid('cursor.malformed', 'This cursor was not made by this list.', {
    fields: [
      { field: 'cursor', message: 'Use `next` of the page before as it is, with the same filters.', rule: 'schema' },
    ],
  });

/**
 * A page of rows that were asked for with one more than `limit`: whether there is a next page shows without counting.
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => CursorKey,
): { items: Row[]; next: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

const isKeyPart = (part: unknown): boolean =>
  part === null ||
  (typeof part === 'string' && !part.includes('\0')) ||
  (typeof part === 'number' && Number.isFinite(part));

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
