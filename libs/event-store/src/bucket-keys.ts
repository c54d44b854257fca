import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Id } from '#libs/kernel/src/ids.js';
import {
  bucketOf,
  BucketKeyMissing,
  KeyVaultProblem,
  KeyVaultReadOnly,
  type KeyToWrap,
  type KeyVault,
  type KeyVersion,
  unwrapKey,
  type WrappedKey,
} from './key-vault.js';
import { type MasterKey, MasterKeyProblem } from './master-key.js';
import type { PersonalClass } from './personal-data.js';
import type { RewrappedKey, RewrappedKeys } from './rewrapped-keys.js';

/** Keys that are wrapped anew in one transaction: some tens of milliseconds, after which others get their turn. */
const BATCH_KEYS_MAX = 500;
/** One change of keys at a time, whichever process makes it. */
const LOCK = `select pg_advisory_xact_lock(hashtextextended('pistor bucket keys', 0))`;

/** How `subject_key.wrapped_by` names a version of a bucket's key. */
export const wrappedByOf = (bucket: number, version: number): string => `${bucket}.${version}`;

/** What a key is bound to when it is wrapped. */
export const boundKey = (chainId: Id, subject: Id, personalClass: PersonalClass): string =>
  `${chainId}/${subject}/${personalClass}`;

interface BucketRow {
  readonly bucket: number;
  readonly newest: number;
  readonly oldest: number;
  readonly fingerprint: string | null;
}

interface KeyRow {
  readonly chain: number;
  readonly subject: Id;
  readonly class: PersonalClass;
  readonly wrapped: Buffer;
  readonly wrapped_by: string;
}

/** A bucket as `pistor keys list` shows it. */
export interface BucketOverview {
  readonly bucket: number;
  readonly newest: number;
  /** Older than `newest` while a rotation is under way. */
  readonly oldest: number;
  /** Keys of persons that it wraps. */
  readonly keys: number;
  readonly rotatedAt: Date;
}

/** What became of a rotation. */
export interface Rotated {
  readonly bucket: number;
  readonly version: number;
  /** Keys of persons that were wrapped anew. */
  readonly rewrapped: number;
  /** What an operator has to do before the older versions are gone; undefined where they are. */
  readonly todo?: string | undefined;
}

/**
 * Finds out whether fresh bucket keys may be made, takes the vault and claims it, and looks whether every version that
 * wraps anything is in it: nothing is written, and no key made, by a process that could not read what is there.
 * @param take opens the vault; `mayCreate` tells that nothing was wrapped by another one yet
 * @throws KeyVaultProblem, BucketKeyMissing, KeyVaultUnavailable
 */
export function settleKeyVault(db: Database, take: (mayCreate: boolean) => KeyVault): Promise<KeyVault> {
  return db.transaction(async (tx) => {
    await tx.query(LOCK);
    const { rows: claimed } = await tx.query<{ id: string; kind: string }>('select id, kind from key_vault');
    const vault = take(claimed.length === 0);
    if (claimed.length === 0) {
      await tx.query('insert into key_vault (id, kind) values ($1, $2) on conflict do nothing', [vault.id, vault.kind]);
    } else if (!claimed.some(({ id }) => id === vault.id)) {
      throw new KeyVaultProblem(
        `These are not the bucket keys that the data was written with (those were ${claimed.map(({ kind, id }) => `${kind} ${id}`).join(', ')}; this is ${vault.kind} ${vault.id} at ${vault.place}). Nothing was changed.`,
      );
    }
    await demandVersions(tx, vault, claimed.length === 0);
    return vault;
  });
}

/** @param adopt nothing was wrapped yet: whatever versions the vault has are the ones to go on with */
async function demandVersions(tx: Queryable, vault: KeyVault, adopt: boolean): Promise<void> {
  const [{ rows }, versions] = await Promise.all([
    tx.query<BucketRow>('select bucket, newest, oldest, fingerprint from bucket_key order by bucket'),
    vault.versions(),
  ]);
  const noted: { bucket: number; newest: number; oldest: number; fingerprint: string | null }[] = [];
  for (const row of rows) {
    const known = versions.get(row.bucket) ?? [];
    if (known.length === 0 && vault.makesOnUse) continue;
    const newest = adopt ? known.at(-1) : known.find(({ version }) => version === row.newest);
    if (!newest) throw new BucketKeyMissing(row.bucket, row.newest, vault.place);
    if (!adopt && row.fingerprint !== null && row.fingerprint !== newest.fingerprint) {
      throw new KeyVaultProblem(
        `Version ${row.newest} of the key of bucket ${row.bucket} in ${vault.place} is not the one that the data was written with. Nothing was changed.`,
      );
    }
    const isThere = known.some(({ version }) => version === row.oldest);
    // A process that was killed right after it had destroyed the older versions could not note it any more.
    if (!adopt && !isThere && (await isUsedBelow(tx, row.bucket, newest.version)))
      throw new BucketKeyMissing(row.bucket, row.oldest, vault.place);
    const oldest = adopt || !isThere ? newest.version : row.oldest;
    const isNew = row.newest !== newest.version || row.fingerprint !== newest.fingerprint || row.oldest !== oldest;
    if (isNew) noted.push({ bucket: row.bucket, newest: newest.version, oldest, fingerprint: newest.fingerprint });
  }
  if (noted.length === 0) return;
  await tx.query(
    `update bucket_key b set newest = r.newest, oldest = r.oldest, fingerprint = r.fingerprint
     from jsonb_to_recordset($1::jsonb) as r(bucket smallint, newest integer, oldest integer, fingerprint text)
     where b.bucket = r.bucket`,
    [JSON.stringify(noted)],
  );
}

