import type { Queryable } from '#libs/database/src/database.js';
import { BUCKETS } from './key-vault.js';

/** A row for each bucket, unless they are there; those of a restored backup came with it. */
export async function makeBuckets(db: Queryable): Promise<void> {
  await db.query(
    `insert into bucket_key (bucket) select n from generate_series(0, $1::integer - 1) as n
     where not exists (select from bucket_key) on conflict do nothing`,
    [BUCKETS],
  );
}
