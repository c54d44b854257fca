import { createPostgresBackend } from 'bullmq';
import { migrateBullMq } from '#libs/database/src/bullmq.migrations.js';
import type { Database } from '#libs/database/src/database.js';
import { QueueUnavailable } from './queue.errors.js';
import type { QueueBackend } from './backend.port.js';

/** BullMQ's own PostgreSQL backend, over the pool that everybody uses. */
export async function postgresBackend(db: Database): Promise<QueueBackend> {
  await migrateBullMq(db);
  // Each queue and each worker listens for errors of the pool; Node would take more than ten for a leak.
  db.pool.setMaxListeners(100);
  return {
    kind: 'postgres',
    factory: createPostgresBackend,
    options: () => ({ connection: db.pool as never }),
    connected: () => true,
    check: async () => {
      if (!(await db.ping())) throw new QueueUnavailable('in the database');
    },
    // The pool belongs to whoever opened the database.
    close: () => Promise.resolve(),
  };
}