export interface BucketKeysDependencies {
  readonly db: Database;
  readonly master: MasterKey;
  readonly vault: KeyVault;
  /** Where survivors of a bucket are kept for older backups; left out where nothing is ever restored. */
  readonly rewrapped?: RewrappedKeys | undefined;
}

/**
 * Changes of the keys of buckets. Each goes in steps that may end anywhere: a new version is made and durable, the keys of
 * persons are wrapped by it in batches, and the older version is destroyed when it wraps nothing any more.
 */
export class BucketKeys {
  constructor(private readonly deps: BucketKeysDependencies) {}

  get vault(): KeyVault {
    return this.deps.vault;
  }

  /** Every bucket that wraps anything or was ever rotated. */
  async list(): Promise<BucketOverview[]> {
    const { rows } = await this.deps.db.query<BucketOverview & { keys: string }>(
      `select b.bucket, b.newest, b.oldest, b.rotated_at as "rotatedAt", coalesce(k.keys, 0) as keys
       from bucket_key b
       left join (select bucket, count(*) as keys from subject_key
                  where bucket is not null and wrapped is not null group by bucket) k on k.bucket = b.bucket
       where k.keys > 0 or b.newest > 1 order by b.bucket`,
    );
    return rows.map((row) => ({ ...row, keys: Number(row.keys) }));
  }

  /** Keys of persons that the master key still wraps, since they are older than buckets. */
  async waiting(): Promise<number> {
    const { rows } = await this.deps.db.query<{ n: string }>(
      'select count(*) as n from subject_key where bucket is null and wrapped is not null',
    );
    return Number(rows[0]?.n);
  }

  /**
   * Gives a bucket a new key and destroys the older ones, or brings an earlier rotation that was interrupted to its end.
   * @throws KeyVaultReadOnly where an operator has to make the key first; KeyVaultProblem, KeyVaultUnavailable
   */
  async rotate(bucket: number): Promise<Rotated> {
    const begun = await this.begin(bucket);
    return this.finish(bucket, begun.version);
  }

  /**
   * Sees to it that no version up to one can be used any more: what it wrapped is gone for good with it.
   * @returns undefined when it is so; else what an operator has to do first
   */
  async endVersion(bucket: number, version: number): Promise<string | undefined> {
    try {
      // A rotation that was under way may stop at the very version that has to go: then another one follows.
      for (let tries = 1; tries <= 2; tries += 1) {
        if ((await this.oldestOf(bucket)) > version) return undefined;
        const { todo } = await this.rotate(bucket);
        if (todo !== undefined) return todo;
      }
    } catch (error) {
      if (error instanceof KeyVaultReadOnly) return error.todo;
      throw error;
    }
    return (await this.oldestOf(bucket)) > version ? undefined : 'Rotate the bucket once more: pistor keys rotate';
  }

  /** Brings every rotation that was interrupted to its end. */
  async resume(): Promise<Rotated[]> {
    const { rows } = await this.deps.db.query<BucketRow>(
      'select bucket, newest from bucket_key where oldest < newest order by bucket',
    );
    const done: Rotated[] = [];
    for (const { bucket, newest } of rows) done.push(await this.finish(bucket, newest));
    return done;
  }

