import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { publicRandomBytes } from '#libs/kernel/src/randomness.js';

/**
 * A box: personal data of one class, closed with AES-256-GCM. Each box has its own key, derived from the person's
 * class key with a fresh salt, so that no nonce is ever used twice under one key, and carries a commitment to that
 * key: without it, one ciphertext could be made that opens to two different texts under two keys.
 *
 * Layout: format (1 byte, = 1) | salt (16) | commitment (32) | tag (16) | ciphertext. Written as base64url.
 */
export type Box = string;

const FORMAT = 1;
const SALT = 16;
const COMMITMENT = 32;
const TAG = 16;
const HEAD = 1 + SALT + COMMITMENT + TAG;
export const INFO = Buffer.from('pistor box v1');
const FIRST_INFO = Buffer.concat([INFO, Buffer.from([1])]);
const SECOND_INFO = Buffer.concat([INFO, Buffer.from([2])]);
/** Safe because every box has a key of its own. */
const NONCE = Buffer.alloc(12);

/** A box that does not open: it was changed, moved to another event, or closed with another key. */
export class BoxDoesNotOpen extends Error {
  constructor(reason: string) {
    super(`A box of personal data does not open: ${reason}`);
    this.name = 'BoxDoesNotOpen';
  }
}

/**
 * HKDF-SHA-256 (RFC 5869) to 64 bytes, from its HMACs: `hkdfSync` makes a key object and a job for each call, and takes
 * more than twice as long.
 */
export function derive(classKey: Buffer, salt: Buffer): { key: Buffer; commitment: Buffer } {
  const extracted = createHmac('sha256', salt).update(classKey).digest();
  const key = createHmac('sha256', extracted).update(FIRST_INFO).digest();
  const commitment = createHmac('sha256', extracted).update(key).update(SECOND_INFO).digest();
  return { key, commitment };
}

/**
 * Closes `plaintext`. `bound` (who, which class, which event) is not stored but must be given again to open it, so that
 * a box cannot be moved to another place.
 */
export function closeBox(classKey: Buffer, plaintext: string, bound: string): Box {
  const salt = publicRandomBytes(SALT);
  const { key, commitment } = derive(classKey, salt);
  const cipher = createCipheriv('aes-256-gcm', key, NONCE);
  cipher.setAAD(Buffer.from(bound));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from([FORMAT]), salt, commitment, cipher.getAuthTag(), ciphertext]).toString(
    'base64url',
  );
}

/** @throws BoxDoesNotOpen */
export function openBox(classKey: Buffer, box: Box, bound: string): string {
  const bytes = Buffer.from(box, 'base64url');
  if (bytes.length < HEAD || bytes[0] !== FORMAT) throw new BoxDoesNotOpen('its format is unknown');
  const salt = bytes.subarray(1, 1 + SALT);
  const { key, commitment } = derive(classKey, salt);
  if (!timingSafeEqual(commitment, bytes.subarray(1 + SALT, 1 + SALT + COMMITMENT))) {
    throw new BoxDoesNotOpen('it was closed with another key');
  }
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE);
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(bytes.subarray(HEAD - TAG, HEAD));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEAD)), decipher.final()]).toString('utf8');
  } catch {
    throw new BoxDoesNotOpen('its content or its place was changed');
  }
}
