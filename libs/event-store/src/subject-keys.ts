import { randomBytes } from 'node:crypto';
import type { Queryable } from '#libs/database/src/database.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { boundKey, wrappedByOf } from './bucket-keys.js';
import type { Chain } from './chains.js';
import { BucketKeyMissing, bucketOf, type KeyVault, unwrapKey, type WrappedKey } from './key-vault.js';
import { type MasterKey, MasterKeyProblem } from './master-key.js';
import { PERSONAL_CLASSES, type PersonalClass } from './personal-data.js';
import { DerivedKeyVault } from './secret.key-vault.js';

/** Which key: of whom, and for which class of data. */
export interface KeyName {
  readonly subject: Id;
  readonly class: PersonalClass;
}

/** About 40 MB of keys at the most; the oldest go. */
const CACHED_MAX = 100_000;
/**
 * A destroyed key is told to every process at once (`forget`). One that missed it asks anew after so long, and no sooner:
 * a page of events would ask for the same keys again.
 */
const CACHED_MS_MAX = 15_000;
/** A bucket's key is changed once in a while, never several times while one insert is tried. */
const MAKE_TRIES_MAX = 4;

const TOGETHER: readonly PersonalClass[] = ['clinical', 'contact'];

/** Keys that are made in one statement. */
const MADE_MAX = 1_000;

interface KeyRow extends KeyName {
  readonly chain: number;
  readonly bucket: number | null;
  readonly wrapped: Buffer | null;
  readonly wrapped_by: string;
}

interface Wanted {
  readonly chain: Chain;
  readonly name: KeyName;
}

interface Cached {
  readonly key: Buffer;
  /** As it stood in its row: unchanged, it need not be unwrapped again. */
  readonly wrapped: Buffer;
  /** By `performance.now()`. */
  lookedAt: number;
}

/** What all that look through one set of keys share. */
interface Shared {
  readonly cache: Map<string, Cached>;
  /** Version of each bucket's key that new keys are wrapped by, as this process saw it last. */
  readonly newest: Map<number, number>;
  /** Raised whenever keys are forgotten: what was read before is not remembered after. */
  epoch: number;
}

const cacheKey = (chain: Pick<Chain, 'no'>, { subject, class: personalClass }: KeyName) =>
  `${chain.no}/${subject}/${personalClass}`;

/**
 * The keys of persons, wrapped by the keys of their buckets in a table; those of before buckets by the master key, until
 * they are wrapped anew. A key that was destroyed is known as destroyed and never made anew.
 */
export class SubjectKeys {
  private readonly making = new Coalesce<Wanted, Buffer | null>((wanted) => this.make(wanted), MADE_MAX);

  constructor(
    private readonly db: Queryable,
    private readonly master: MasterKey,
    private readonly vault: KeyVault = new DerivedKeyVault(master),
    private readonly shared: Shared = { cache: new Map(), newest: new Map(), epoch: 0 },
  ) {}

  /**
   * The same keys, looked up inside a transaction. Whoever holds one must not ask beside it: the embedded database has
   * one session, and the question would wait for the end of the transaction that waits for the answer.
   */
  within(tx: Queryable): SubjectKeys {
    return new SubjectKeys(tx, this.master, this.vault, this.shared);
  }

  /**
   * The keys that exist, by `subject/class`; a destroyed one is null, one that was never made is missing.
   */
  async find(chain: Chain, names: readonly KeyName[]): Promise<Map<string, Buffer | null>> {
    const found = new Map<string, Buffer | null>();
    const missing = this.cached(chain, names, found);
    if (missing.length > 0) await this.load(chain, missing, found);
    return found;
  }

