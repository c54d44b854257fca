import type { Database } from '#libs/database/src/database.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import type { Chain } from './chains.js';
import type { SubjectKeys } from './subject-keys.js';

/** Payloads are `number of the chain/id of the person`. */
const CHANNEL = 'pistor_destroyed_keys';

/** Has every process drop what it holds of the keys of persons; one that misses it does so by itself a little later. */
export async function tellOfDestroyedKeys(
  db: Database,
  chain: Pick<Chain, 'no'>,
  subjects: readonly Id[],
): Promise<void> {
  await db.query(`select pg_notify($1, p) from unnest($2::text[]) as p`, [
    CHANNEL,
    subjects.map((subject) => `${chain.no}/${subject}`),
  ]);
}

/** @returns stops listening */
export async function listenForDestroyedKeys(db: Database, keys: SubjectKeys): Promise<() => Promise<void>> {
  // An embedded folder has one process, which destroys keys itself.
  if (db.kind !== 'postgres') return () => Promise.resolve();
  return db.listen(CHANNEL, (payload) => {
    const [chain, subject] = payload.split('/');
    if (chain !== undefined && subject !== undefined && isId(subject)) keys.forget({ no: Number(chain) }, [subject]);
  });
}
