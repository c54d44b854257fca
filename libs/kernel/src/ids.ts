import { createHash } from 'node:crypto';
import { v7 } from 'uuid';
import { publicRandomBytes } from './randomness.js';

/** A UUID in lower case with hyphens. */
export type Id = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const last = { ms: -Infinity, count: 0 };

/**
 * A fresh UUIDv7. Ids grow with time (random keys halve the append rate of a large log), those of one millisecond by a
 * counter that begins anywhere in the lower half of its range, and mean nothing else.
 */
export function newId(): Id {
  const random = publicRandomBytes(16);
  const now = Date.now();
  if (now > last.ms) {
    last.ms = now;
    last.count = random.readUInt32BE(6) >>> 1;
  } else {
    last.count = (last.count + 1) | 0;
    if (last.count === 0) last.ms += 1;
  }
  return v7({ random, msecs: last.ms, seq: last.count });
}

export const isId = (value: string): boolean => UUID.test(value);

/**
 * The id of something that follows from `origin` under `name`: the same two give the same id, in any process and any
 * year, which is what makes an effect repeatable without harm. The first 48 bits, the time of a UUIDv7, are taken over
 * from `origin`, so that derived ids keep the locality of the ids they come from; the rest is SHA-256 (a UUIDv8).
 */
export function derivedId(origin: Id, name: string): Id {
  const hash = createHash('sha256').update(origin).update('\0').update(name).digest('hex');
  const variant = ((Number.parseInt(hash[3] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return `${origin.slice(0, 13)}-8${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
