import type { BackendFactory } from 'bullmq';
import type { JobData, QueueHealth, WorkQueue } from './work-queue.js';

/** Where a queue's jobs are kept: PostgreSQL (also PGlite), Redis, or the memory of this process. */
export interface QueueBackend {
  readonly kind: QueueHealth['backend'];
  /** What BullMQ's classes are made with; a fresh connection where workers need one of their own. */
  options(role: 'producer' | 'worker'): { readonly connection: never; readonly prefix?: string };
  /** BullMQ's own where undefined. */
  readonly factory: BackendFactory<any, any> | undefined;
  /** Opens a queue without BullMQ, where the backend does. */
  open?<Data extends JobData>(name: string): WorkQueue<Data>;
  /** False while there is no connection: whoever adds a job then need not wait to hear so. */
  connected(): boolean;
  /** @throws when it cannot be reached, or must not be used. Bounded to a few seconds. */
  check(): Promise<void>;
  /** See `WorkQueue.memory`; left out where the jobs lie in the database. */
  memory?(): Promise<string>;
  close(): Promise<void>;
}
