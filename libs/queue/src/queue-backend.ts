import type { Database } from '#libs/database/src/database.js';
import { postgresBackend } from './postgres.backend.js';
import type { QueueBackend } from './backend.port.js';
import { redisBackend } from './redis.backend.js';

export type { QueueBackend } from './backend.port.js';

export interface BackendOptions {
  readonly db: Database;
  /** Redis or Valkey; without it the jobs live in the database. */
  readonly redisUrl?: string | undefined;
  /** Parts the keys of deployments that share a Redis. */
  readonly prefix?: string | undefined;
}

/**
 * Opens what queues are kept in. The PostgreSQL schema is made or brought up to date first: a worker on a schema that
 * is not there spins at full speed. A Redis that cannot be reached yet is no error: dispatch waits for it, commands do
 * not.
 * @throws RedisMayEvict when a Redis that can be reached may throw jobs away.
 */
export function openQueueBackend({ db, redisUrl, prefix }: BackendOptions): Promise<QueueBackend> {
  return redisUrl === undefined || redisUrl === '' ? postgresBackend(db) : redisBackend(redisUrl, prefix);
}
