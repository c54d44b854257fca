import { createHash, hkdfSync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { BUCKETS, KeyVaultProblem, KeyVaultReadOnly, type KeyVersion } from './key-vault.js';
import { LocalKeyVault } from './local.key-vault.js';
import type { MasterKey } from './master-key.js';

/** `1:64 hexadecimal digits`, one for each version; parted by commas or white space. */
const VERSION = /^([1-9][0-9]{0,8}):([0-9a-f]{64})$/i;

/** The versions of a secret that the keys of all buckets follow from. @throws KeyVaultProblem */
export function parseSecrets(text: string, place: string): Map<number, Buffer> {
  const secrets = new Map<number, Buffer>();
  for (const part of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const [, version, hex] = VERSION.exec(part) ?? [];
    // The part itself is not told: it may be the secret with a slip of the finger.
    if (version === undefined || hex === undefined)
      throw new KeyVaultProblem(`${place} holds something else than versions as 1:HEX, 64 hexadecimal digits each.`);
    if (secrets.has(Number(version))) throw new KeyVaultProblem(`${place} holds version ${version} twice.`);
    secrets.set(Number(version), Buffer.from(hex, 'hex'));
  }
  if (secrets.size === 0) throw new KeyVaultProblem(`${place} holds no version of the bucket keys (1:HEX).`);
  return new Map([...secrets].sort(([a], [b]) => a - b));
}

/**
 * Keys that an operator gives: versions of a secret, in the environment or in a file that something else mounts. Each
 * bucket's key follows from a version and the bucket's number. Pistor changes nothing here: to end a version, a newer one
 * is added, everything is wrapped anew, and the older one is taken away.
 */
export class SecretKeyVault extends LocalKeyVault {
  readonly kind = 'secret';
  readonly id: string;
  private secrets: Map<number, Buffer>;
  private derived = new Map<string, Buffer>();

  /** @param read gives the text as it is now @throws KeyVaultProblem */
  constructor(
    private readonly read: () => string,
    readonly place: string,
  ) {
    super();
    this.secrets = parseSecrets(read(), place);
    // Versions come and go, so that nothing of them tells this secret from another one.
    this.id = 'secret';
  }

  rotate(bucket: number): Promise<KeyVersion> {
    const newest = Math.max(...this.secrets.keys());
    return Promise.reject(
      new KeyVaultReadOnly(
        `Pistor cannot make a new key of bucket ${bucket}: add ${newest + 1}:HEX (64 random hexadecimal digits) to ${this.place}, keep the older version, and start the processes again.`,
      ),
    );
  }

  destroyBelow(_bucket: number, version: number): Promise<void> {
    return Promise.reject(
      new KeyVaultReadOnly(
        `Everything is wrapped by version ${version} now. Take the older versions out of ${this.place}, and out of every copy of it, to make the erasure final.`,
      ),
    );
  }

  refresh(): Promise<void> {
    const secrets = parseSecrets(this.read(), this.place);
    const [before, after] = [this.secrets, secrets].map((each) =>
      [...each].map(([version, key]) => `${version}:${key.toString('hex')}`).join(),
    );
    if (before !== after) {
      this.secrets = secrets;
      this.derived = new Map();
    }
    return Promise.resolve();
  }

  protected keysOf(bucket: number): ReadonlyMap<number, Buffer> {
    const keys = new Map<number, Buffer>();
    for (const [version, secret] of this.secrets) {
      const name = `${bucket}.${version}`;
      const key = this.derived.get(name) ?? Buffer.from(hkdfSync('sha256', secret, '', `pistor bucket ${bucket}`, 32));
      this.derived.set(name, key);
      keys.set(version, key);
    }
    return keys;
  }

  protected buckets(): Iterable<number> {
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  }
}

/** @throws KeyVaultProblem when the file is missing or can be read by others */
export function secretsFromFile(file: string): string {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new KeyVaultProblem(
        `The bucket keys ${file} can be read by others (mode ${mode.toString(8)}). Mend it: chmod 600 "${file}"`,
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof KeyVaultProblem) throw error;
    throw new KeyVaultProblem(`The bucket keys ${file} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Keys that follow from the master key, for what is thrown away again: benchmarks and tests. None can be destroyed, so an
 * erasure never becomes final here.
 */
export class DerivedKeyVault extends LocalKeyVault {
  readonly kind = 'derived';
  readonly id: string;
  readonly place = 'the master key';
  private readonly keys = new Map<number, ReadonlyMap<number, Buffer>>();

  constructor(private readonly master: MasterKey) {
    super();
    this.id = `derived ${createHash('sha256').update(master.fingerprint).digest('hex').slice(0, 16)}`;
  }

  rotate(): Promise<KeyVersion> {
    return Promise.reject(new KeyVaultReadOnly('Keys that follow from the master key cannot be made anew.'));
  }

  destroyBelow(): Promise<void> {
    return Promise.reject(new KeyVaultReadOnly('Keys that follow from the master key cannot be destroyed.'));
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  protected keysOf(bucket: number): ReadonlyMap<number, Buffer> {
    const known = this.keys.get(bucket);
    if (known) return known;
    const keys = new Map([[1, this.master.derive(`bucket ${bucket}`)]]);
    this.keys.set(bucket, keys);
    return keys;
  }

  protected buckets(): Iterable<number> {
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  }
}