  /**
   * Wraps keys that the master key wraps by the keys of their buckets.
   * @param max how many in this call; may be called again until it gives 0
   * @returns how many there were
   */
  async adopt(max = BATCH_KEYS_MAX): Promise<number> {
    const { db, master } = this.deps;
    return db.transaction(async (tx) => {
      const { rows } = await tx.query<KeyRow & { wrapped: Buffer | null }>(
        `select chain, subject, class, wrapped, wrapped_by from subject_key where bucket is null
         limit $1 for no key update skip locked`,
        [max],
      );
      const own = rows.map((row) => ({ ...row, bucket: bucketOf(row.subject) }));
      const newest = await this.newestOf(tx, [...new Set(own.map(({ bucket }) => bucket))]);
      const bound = await boundsOf(tx, own);
      const wrappingKey = master.derive('wrapping key');
      const wrapped = await this.wrapAll(
        own.flatMap((row, n) => {
          if (row.wrapped === null) return [];
          if (row.wrapped_by !== master.fingerprint) {
            throw new MasterKeyProblem(
              `A key is wrapped by master key ${row.wrapped_by}, which is not the one in use.`,
            );
          }
          const boundTo = bound[n] as string;
          return { n, bucket: row.bucket, key: unwrapKey(wrappingKey, { wrapped: row.wrapped, boundTo }), boundTo };
        }),
        newest,
      );
      await this.save(
        tx,
        own.map((row, n) => ({
          ...row,
          wrapped: wrapped.get(n) ?? null,
          by: wrapped.has(n) ? wrappedByOf(row.bucket, newest.get(row.bucket) as number) : row.wrapped_by,
        })),
      );
      return rows.length;
    });
  }

  /** A new version is in the vault, and the one that new keys are wrapped by. */
  private begin(bucket: number): Promise<KeyVersion> {
    const { db, vault } = this.deps;
    return db.transaction(async (tx) => {
      await tx.query(LOCK);
      const { rows } = await tx.query<BucketRow>(
        'select bucket, newest, oldest, fingerprint from bucket_key where bucket = $1',
        [bucket],
      );
      const row = rows[0];
      if (!row) throw new KeyVaultProblem(`There is no bucket ${bucket}.`);
      const known = (await vault.versions()).get(bucket) ?? [];
      // The vault has one that nothing is wrapped by yet: a process died here, or an operator has added it.
      const made = known.find(({ version }) => version > row.newest);
      // An earlier rotation came so far: it is gone on with.
      if (!made && row.oldest < row.newest) return { version: row.newest, fingerprint: row.fingerprint };
      const next = made ?? (await this.rotateVault(bucket, row, known));
      await tx.query(
        'update bucket_key set newest = $2, fingerprint = $3, rotated_at = clock_timestamp() where bucket = $1',
        [bucket, next.version, next.fingerprint],
      );
      return next;
    });
  }

  private async oldestOf(bucket: number): Promise<number> {
    const { rows } = await this.deps.db.query<{ oldest: number }>('select oldest from bucket_key where bucket = $1', [
      bucket,
    ]);
    return rows[0]?.oldest ?? 0;
  }

  private async rotateVault(bucket: number, { newest }: BucketRow, known: readonly KeyVersion[]): Promise<KeyVersion> {
    const { vault } = this.deps;
    // A bucket that was never used has a first version only once it is used.
    if (known.length === 0 && vault.makesOnUse)
      await vault.wrap(bucket, newest, [{ key: Buffer.alloc(32), boundTo: 'the first use of a bucket' }]);
    return vault.rotate(bucket);
  }

  /** Wraps everything by one version, keeps the survivors for older backups, and destroys what is older. */
  private async finish(bucket: number, version: number): Promise<Rotated> {
    const { vault, db, rewrapped: survivors } = this.deps;
    let rewrapped = 0;
    for (let last = -1; last !== 0; rewrapped += last) last = await this.rewrapSome(bucket, version);
    try {
      // In one turn with whoever else changes the vault, so that no file is written over a newer one.
      await db.transaction(async (tx) => {
        await tx.query(LOCK);
        await demandUnused(tx, bucket, version);
        if (survivors) await survivors.save(bucket, await survivorsOf(tx, bucket));
        await vault.destroyBelow(bucket, version);
        await tx.query('update bucket_key set oldest = $2 where bucket = $1 and newest = $2', [bucket, version]);
      });
      return { bucket, version, rewrapped };
    } catch (error) {
      const isGone = await this.isGoneAlready(bucket, version, error);
      if (isGone === true) return { bucket, version, rewrapped };
      return { bucket, version, rewrapped, todo: isGone };
    }
  }

  /** An operator destroys what we must not: it is done when only the newest version is left. */
  private async isGoneAlready(bucket: number, version: number, error: unknown): Promise<true | string> {
    if (!(error instanceof KeyVaultReadOnly)) throw error;
    const known = (await this.deps.vault.versions()).get(bucket) ?? [];
    if (known.some((each) => each.version < version)) return error.todo;
    await this.deps.db.query('update bucket_key set oldest = $2 where bucket = $1 and newest = $2', [bucket, version]);
    return true;
  }

