import { runMigrations } from 'bullmq';
import type { Database } from './database.js';
import { toDatabaseError } from './database.errors.js';

/** What would shadow BullMQ's: its statements name relations and functions without a schema, and ours come first. */
const SHADOWS = `
  SELECT ours.relname AS name FROM pg_class ours JOIN pg_class theirs USING (relname)
   WHERE ours.relnamespace = current_schema()::regnamespace AND theirs.relnamespace = 'bullmq'::regnamespace
   UNION
  SELECT ours.proname FROM pg_proc ours JOIN pg_proc theirs USING (proname)
   WHERE ours.pronamespace = current_schema()::regnamespace AND theirs.pronamespace = 'bullmq'::regnamespace
   ORDER BY 1`;

/**
 * Makes or updates the schema `bullmq` for BullMQ's PostgreSQL backend, which must exist before any Queue or Worker
 * is made (a Worker on a missing schema spins). Call it after our own migrations: it refuses names of ours that BullMQ's
 * statements would find in place of BullMQ's own (`event`, `job`, `meta`, `metrics`, `scheduler`, …).
 */
export async function migrateBullMq(db: Database): Promise<void> {
  const client = await db.pool.connect().catch((error: unknown) => {
    throw toDatabaseError(error);
  });
  const ignore = () => {};
  client.on('error', ignore);
  let failure: Error | undefined;
  try {
    await runMigrations(client);
  } catch (error) {
    failure = error as Error;
    throw toDatabaseError(error);
  } finally {
    client.removeListener('error', ignore);
    client.release(failure);
  }
  const { rows } = await db.query<{ name: string }>(SHADOWS);
  if (rows.length > 0) throw new Error(`These names hide BullMQ's own: ${rows.map(({ name }) => name).join(', ')}`);
}
