import { createHash } from 'node:crypto';
import {
  BucketKeyMissing,
  KeyDoesNotUnwrap,
  type KeyToWrap,
  type KeyVault,
  KeyVaultProblem,
  KeyVaultUnavailable,
  type KeyVersion,
  type WrappedKey,
} from './key-vault.js';

export interface TransitOptions {
  /** Base address, as VAULT_ADDR names it. */
  readonly address: string;
  /** Asked for each call: a token that is renewed in its file is taken up without a start. */
  readonly token: () => string;
  /** Where the transit engine is mounted; `transit` where it is not said. */
  readonly mount?: string;
  /** Keys are `PREFIX-0` to `PREFIX-1023`; `pistor` where it is not said. */
  readonly prefix?: string;
  readonly namespace?: string | undefined;
}

/** A call takes some milliseconds; what takes so long will not come. */
const CALL_MS_MAX = 5_000;
/** Persons' keys of one call: under a megabyte, far below what Vault takes. */
const BATCH_MAX = 1_000;
/** Calls under way at a time when all buckets are looked at. */
const CALLS_MAX = 16;

interface TransitKey {
  readonly min_available_version?: number;
  readonly min_decryption_version: number;
  readonly latest_version: number;
}

interface BatchResult {
  readonly ciphertext?: string;
  readonly plaintext?: string;
  readonly error?: string;
}

/**
 * HashiCorp Vault's transit engine (or OpenBao's), over its HTTP API: the keys of buckets never leave it. A bucket's key
 * is made when it is first used. What is wrapped is a hash of what the key is bound to, and the key: so it unwraps nowhere
 * else, without leaning on `associated_data`, which older versions do not have.
 *
 * The token needs `create`, `update` on `encrypt/*` and `decrypt/*`, `read`, `list` and `update` on `keys/*`
 * (`rotate`, `config`, `trim`).
 */
export class TransitKeyVault implements KeyVault {
  readonly kind = 'transit';
  readonly id: string;
  readonly place: string;
  readonly makesOnUse = true;
  private readonly mount: string;
  private readonly prefix: string;

  constructor(private readonly options: TransitOptions) {
    this.mount = options.mount ?? 'transit';
    this.prefix = options.prefix ?? 'pistor';
    const { origin } = new URL(options.address);
    this.place = `${origin} (${this.mount}/${this.prefix}-…)`;
    // Not the address, which may change while the keys stay.
    this.id = `transit ${this.mount}/${this.prefix}`;
  }

  async versions(): Promise<ReadonlyMap<number, readonly KeyVersion[]>> {
    const listed = await this.call('GET', 'keys?list=true');
    const names = (listed?.['keys'] ?? []) as string[];
    const buckets = names.flatMap((name) => {
      const [, bucket] = new RegExp(`^${this.prefix}-([0-9]{1,4})$`).exec(name) ?? [];
      return bucket === undefined ? [] : [Number(bucket)];
    });
    const all = new Map<number, readonly KeyVersion[]>();
    for (let from = 0; from < buckets.length; from += CALLS_MAX) {
      const group = buckets.slice(from, from + CALLS_MAX);
      const found = await Promise.all(group.map((bucket) => this.versionsOf(bucket)));
      group.forEach((bucket, n) => all.set(bucket, found[n] as KeyVersion[]));
    }
    return all;
  }

  async wrap(bucket: number, version: number, keys: readonly KeyToWrap[]): Promise<Buffer[]> {
    const plaintexts = keys.map(({ key, boundTo }) => Buffer.concat([boundHash(boundTo), key]).toString('base64'));
    const results = await this.batches(plaintexts, (part) =>
      this.call('POST', `encrypt/${this.nameOf(bucket)}`, {
        // The first use of a bucket makes its key. With each key: beside a batch, a version would not be looked at.
        batch_input: part.map((plaintext) => ({ plaintext, key_version: version })),
      }),
    );
    return results.map(({ ciphertext, error }) => {
      if (ciphertext === undefined) throw new KeyVaultProblem(`Vault did not wrap a key: ${error ?? 'no ciphertext'}`);
      // It would be noted under the wrong number.
      if (!ciphertext.startsWith(`vault:v${version}:`)) throw new BucketKeyMissing(bucket, version, this.place);
      return Buffer.from(ciphertext, 'latin1');
    });
  }