  /**
   * As `find`, and makes the keys that do not exist yet; they are on disk when this returns. Clinical and contact
   * keys are made together: who has one soon needs the other.
   */
  async findOrCreate(chain: Chain, names: readonly KeyName[]): Promise<Map<string, Buffer | null>> {
    const found = new Map<string, Buffer | null>();
    const missing = new Map(this.cached(chain, names, found).map((name) => [nameOf(name), name]));
    if (missing.size === 0) return found;
    const wanted = new Map(missing);
    for (const { subject } of missing.values()) {
      for (const name of TOGETHER) {
        const other = { subject, class: name };
        if (!this.shared.cache.has(cacheKey(chain, other))) wanted.set(nameOf(other), other);
      }
    }
    const made = await Promise.all([...wanted.values()].map((name) => this.making.get({ chain, name })));
    [...wanted.keys()].forEach((name, n) => {
      if (missing.has(name)) found.set(name, made[n] as Buffer | null);
    });
    return found;
  }

  /**
   * Destroys the keys of persons, of every class, those too that were never made: nothing that they closed opens any more,
   * and nothing is closed about them again. What wraps them stays until their buckets' keys are changed.
   * @returns for each person that had a key left, the bucket and the newest version by which it may have been wrapped
   */
  async destroy(
    chain: Chain,
    subjects: readonly Id[],
  ): Promise<{ readonly subject: Id; readonly bucket: number; readonly version: number }[]> {
    const names = subjects.flatMap((subject) => PERSONAL_CLASSES.map((each) => ({ subject, class: each })));
    await this.db.query(
      `insert into subject_key (chain, subject, class, bucket, wrapped, wrapped_by, destroyed_at)
       select $1, w.subject, w.class, w.bucket, null, '', clock_timestamp()
       from unnest($2::uuid[], $3::text[], $4::smallint[]) as w(subject, class, bucket)
       on conflict (chain, subject, class) do update
         set wrapped = null, destroyed_at = excluded.destroyed_at, bucket = excluded.bucket
         where subject_key.destroyed_at is null`,
      [
        chain.no,
        names.map(({ subject }) => subject),
        names.map((name) => name.class),
        names.map(({ subject }) => bucketOf(subject)),
      ],
    );
    this.forget(chain, subjects);
    const buckets = [...new Set(subjects.map(bucketOf))];
    const newest = await this.askNewest(buckets);
    return subjects.map((subject) => {
      const bucket = bucketOf(subject);
      return { subject, bucket, version: newest.get(bucket) ?? 1 };
    });
  }

  /** Drops what this process holds of the keys of persons, and what it is just reading. */
  forget(chain: Pick<Chain, 'no'>, subjects: readonly Id[]): void {
    this.shared.epoch += 1;
    for (const subject of subjects) {
      for (const each of PERSONAL_CLASSES) {
        // Not overwritten: somebody may be closing a box with it, which would then be closed with nothing.
        this.shared.cache.delete(cacheKey(chain, { subject, class: each }));
      }
    }
  }

  private cached(chain: Chain, names: readonly KeyName[], into: Map<string, Buffer | null>): KeyName[] {
    const oldest = performance.now() - CACHED_MS_MAX;
    return names.filter((name) => {
      const cached = this.shared.cache.get(cacheKey(chain, name));
      if (!cached || cached.lookedAt < oldest) return true;
      into.set(nameOf(name), cached.key);
      return false;
    });
  }

  /** Finds or makes keys in one round trip; what another process makes in the same instant is read after it. */
  private async make(wanted: readonly Wanted[]): Promise<(Buffer | null)[]> {
    const named = ({ chain, name }: Wanted) => cacheKey(chain, name);
    const sorted = [...new Map(wanted.map((each) => [named(each), each])).values()].sort((a, b) =>
      named(a) < named(b) ? -1 : 1,
    );
    const keys = new Map<string, Buffer | null>();
    let left = sorted;
    // To wrap a key that is not needed costs a call of another server there.
    if (this.vault.kind === 'transit') {
      await this.loadInto(left, keys);
      left = left.filter((each) => !keys.has(named(each)));
    }
    for (let tries = 1; left.length > 0; tries += 1) {
      // Somebody gives a bucket a new key again and again: nobody does.
      if (tries > MAKE_TRIES_MAX) throw new Unavailable('key-vault.changing', 'The keys of buckets are being changed.');
      const { epoch } = this.shared;
      try {
        const { rows } = await this.insert(left, tries > 1);
        await this.openInto(left, rows, keys, epoch);
      } catch (error) {
        // A bucket has another key since this process looked, and the one it knew is destroyed.
        if (!(error instanceof BucketKeyMissing) || tries > 1) throw error;
        continue;
      }
      left = left.filter((each) => !keys.has(named(each)));
      if (left.length > 0) await this.loadInto(left, keys);
      left = left.filter((each) => !keys.has(named(each)));
    }
    return wanted.map((each) => keys.get(named(each)) ?? null);
  }

