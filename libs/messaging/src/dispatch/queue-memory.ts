import type { Database } from '#libs/database/src/database.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import type { DispatchJob } from './dispatch.jobs.js';

/**
 * Notices that the queue has lost everything, and forgets what was handed to it: the planner then hands over again
 * whatever is to be done. What a queue loses in part is left to the sweeper, message by message.
 */
export class QueueMemory {
  private known: string | undefined;

  constructor(
    private readonly db: Database,
    private readonly queue: Pick<WorkQueue<DispatchJob>, 'name' | 'memory'>,
    private readonly log: { warn(fields: object, message: string): void },
  ) {}

  /**
   * To be asked before messages are handed over. Of many processes one forgets; that two do harms nothing, since a job
   * that is in the queue is not added again.
   * @throws Unavailable when queue or database cannot be reached
   */
  async check(): Promise<void> {
    const memory = await this.queue.memory?.();
    if (memory === undefined || memory === this.known) return;
    const { rows } = await this.db.query<{ forgotten: number }>(
      `with changed as (
         insert into dispatch_queue_memory as q (queue, memory) values ($1, $2)
         on conflict (queue) do update set memory = excluded.memory where q.memory <> excluded.memory
         returning 1
       ), forgotten as (
         delete from dispatch_handed_over where exists (select 1 from changed) returning 1
       )
       select count(*)::int as forgotten from forgotten`,
      [this.queue.name, memory],
    );
    this.known = memory;
    const forgotten = rows[0]?.forgotten ?? 0;
    if (forgotten === 0) return;
    this.log.warn({ queue: this.queue.name, messages: forgotten }, 'the queue has lost everything and is filled again');
  }
}