  async unwrap(bucket: number, version: number, keys: readonly WrappedKey[]): Promise<Buffer[]> {
    const ciphertexts = keys.map(({ wrapped }) => wrapped.toString('latin1'));
    if (ciphertexts.some((each) => !each.startsWith(`vault:v${version}:`))) throw new KeyDoesNotUnwrap(bucket, version);
    const results = await this.batches(ciphertexts, (part) =>
      this.call('POST', `decrypt/${this.nameOf(bucket)}`, { batch_input: part.map((ciphertext) => ({ ciphertext })) }),
    );
    return results.map(({ plaintext, error }, n) => {
      if (error !== undefined && /too old|disallowed|version/i.test(error))
        throw new BucketKeyMissing(bucket, version, this.place);
      const bytes = Buffer.from(plaintext ?? '', 'base64');
      const bound = boundHash((keys[n] as WrappedKey).boundTo);
      if (bytes.length <= bound.length || !bytes.subarray(0, bound.length).equals(bound))
        throw new KeyDoesNotUnwrap(bucket, version);
      return bytes.subarray(bound.length);
    });
  }

  async rotate(bucket: number): Promise<KeyVersion> {
    await this.call('POST', `keys/${this.nameOf(bucket)}/rotate`, {});
    const newest = (await this.versionsOf(bucket)).at(-1);
    if (!newest) throw new KeyVaultProblem(`Vault has no key ${this.nameOf(bucket)} after it was rotated.`);
    return newest;
  }

  /** Forbids the older versions, and then trims them, after which no setting brings them back. */
  async destroyBelow(bucket: number, version: number): Promise<void> {
    const name = this.nameOf(bucket);
    const key = await this.read(bucket);
    if (!key || key.latest_version < version) throw new BucketKeyMissing(bucket, version, this.place);
    if ((key.min_available_version ?? 0) >= version) return;
    await this.call('POST', `keys/${name}/config`, {
      min_decryption_version: version,
      min_encryption_version: version,
    });
    await this.call('POST', `keys/${name}/trim`, { min_available_version: version });
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  private async versionsOf(bucket: number): Promise<KeyVersion[]> {
    const key = await this.read(bucket);
    if (!key) return [];
    const first = Math.max(1, key.min_decryption_version, key.min_available_version ?? 0);
    return Array.from({ length: key.latest_version - first + 1 }, (_, n) => ({
      version: first + n,
      fingerprint: null,
    }));
  }

  private async read(bucket: number): Promise<TransitKey | undefined> {
    return (await this.call('GET', `keys/${this.nameOf(bucket)}`)) as TransitKey | undefined;
  }

  private nameOf(bucket: number): string {
    return `${this.prefix}-${bucket}`;
  }

  private async batches(
    all: readonly string[],
    call: (part: readonly string[]) => Promise<Record<string, unknown> | undefined>,
  ): Promise<BatchResult[]> {
    const results: BatchResult[] = [];
    for (let from = 0; from < all.length; from += BATCH_MAX) {
      const part = all.slice(from, from + BATCH_MAX);
      const answered = (await call(part))?.['batch_results'];
      if (!Array.isArray(answered) || answered.length !== part.length)
        throw new KeyVaultProblem('Vault answered another number of keys than it was asked for.');
      results.push(...(answered as BatchResult[]));
    }
    return results;
  }

  /** @returns `data` of the answer; undefined for 404 and for answers without content */
  private async call(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
  ): Promise<Record<string, unknown> | undefined> {
    const { address, token, namespace } = this.options;
    const url = `${address.replace(/\/+$/, '')}/v1/${this.mount}/${path}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        headers: {
          'x-vault-token': token(),
          'x-vault-request': 'true',
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CALL_MS_MAX),
        // A standby that sends elsewhere would be given the token there.
        redirect: 'error',
      });
      text = await response.text();
    } catch (error) {
      throw new KeyVaultUnavailable(`Vault does not answer at ${this.place}.`, error);
    }
    if (response.status === 404) return undefined;
    if (response.status === 204) return undefined;
    const answer = parsed(text);
    if (response.ok) return answer?.data;
    const said = (answer?.errors ?? []).join('; ');
    // A batch in which some fail comes with 400 and the results all the same.
    if (response.status === 400 && answer?.data?.['batch_results'] !== undefined) return answer.data;
    if (response.status === 403)
      throw new KeyVaultProblem(`Vault refuses ${method} ${this.mount}/${path.replace(/\?.*/, '')}: ${said || '403'}.`);
    if (response.status >= 500 || response.status === 429 || response.status === 472 || response.status === 473)
      throw new KeyVaultUnavailable(`Vault answers ${response.status} at ${this.place}: ${said}`);
    throw new KeyVaultProblem(`Vault answers ${response.status} to ${method} ${this.mount}/${path}: ${said}`);
  }
}

const boundHash = (boundTo: string): Buffer => createHash('sha256').update(boundTo).digest();

function parsed(
  text: string,
): { readonly data?: Record<string, unknown>; readonly errors?: readonly string[] } | undefined {
  try {
    return JSON.parse(text) as { data?: Record<string, unknown>; errors?: string[] };
  } catch {
    return undefined;
  }
}
