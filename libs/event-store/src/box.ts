import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { publicRandomBytes } from '#libs/kernel/src/randomness.js';

/**
 * A box: personal data of one class, closed with AES-256-GCM. Each box has its own key, derived from the person's
 * class key with a fresh salt, so that no nonce is ever used twice under one key, and carries a commitment to that
 * key: without it, one ciphertext could be made that opens to two different texts under two keys.
 *
 * Layout: format (1 byte) | salt (16) | commitment (32) | tag (16) | ciphertext. Written as base64url.
 */
export type Box = string;

/** What is written; boxes of format 1 are only read. */
const FORMAT = 2;
const SALT = 16;
const COMMITMENT = 32;
const TAG = 16;
const HEAD = 1 + SALT + COMMITMENT + TAG;
export const INFO = Buffer.from('pistor box v1');
const FIRST_INFO = Buffer.concat([INFO, Buffer.from([1])]);
const SECOND_INFO = Buffer.concat([INFO, Buffer.from([2])]);
const BLOCK_INFO = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from('pistor box v2'), Buffer.from([0])]);
/** Safe because every box has a key of its own. */
const NONCE = Buffer.alloc(12);

/** A box that does not open: it was changed, moved to another event, or closed with another key. */
export class BoxDoesNotOpen extends Error {
  constructor(reason: string) {
    super(`A box of personal data does not open: ${reason}`);
    this.name = 'BoxDoesNotOpen';
  }
}

type Derive = (classKey: Buffer, salt: Buffer) => { key: Buffer; commitment: Buffer };

/**
 * Format 2: one block of HMAC-SHA-512 (SP 800-108, counter mode), half of it the key and half the commitment. Of what
 * a box costs, deriving was most: format 1 takes three HMACs for the same strength.
 */
function deriveInOneBlock(classKey: Buffer, salt: Buffer): { key: Buffer; commitment: Buffer } {
  const block = createHmac('sha512', classKey).update(BLOCK_INFO).update(salt).digest();
  return { key: block.subarray(0, 32), commitment: block.subarray(32) };
}

/** Format 1: HKDF-SHA-256 (RFC 5869) to 64 bytes. */
export function deriveByHkdf(classKey: Buffer, salt: Buffer): { key: Buffer; commitment: Buffer } {
  const extracted = createHmac('sha256', salt).update(classKey).digest();
  const key = createHmac('sha256', extracted).update(FIRST_INFO).digest();
  const commitment = createHmac('sha256', extracted).update(key).update(SECOND_INFO).digest();
  return { key, commitment };
}

const DERIVATIONS: ReadonlyMap<number | undefined, Derive> = new Map([
  [1, deriveByHkdf],
  [FORMAT, deriveInOneBlock],
]);

/**
 * Closes `plaintext`. `bound` (who, which class, which event) is not stored but must be given again to open it, so that
 * a box cannot be moved to another place.
 */
export function closeBox(classKey: Buffer, plaintext: string, bound: string): Box {
  const salt = publicRandomBytes(SALT);
  const { key, commitment } = deriveInOneBlock(classKey, salt);
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
  const derive = DERIVATIONS.get(bytes[0]);
  if (bytes.length < HEAD || !derive) throw new BoxDoesNotOpen('its format is unknown');
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
