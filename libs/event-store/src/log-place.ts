import type { Queryable } from '#libs/database/src/database.js';
import { Refused } from '#libs/kernel/src/errors.js';

/** What keeps the events of a database's chains: the database itself or a KurrentDB server. */
export type LogPlace = 'database' | 'kurrentdb';

const REFUSALS: Readonly<Record<LogPlace, () => Refused>> = {
  database: () =>
    new Refused(
      'event-store.in-database',
      'This database keeps its events itself; those of KURRENTDB_URL would be others. Unset it, or use an empty database.',
    ),
  kurrentdb: () =>
    new Refused(
      'event-store.in-kurrentdb',
      'The events of this database are kept in KurrentDB. Set KURRENTDB_URL to that server; for a folder, name it by PISTOR_DATA, since --data leaves the servers of the environment aside.',
    ),
};

/**
 * Checks that the events of this database are kept there, or nowhere yet.
 * @throws Refused `event-store.in-database`, `event-store.in-kurrentdb`
 */
export async function demandLogPlace(db: Queryable, wanted: LogPlace): Promise<void> {
  const place = await logPlace(db);
  if (place !== undefined && place !== wanted) throw REFUSALS[place]();
}

/**
 * Settles where the events of this database are kept, unless it is settled: of many processes that start at once and
 * differ, one decides it for all.
 * @throws as `demandLogPlace`
 */
export async function settleLogPlace(db: Queryable, wanted: LogPlace): Promise<void> {
  await demandLogPlace(db, wanted);
  await db.query(
    `insert into log_place (place) select $1 where not exists (select from log_place) on conflict do nothing`,
    [wanted],
  );
  await demandLogPlace(db, wanted);
}

async function logPlace(db: Queryable): Promise<LogPlace | undefined> {
  // Databases of older versions say nothing but by their events.
  const { rows } = await db.query<{ place: LogPlace | null }>(
    `select coalesce((select place from log_place),
                     case when exists (select from event_log) then 'database' end) as place`,
  );
  return rows[0]?.place ?? undefined;
}
