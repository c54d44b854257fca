import type { Queryable } from './database.js';

/** How often to look whether there is something to do; the look itself takes about a millisecond. */
const LOOK_MS = 10_000;
/** Log written since the last checkpoint at which the next one is due: recovery reads at most about this much. */
const CHECKPOINT_BYTES = 32 * 1024 * 1024;
/** With less than that, a checkpoint still comes after this, so that a quiet database is recovered at once. */
const CHECKPOINT_MS_MAX = 5 * 60_000;

/**
 * PostgreSQL's autovacuum rule with its default numbers, plus a freeze long before transaction ids run out; one table
 * at a time, the neediest first, so that nobody waits longer than for one table.
 */
const NEEDIEST_TABLE = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, age(c.relfrozenxid) > 200000000 AS freeze
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
   CROSS JOIN LATERAL (SELECT
           coalesce(s.n_dead_tup, 0) / (50 + 0.2 * greatest(c.reltuples, 0)) AS dead,
           coalesce(s.n_mod_since_analyze, 0) / (50 + 0.1 * greatest(c.reltuples, 0)) AS modified,
           coalesce(s.n_ins_since_vacuum, 0) / (1000 + 0.2 * greatest(c.reltuples, 0)) AS inserted,
           age(c.relfrozenxid) / 200000000.0 AS aged) AS need
   WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
     AND greatest(need.dead, need.modified, need.inserted, need.aged) > 1
   ORDER BY greatest(need.dead, need.modified, need.inserted, need.aged) DESC
   LIMIT 1`;

/**
 * What PostgreSQL's background processes do elsewhere: checkpoints and vacuum. Does nothing while nobody writes.
 *
 * @param writes a number that rises with every commit (calls of fsync).
 * @returns stops it; resolves when the piece of work under way is done.
 */
export function maintain(
  database: Queryable,
  writes: () => number,
  { lookMs = LOOK_MS, checkpointBytes = CHECKPOINT_BYTES } = {},
): () => Promise<void> {
  let running: Promise<void> | undefined;
  let checkpoint = { writes: writes(), at: performance.now() };
  let vacuumed = writes();

  async function look(): Promise<void> {
    // Both leave traces of their own in the counter; they must not keep themselves going.
    if (writes() !== checkpoint.writes && (await isCheckpointDue())) await runCheckpoint();
    if (writes() !== vacuumed) await vacuumNeediest();
  }

  async function isCheckpointDue(): Promise<boolean> {
    if (performance.now() - checkpoint.at > CHECKPOINT_MS_MAX) return true;
    const sql = 'SELECT pg_current_wal_lsn() - redo_lsn > $1 AS due FROM pg_control_checkpoint()';
    const { rows } = await database.query<{ due: boolean }>(sql, [checkpointBytes]);
    return rows[0]!.due;
  }

  async function runCheckpoint(): Promise<void> {
    await database.query('CHECKPOINT');
    checkpoint = { writes: writes(), at: performance.now() };
  }

  async function vacuumNeediest(): Promise<void> {
    // The counts of the last second may still be in the session; at rest nothing else would bring them out.
    await database.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await database.query<{ name: string; freeze: boolean }>(NEEDIEST_TABLE);
    const [table] = rows;
    if (table) await database.query(`VACUUM (ANALYZE${table.freeze ? ', FREEZE' : ''}) ${table.name}`);
    else vacuumed = writes();
  }

  const timer = setInterval(() => {
    // A failure (a full disk, a restart under way) is met again at the next look; the statements that matter report it.
    running ??= look()
      .catch(() => {})
      .finally(() => {
        running = undefined;
      });
  }, lookMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
