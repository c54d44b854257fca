import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { PistorError } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';

/**
 * How many buckets there are. To erase one person finally, the keys of everybody else in the bucket are wrapped anew: of a
 * million persons with two or three keys each that is some 2,500 keys, which takes a fraction of a second. It never
 * changes: the bucket of a person follows from their id.
 */
export const BUCKETS = 1024;

/** The bucket that the keys of a person are wrapped by. */
export const bucketOf = (subject: Id): number =>
  createHash('sha256').update(`pistor bucket ${subject}`).digest().readUInt16BE(0) % BUCKETS;

/** A key that is, or is to be, wrapped, with what it is bound to: it unwraps nowhere else. */
export interface KeyToWrap {
  readonly key: Buffer;
  readonly boundTo: string;
}

export interface WrappedKey {
  readonly wrapped: Buffer;
  readonly boundTo: string;
}

/** A version of a bucket's key that can still be used. */
export interface KeyVersion {
  readonly version: number;
  /** Tells keys of the same version apart without telling anything of them; null where the vault does not give them away. */
  readonly fingerprint: string | null;
}

/**
 * Where the keys of buckets stand: outside the database, so that one can be destroyed there and with it everything that
 * it alone opens, in whatever copy of the database. Versions count from 1 and are never used twice.
 */
export interface KeyVault {
  readonly kind: 'file' | 'secret' | 'transit' | 'derived';
  /** Tells this vault from any other one. */
  readonly id: string;
  /** For people: where the keys are. */
  readonly place: string;
  /**
   * The versions of each bucket that can be used, oldest first. A bucket whose key is made when it is first asked for is
   * missing until then.
   */
  versions(): Promise<ReadonlyMap<number, readonly KeyVersion[]>>;
  /** Whether a bucket without any version gets its first one by being used. */
  readonly makesOnUse: boolean;
  /** @throws BucketKeyMissing, KeyVaultProblem, KeyVaultUnavailable */
  wrap(bucket: number, version: number, keys: readonly KeyToWrap[]): Promise<Buffer[]>;
  /** @throws BucketKeyMissing, KeyDoesNotUnwrap, KeyVaultProblem, KeyVaultUnavailable */
  unwrap(bucket: number, version: number, keys: readonly WrappedKey[]): Promise<Buffer[]>;
  /**
   * Makes the version after the newest one; it is durable when this returns.
   * @throws KeyVaultReadOnly when somebody else has to do it
   */
  rotate(bucket: number): Promise<KeyVersion>;
  /**
   * Destroys every version below one, for ever.
   * @throws KeyVaultReadOnly when somebody else has to do it
   */
  destroyBelow(bucket: number, version: number): Promise<void>;
  /** Looks again at what may have changed under it. */
  refresh(): Promise<void>;
}

/** A bucket's key is missing, malformed, readable by others or not the one that the data was written with. */
export class KeyVaultProblem extends PistorError {
  constructor(message: string, data: Readonly<Record<string, unknown>> = {}) {
    super('unavailable', 'key-vault.problem', message, { data });
  }
}

/** The version was destroyed, or never stood in this vault. */
export class BucketKeyMissing extends KeyVaultProblem {
  constructor(
    readonly bucket: number,
    readonly version: number,
    place: string,
  ) {
    super(
      `Version ${version} of the key of bucket ${bucket} is not in ${place}. Put back the keys that the data was written with; without them the personal data of the bucket cannot be read.`,
      { bucket, version },
    );
  }
}

/** The vault cannot be reached now. */
export class KeyVaultUnavailable extends PistorError {
  constructor(message: string, cause?: unknown) {
    super('unavailable', 'key-vault.unavailable', message, { cause });
  }
}

/** The vault may be read by this process, and changed by an operator alone. */
export class KeyVaultReadOnly extends PistorError {
  constructor(readonly todo: string) {
    super('refused', 'key-vault.read-only', todo, { data: { todo } });
  }
}

/** A wrapped key was changed, moved to another place or closed with another key. */
export class KeyDoesNotUnwrap extends KeyVaultProblem {
  constructor(bucket: number, version: number) {
    super(
      `A person’s key does not unwrap by version ${version} of the key of bucket ${bucket}: it was changed or moved, or this is another key.`,
      { bucket, version },
    );
  }
}

const NONCE = 12;
const TAG = 16;

/**
 * Wraps a key under another one with AES-256-GCM. Layout: nonce (12 bytes) | tag (16) | ciphertext. Nonces are random: a
 * wrapping key sees some thousands of keys, far from the 2^32 at which that would end.
 */
export function wrapKey(wrapping: Buffer, { key, boundTo }: KeyToWrap): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce);
  cipher.setAAD(Buffer.from(boundTo));
  const body = Buffer.concat([cipher.update(key), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** @throws whatever the cipher throws for a key that was changed, moved or closed with another key */
export function unwrapKey(wrapping: Buffer, { wrapped, boundTo }: WrappedKey): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', wrapping, wrapped.subarray(0, NONCE));
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(wrapped.subarray(NONCE, NONCE + TAG));
  return Buffer.concat([decipher.update(wrapped.subarray(NONCE + TAG)), decipher.final()]);
}

/** Tells keys apart without telling anything of them. */
export const fingerprintOf = (key: Buffer): string =>
  createHash('sha256').update('pistor bucket key').update(key).digest('hex').slice(0, 16);
