import { randomBytes } from 'node:crypto';

/** Asking the system for 16 bytes costs as much as asking for these. */
const POOL_BYTES = 16_384;

let pool = Buffer.alloc(0);

/**
 * Random bytes for ids and salts: what is unpredictable until it is used, and public after it. Keys are not made from
 * these, since the pool stays in memory beside its neighbours.
 */
export function publicRandomBytes(length: number): Buffer {
  // A slice that was given away is never filled again.
  if (pool.length < length) pool = randomBytes(Math.max(POOL_BYTES, length));
  const bytes = pool.subarray(0, length);
  pool = pool.subarray(length);
  return bytes;
}
