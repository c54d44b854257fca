import type { Database } from '#libs/database/src/database.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { wrappedByOf } from './bucket-keys.js';
import { KeyVaultProblem, type KeyVault } from './key-vault.js';
import type { RewrappedKeys } from './rewrapped-keys.js';

/** Keys that are put in by one statement. */
const BATCH_KEYS_MAX = 1_000;

/** What was done to the keys of a restored backup. */
export interface AdoptedKeys {
  /** Keys whose wrapping was taken from what was kept of their bucket, since their own opens no more. */
  readonly taken: number;
  /** Persons with a key that opens no more, as it should be: they were erased since the backup. */
  readonly erased: readonly Id[];
}

/**
 * Fits the keys of a restored backup to the vault as it is now. Buckets whose key was changed since have keys of persons
 * that open no more: those of the erased, and those of everybody else in the bucket, which were kept beside the vault.
 * @param isErased whether the register of erasures has a person
 * @throws KeyVaultProblem when somebody would be lost who was not erased; nothing was changed then
 */
export async function adoptRestoredKeys(
  db: Database,
  vault: KeyVault,
  rewrapped: RewrappedKeys,
  isErased: (chain: Id, subject: Id) => boolean,
): Promise<AdoptedKeys> {
  const versions = await vault.versions();
  return db.transaction(async (tx) => {
    const { rows: buckets } = await tx.query<{ bucket: number; newest: number; oldest: number }>(
      'select bucket, newest, oldest from bucket_key order by bucket',
    );
    const { rows: chains } = await tx.query<{ no: number; id: Id }>('select no, id from chain');
    const numbers = new Map(chains.map(({ no, id }) => [id, no]));
    let taken = 0;
    const erased = new Set<Id>();
    const lost = new Set<Id>();
    for (const { bucket, newest, oldest } of buckets) {
      const known = versions.get(bucket) ?? [];
      const left = known.map(({ version }) => wrappedByOf(bucket, version));
      const isWhole = [newest, oldest].every((each) => known.some(({ version }) => version === each));
      if (isWhole || (known.length === 0 && vault.makesOnUse && newest === 1 && (await isUnused(bucket)))) continue;
      const kept = [];
      for await (const key of rewrapped.of(bucket)) {
        const no = numbers.get(key.chain);
        if (no !== undefined && left.includes(key.wrappedBy)) kept.push({ ...key, no });
      }
      for (let from = 0; from < kept.length; from += BATCH_KEYS_MAX) {
        const part = kept.slice(from, from + BATCH_KEYS_MAX);
        const { rowCount } = await tx.query(
          `update subject_key k set wrapped = r.wrapped, wrapped_by = r.by
           from unnest($1::int[], $2::uuid[], $3::text[], $4::bytea[], $5::text[]) as r(chain, subject, class, wrapped, by)
           where k.chain = r.chain and k.subject = r.subject and k.class = r.class and k.bucket = $6
             and k.wrapped is not null and not k.wrapped_by = any($7::text[])`,
          [
            part.map(({ no }) => no),
            part.map(({ subject }) => subject),
            part.map((each) => each.class),
            part.map(({ wrapped }) => wrapped),
            part.map(({ wrappedBy }) => wrappedBy),
            bucket,
            left,
          ],
        );
        taken += rowCount ?? 0;
      }
      const { rows: closed } = await tx.query<{ chain: Id; subject: Id }>(
        `select distinct c.id as chain, k.subject from subject_key k join chain c on c.no = k.chain
         where k.bucket = $1 and k.wrapped is not null and not k.wrapped_by = any($2::text[])`,
        [bucket, left],
      );
      const gone = closed.filter(({ chain, subject }) => isErased(chain, subject));
      for (const { subject } of gone) erased.add(subject);
      for (const each of closed) if (!gone.includes(each)) lost.add(each.subject);
      // Known as destroyed from here on: whoever reads what they closed is told so, and not that a key is missing.
      await tx.query(
        `update subject_key k set wrapped = null, destroyed_at = clock_timestamp()
         from unnest($1::int[], $2::uuid[]) as r(chain, subject)
         where k.chain = r.chain and k.subject = r.subject and k.wrapped is not null`,
        [gone.map(({ chain }) => numbers.get(chain)), gone.map(({ subject }) => subject)],
      );
      await tx.query(`update bucket_key set newest = $2, oldest = $3, fingerprint = $4 where bucket = $1`, [
        bucket,
        known.at(-1)?.version ?? newest,
        known[0]?.version ?? oldest,
        known.at(-1)?.fingerprint ?? null,
      ]);
    }
    if (lost.size > 0) {
      throw new KeyVaultProblem(
        `The keys of ${lost.size} persons in the backup were wrapped by bucket keys that are not in ${vault.place} any more, and what was kept of their buckets is not beside it. Put back the whole folder of keys as it was last; without it these persons’ data cannot be read.`,
        { persons: lost.size },
      );
    }
    return { taken, erased: [...erased] };

    async function isUnused(bucket: number): Promise<boolean> {
      const { rows } = await tx.query('select 1 from subject_key where bucket = $1 and wrapped is not null limit 1', [
        bucket,
      ]);
      return rows.length === 0;
    }
  });
}
