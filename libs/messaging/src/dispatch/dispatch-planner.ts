import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import type { MessageKind } from '../message/message.events.js';
import { type DispatchJob, dispatchJobId, priorityOf } from './dispatch.jobs.js';
import type { DispatchGate } from './dispatch-gate.js';

/** What falls due within this time goes to the queue; months-long delayed jobs are known to get lost. */
const HORIZON_MS = 2 * 3_600_000;
/** Messages of one round trip. */
const BATCH = 500;

export interface DispatchPlannerDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly queue: WorkQueue<DispatchJob>;
  readonly gate: Pick<DispatchGate, 'isOpen'>;
}

/**
 * Hands the queue what is due within the next hours. The clock of a sandbox chain jumps, so the queue, which knows real
 * time only, gets of it what is due now.
 */
export class DispatchPlanner {
  constructor(private readonly deps: DispatchPlannerDependencies) {}

  /** @returns how many were handed over. @throws Unavailable when queue or database cannot be reached. */
  async planAll(): Promise<number> {
    let handed = 0;
    for (const chain of await this.deps.chains.all()) handed += await this.plan(chain);
    return handed;
  }

  async plan(chain: Chain): Promise<number> {
    if (!(await this.deps.gate.isOpen(chain))) return 0;
    const now = await this.deps.chains.now(chain);
    const horizon = chain.sandbox ? now : new Date(Date.parse(now) + HORIZON_MS).toISOString();
    let handed = 0;
    for (;;) {
      const due = await this.take(chain, horizon);
      if (due.length > 0) await this.hand(chain, due, now);
      handed += due.length;
      if (due.length < BATCH) return handed;
    }
  }

  /** Marks what it takes, so that of many planners one hands it over; what then gets lost is the sweeper's. */
  private async take(chain: Chain, horizon: Instant): Promise<DueMessage[]> {
    const { rows } = await this.deps.db.query<DueMessage>({
      name: 'dispatch_take',
      text: `with due as (
               select m.message_id, m.deferrals, m.next_due, m.kind from ${MESSAGES_SCHEMA}.message m
               where m.chain = $1 and m.status = 'pending' and m.next_due <= $2
                 and not exists (select 1 from dispatch_handed_over h where h.chain = m.chain
                                 and h.message_id = m.message_id and h.deferrals = m.deferrals)
               order by m.next_due limit $3
             ), handed as (
               insert into dispatch_handed_over (chain, message_id, deferrals)
               select $1, message_id, deferrals from due on conflict do nothing returning message_id, deferrals
             )
             select due.* from due join handed using (message_id, deferrals) order by next_due`,
      values: [chain.no, horizon, BATCH],
    });
    return rows;
  }

  private async hand(chain: Chain, due: readonly DueMessage[], now: Instant): Promise<void> {
    try {
      await this.deps.queue.add(
        due.map(({ message_id: messageId, deferrals, next_due, kind }) => ({
          id: dispatchJobId(messageId, deferrals),
          priority: priorityOf(kind),
          data: { chainId: chain.id, messageId },
          delayMs: chain.sandbox ? 0 : next_due.getTime() - Date.parse(now),
        })),
      );
    } catch (error) {
      await this.deps.db
        .query(
          `delete from dispatch_handed_over
           where chain = $1 and (message_id, deferrals) in (select * from unnest($2::uuid[], $3::integer[]))`,
          [chain.no, due.map((each) => each.message_id), due.map((each) => each.deferrals)],
        )
        // Then they wait for the sweeper.
        .catch(() => undefined);
      throw error;
    }
  }
}

interface DueMessage {
  readonly message_id: Id;
  readonly deferrals: number;
  readonly next_due: Date;
  readonly kind: MessageKind;
}