  private async insert(wanted: readonly Wanted[], again: boolean): Promise<{ rows: KeyRow[] }> {
    const buckets = wanted.map(({ name }) => bucketOf(name.subject));
    const newest = await this.newest([...new Set(buckets)], again);
    const wrapped = await this.wrapFresh(wanted, newest);
    return this.db.query<KeyRow>(
      `with wanted as (
         select * from unnest($1::int[], $2::uuid[], $3::text[], $4::bytea[], $5::smallint[], $6::int[])
           as w(chain, subject, class, wrapped, bucket, version)
       ), known as (
         -- One by one by the key, whatever the planner thinks of the number of wanted ones.
         select k.* from wanted w cross join lateral (
           select k.chain, k.subject, k.class, k.bucket, k.wrapped, k.wrapped_by from subject_key k
           where k.chain = w.chain and k.subject = w.subject and k.class = w.class limit 1
         ) k
       ), unknown as (
         select w.* from wanted w
         where not exists (select 1 from known k where k.chain = w.chain and k.subject = w.subject and k.class = w.class)
       ), present as (
         -- Held until this commits: the version that wraps a key cannot be destroyed before everybody sees the key.
         select b.bucket, b.newest from bucket_key b
         where b.bucket in (select u.bucket from unknown u) order by b.bucket for share
       ), made as (
         insert into subject_key (chain, subject, class, bucket, wrapped, wrapped_by)
         select u.chain, u.subject, u.class, u.bucket, u.wrapped, u.bucket || '.' || u.version
         from unknown u join present p on p.bucket = u.bucket and p.newest = u.version
         on conflict do nothing
         returning chain, subject, class, bucket, wrapped, wrapped_by
       )
       select * from known union all select * from made`,
      [
        wanted.map(({ chain }) => chain.no),
        wanted.map(({ name }) => name.subject),
        wanted.map(({ name }) => name.class),
        wrapped,
        buckets,
        buckets.map((bucket) => newest.get(bucket)),
      ],
    );
  }