  private async rewrapSome(bucket: number, version: number): Promise<number> {
    const { db, vault } = this.deps;
    return db.transaction(async (tx) => {
      const { rows } = await tx.query<KeyRow>(
        `select chain, subject, class, wrapped, wrapped_by from subject_key
         where bucket = $1 and wrapped is not null and wrapped_by <> $2
         limit ${BATCH_KEYS_MAX} for no key update`,
        [bucket, wrappedByOf(bucket, version)],
      );
      if (rows.length === 0) return 0;
      const bound = await boundsOf(tx, rows);
      const byVersion = grouped(
        rows.map((row, n) => ({ row, n })),
        ({ row }) => Number(row.wrapped_by.split('.')[1]),
      );
      const keys: KeyToWrap[] = new Array<KeyToWrap>(rows.length);
      for (const [from, group] of byVersion) {
        const wrapped: WrappedKey[] = group.map(({ row, n }) => ({
          wrapped: row.wrapped,
          boundTo: bound[n] as string,
        }));
        const opened = await vault.unwrap(bucket, from, wrapped);
        group.forEach(({ n }, i) => (keys[n] = { key: opened[i] as Buffer, boundTo: bound[n] as string }));
      }
      const anew = await vault.wrap(bucket, version, keys);
      await this.save(
        tx,
        rows.map((row, n) => ({ ...row, bucket, wrapped: anew[n] as Buffer, by: wrappedByOf(bucket, version) })),
      );
      return rows.length;
    });
  }

  private async newestOf(tx: Queryable, buckets: readonly number[]): Promise<Map<number, number>> {
    const { rows } = await tx.query<BucketRow>(
      // Held until the keys are in, so that no version is destroyed before.
      'select bucket, newest from bucket_key where bucket = any($1::smallint[]) order by bucket for share',
      [buckets],
    );
    return new Map(rows.map(({ bucket, newest }) => [bucket, newest]));
  }

  private async wrapAll(
    keys: readonly (KeyToWrap & { readonly n: number; readonly bucket: number })[],
    newest: ReadonlyMap<number, number>,
  ): Promise<Map<number, Buffer>> {
    const wrapped = new Map<number, Buffer>();
    for (const [bucket, group] of grouped(keys, (each) => each.bucket)) {
      const done = await this.deps.vault.wrap(bucket, newest.get(bucket) as number, group);
      group.forEach(({ n }, i) => wrapped.set(n, done[i] as Buffer));
    }
    return wrapped;
  }

  private async save(
    tx: Queryable,
    rows: readonly (Pick<KeyRow, 'chain' | 'subject' | 'class'> & {
      readonly bucket: number;
      readonly wrapped: Buffer | null;
      readonly by: string;
    })[],
  ): Promise<void> {
    if (rows.length === 0) return;
    await tx.query(
      `update subject_key k set bucket = r.bucket, wrapped = r.wrapped, wrapped_by = r.by
       from unnest($1::int[], $2::uuid[], $3::text[], $4::smallint[], $5::bytea[], $6::text[])
         as r(chain, subject, class, bucket, wrapped, by)
       where k.chain = r.chain and k.subject = r.subject and k.class = r.class`,
      [
        rows.map(({ chain }) => chain),
        rows.map(({ subject }) => subject),
        rows.map((row) => row.class),
        rows.map(({ bucket }) => bucket),
        rows.map(({ wrapped }) => wrapped),
        rows.map(({ by }) => by),
      ],
    );
  }
}

/** No key is made under an older version any more, since whoever makes one holds the bucket's row. */
async function demandUnused(tx: Queryable, bucket: number, version: number): Promise<void> {
  if (await isUsedBelow(tx, bucket, version))
    throw new Error(`Older versions of the key of bucket ${bucket} still wrap keys`);
}

async function isUsedBelow(tx: Queryable, bucket: number, version: number): Promise<boolean> {
  const { rows } = await tx.query(
    'select 1 from subject_key where bucket = $1 and wrapped is not null and wrapped_by <> $2 limit 1',
    [bucket, wrappedByOf(bucket, version)],
  );
  return rows.length > 0;
}

async function boundsOf(
  tx: Queryable,
  rows: readonly Pick<KeyRow, 'chain' | 'subject' | 'class'>[],
): Promise<string[]> {
  const { rows: chains } = await tx.query<{ no: number; id: Id }>('select no, id from chain');
  const ids = new Map(chains.map(({ no, id }) => [no, id]));
  return rows.map((row) => boundKey(ids.get(row.chain) as Id, row.subject, row.class));
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

async function survivorsOf(tx: Queryable, bucket: number): Promise<RewrappedKey[]> {
  const { rows } = await tx.query<Omit<KeyRow, 'chain'> & { chain: Id }>(
    `select c.id as chain, k.subject, k.class, k.wrapped, k.wrapped_by from subject_key k join chain c on c.no = k.chain
     where k.bucket = $1 and k.wrapped is not null order by k.subject, k.class`,
    [bucket],
  );
  return rows.map(({ wrapped_by: wrappedBy, ...row }) => ({ ...row, wrappedBy }));
}
