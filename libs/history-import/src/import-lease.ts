import { setTimeout as sleep } from 'node:timers/promises';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Database } from '#libs/database/src/database.js';
import { Conflict } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';

/** Another import of this chain is under way. */
export class ImportUnderWay extends Conflict {
  constructor() {
    super('import.under-way', 'Another import into this chain is under way. Wait for its end, or stop it.');
  }
}

/** A living import beats this often, so whoever waits sees within that time that it lives. */
const BEAT_MS = 1_500;
/** An import that was killed holds its chain for this long, on a server that others use, too. */
const LEASE_MS = 8_000;
const POLL_MS = 250;

/** Imports of this process. On PGlite there is no other process, so the lease of any other owner is a dead one's. */
const living = new Set<Id>();

/**
 * Runs work as the only import of a chain. A row with a heartbeat, and no lock of a database session: PGlite has one
 * session for everybody. Two imports at once would do no harm to the events; only their counts would be wrong.
 * @throws ImportUnderWay
 */
export async function asOnlyImport<T>(
  db: Database,
  chain: Chain,
  work: (stillMine: () => void) => Promise<T>,
): Promise<T> {
  const owner = newId();
  living.add(owner);
  let beating: NodeJS.Timeout | undefined;
  try {
    await acquire(db, chain, owner);
    let lost: ImportUnderWay | undefined;
    const beat = () =>
      renew(db, chain, owner).catch((error: unknown) => {
        // A database that does not answer is noticed by the work itself.
        if (error instanceof ImportUnderWay) lost = error;
      });
    beating = setInterval(() => void beat(), BEAT_MS);
    return await work(() => {
      if (lost !== undefined) throw lost;
    });
  } finally {
    clearInterval(beating);
    living.delete(owner);
    // Whatever ended the work matters more than a lease that could not be given back and runs out by itself.
    await db
      .query('delete from import_lease where chain = $1 and owner = $2', [chain.no, owner])
      .catch(() => undefined);
  }
}

/** Takes the lease, or waits for a dead one to run out; gives up as soon as its owner shows life. */
async function acquire(db: Database, chain: Chain, owner: Id): Promise<void> {
  let seen: string | undefined;
  for (;;) {
    const alive = db.kind === 'pglite' ? [...living] : null;
    const { rows } = await db.query<{ owner: Id }>(
      `insert into import_lease as l (chain, owner, lease_until)
       values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
       on conflict (chain) do update
         set owner = excluded.owner, lease_until = excluded.lease_until, beats = l.beats + 1
         where l.lease_until < clock_timestamp() or ($4::uuid[] is not null and not (l.owner = any($4)))
       returning owner`,
      [chain.no, owner, LEASE_MS, alive],
    );
    if (rows.length > 0) return;
    const held = await db.query<{ owner: Id; beats: string }>(
      'select owner, beats from import_lease where chain = $1',
      [chain.no],
    );
    const holder = held.rows[0];
    const beats = holder?.beats;
    const showsLife = seen !== undefined && beats !== undefined && beats !== seen;
    if ((holder && living.has(holder.owner)) || showsLife) throw new ImportUnderWay();
    seen = beats;
    await sleep(POLL_MS);
  }
}

async function renew(db: Database, chain: Chain, owner: Id): Promise<void> {
  const { rowCount } = await db.query(
    `update import_lease set beats = beats + 1, lease_until = clock_timestamp() + $3 * interval '1 millisecond'
     where chain = $1 and owner = $2`,
    [chain.no, owner, LEASE_MS],
  );
  if (rowCount === 0) throw new ImportUnderWay();
}