  private async wrapFresh(wanted: readonly Wanted[], newest: ReadonlyMap<number, number>): Promise<Buffer[]> {
    const byBucket = new Map<number, number[]>();
    wanted.forEach(({ name }, n) => {
      const bucket = bucketOf(name.subject);
      byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), n]);
    });
    const wrapped = new Array<Buffer>(wanted.length);
    await Promise.all(
      [...byBucket].map(async ([bucket, places]) => {
        const fresh = places.map((n) => ({ key: randomBytes(32), boundTo: boundOf(wanted[n] as Wanted) }));
        const done = await this.vault.wrap(bucket, newest.get(bucket) as number, fresh);
        places.forEach((n, i) => (wrapped[n] = done[i] as Buffer));
      }),
    );
    return wrapped;
  }

  /** @param again what was known did not hold any more */
  private async newest(buckets: readonly number[], again: boolean): Promise<ReadonlyMap<number, number>> {
    const { newest } = this.shared;
    const unknown = again ? buckets : buckets.filter((bucket) => !newest.has(bucket));
    if (unknown.length > 0) await this.askNewest(unknown);
    return newest;
  }

  private async askNewest(buckets: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.db.query<{ bucket: number; newest: number }>(
      'select bucket, newest from bucket_key where bucket = any($1::smallint[])',
      [buckets],
    );
    for (const { bucket, newest } of rows) this.shared.newest.set(bucket, newest);
    return this.shared.newest;
  }

  private async load(chain: Chain, names: readonly KeyName[], into: Map<string, Buffer | null>): Promise<void> {
    const wanted = names.map((name) => ({ chain, name }));
    const keys = new Map<string, Buffer | null>();
    await this.loadInto(wanted, keys);
    for (const name of names) {
      const key = keys.get(cacheKey(chain, name));
      if (key !== undefined) into.set(nameOf(name), key);
    }
  }

  private async loadInto(wanted: readonly Wanted[], into: Map<string, Buffer | null>): Promise<void> {
    const { epoch } = this.shared;
    const { rows } = await this.db.query<KeyRow>(
      `select k.chain, k.subject, k.class, k.bucket, k.wrapped, k.wrapped_by
       from unnest($1::int[], $2::uuid[], $3::text[]) as n(chain, subject, class)
       cross join lateral (
         select * from subject_key s where s.chain = n.chain and s.subject = n.subject and s.class = n.class limit 1
       ) k`,
      [
        wanted.map(({ chain }) => chain.no),
        wanted.map(({ name }) => name.subject),
        wanted.map(({ name }) => name.class),
      ],
    );
    await this.openInto(wanted, rows, into, epoch);
  }

  /** Unwraps rows, those of one version of a bucket's key together. */
  private async openInto(
    wanted: readonly Wanted[],
    rows: readonly KeyRow[],
    into: Map<string, Buffer | null>,
    epoch: number,
  ): Promise<void> {
    const chains = new Map(wanted.map(({ chain }) => [chain.no, chain]));
    const closed = new Map<string, { row: KeyRow; name: string; wrapped: Buffer; boundTo: string }[]>();
    for (const row of rows) {
      const chain = chains.get(row.chain) as Chain;
      const name = cacheKey(chain, row);
      const cached = this.shared.cache.get(name);
      if (row.wrapped === null) {
        into.set(name, null);
        this.shared.cache.delete(name);
      } else if (cached?.wrapped.equals(row.wrapped)) {
        into.set(name, cached.key);
        cached.lookedAt = performance.now();
      } else {
        const group = closed.get(row.wrapped_by) ?? [];
        group.push({ row, name, wrapped: row.wrapped, boundTo: boundOf({ chain, name: row }) });
        closed.set(row.wrapped_by, group);
      }
    }
    await Promise.all(
      [...closed].map(async ([by, group]) => {
        const keys = await this.unwrap(by, (group[0] as { row: KeyRow }).row.bucket, group);
        group.forEach(({ name, wrapped }, n) => {
          const key = keys[n] as Buffer;
          into.set(name, key);
          if (epoch === this.shared.epoch) this.remember(name, { key, wrapped, lookedAt: performance.now() });
        });
      }),
    );
  }

  private async unwrap(by: string, bucket: number | null, keys: readonly WrappedKey[]): Promise<Buffer[]> {
    if (bucket !== null) {
      const version = Number(by.slice(by.indexOf('.') + 1));
      if (by !== wrappedByOf(bucket, version)) throw new Error(`A key of bucket ${bucket} says it is wrapped by ${by}`);
      return this.vault.unwrap(bucket, version, keys);
    }
    if (by !== this.master.fingerprint) {
      throw new MasterKeyProblem(`A key is wrapped by master key ${by}, which is not the one in use.`);
    }
    const wrapping = this.master.derive('wrapping key');
    return keys.map((each) => unwrapKey(wrapping, each));
  }

  private remember(name: string, cached: Cached): void {
    const { cache } = this.shared;
    cache.delete(name);
    cache.set(name, cached);
    if (cache.size > CACHED_MAX) cache.delete(cache.keys().next().value as string);
  }
}

export const nameOf = ({ subject, class: personalClass }: KeyName): string => `${subject}/${personalClass}`;

const boundOf = ({ chain, name }: Wanted): string => boundKey(chain.id, name.subject, name.class);
