import {
  BucketKeyMissing,
  fingerprintOf,
  KeyDoesNotUnwrap,
  type KeyToWrap,
  type KeyVault,
  type KeyVersion,
  unwrapKey,
  wrapKey,
  type WrappedKey,
} from './key-vault.js';

/** A vault whose keys come into this process, whatever they come from. */
export abstract class LocalKeyVault implements KeyVault {
  abstract readonly kind: KeyVault['kind'];
  abstract readonly id: string;
  abstract readonly place: string;
  readonly makesOnUse = false;

  abstract rotate(bucket: number): Promise<KeyVersion>;
  abstract destroyBelow(bucket: number, version: number): Promise<void>;
  abstract refresh(): Promise<void>;

  /** The versions of a bucket with their keys, oldest first. */
  protected abstract keysOf(bucket: number): ReadonlyMap<number, Buffer>;
  /** Buckets that have a key. */
  protected abstract buckets(): Iterable<number>;

  async versions(): Promise<ReadonlyMap<number, readonly KeyVersion[]>> {
    await this.refresh();
    const all = new Map<number, readonly KeyVersion[]>();
    for (const bucket of this.buckets()) all.set(bucket, this.versionsOf(bucket));
    return all;
  }

  async wrap(bucket: number, version: number, keys: readonly KeyToWrap[]): Promise<Buffer[]> {
    const wrapping = await this.key(bucket, version);
    return keys.map((each) => wrapKey(wrapping, each));
  }

  async unwrap(bucket: number, version: number, keys: readonly WrappedKey[]): Promise<Buffer[]> {
    const wrapping = await this.key(bucket, version);
    return keys.map((each) => {
      try {
        return unwrapKey(wrapping, each);
      } catch {
        throw new KeyDoesNotUnwrap(bucket, version);
      }
    });
  }

  protected versionsOf(bucket: number): KeyVersion[] {
    return [...this.keysOf(bucket)]
      .map(([version, key]) => ({ version, fingerprint: fingerprintOf(key) }))
      .sort((a, b) => a.version - b.version);
  }

  /** What is not known may have been made by another process meanwhile. */
  private async key(bucket: number, version: number): Promise<Buffer> {
    const known = this.keysOf(bucket).get(version);
    if (known) return known;
    await this.refresh();
    const found = this.keysOf(bucket).get(version);
    if (!found) throw new BucketKeyMissing(bucket, version, this.place);
    return found;
  }
}
