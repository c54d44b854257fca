import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from 'node:crypto';
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
const INFO = Buffer.from('pistor box v1');
/** Safe because every box has a key of its own. */
const NONCE = Buffer.alloc(12);

/** A box that does not open: it was changed, moved to another event, or closed with another key. */
export class BoxDoesNotOpen extends Error {
  constructor(reason: string) {
    super(`A box of personal data does not open: ${reason}`);
    this.name = 'BoxDoesNotOpen';
  }
}

function derive(classKey: Buffer, salt: Buffer): { key: Buffer; commitment: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', classKey, salt, INFO, 64));
  return { key: bytes.subarray(0, 32), commitment: bytes.subarray(32) };
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
