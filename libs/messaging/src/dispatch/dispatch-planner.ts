import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import type { MessageKind } from '../message/message.events.js';
import { type DispatchJob, dispatchJobId, priorityOf } from './dispatch.jobs.js';
import type { DispatchGate } from './dispatch-gate.js';
import { type Place, START } from './place.js';

/** What falls due within this time goes to the queue; months-long delayed jobs are known to get lost. */
const HORIZON_MS = 2 * 3_600_000;
/**
 * Messages that one statement looks at. The first few show whether the queue takes them: one that is away leaves few marked for
 * nothing. Then what it costs to find them is shared by many.
 */
const FIRST_BATCH = 500;
const BATCH = 10_000;

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
    let [place, handed] = [START, 0];
    for (let batch = FIRST_BATCH; ; batch = BATCH) {
      const due = await this.take(chain, horizon, { after: place, batch });
      const taken = due.filter(({ is_taken }) => is_taken);
      if (taken.length > 0) await this.hand(chain, taken, now);
      handed += taken.length;
      const end = due.find(({ is_end }) => is_end);
      if (!end) return handed;
      place = { at: end.at, messageId: end.message_id };
    }
  }

  /** Marks what it takes, so that of many planners one hands it over; what then gets lost is the sweeper's. */
  private async take(
    chain: Chain,
    horizon: Instant,
    { after, batch }: { readonly after: Place; readonly batch: number },
  ): Promise<DueMessage[]> {
    const { rows } = await this.deps.db.query<DueMessage>({
      name: 'dispatch_take',
      text: `with page as materialized (
               select m.message_id, m.deferrals, m.next_due, m.kind from ${MESSAGES_SCHEMA}.message m
               where m.chain = $1 and m.status = 'pending' and m.next_due <= $2
                 and (m.next_due, m.message_id) > ($4::timestamptz, $5::uuid)
               order by m.next_due, m.message_id limit $3
             ), due as materialized (
               select * from page p
               where not exists (select 1 from dispatch_handed_over h where h.chain = $1
                                 and h.message_id = p.message_id and h.deferrals = p.deferrals)
             ), handed as (
               insert into dispatch_handed_over (chain, message_id, deferrals)
               select $1, message_id, deferrals from due order by next_due, message_id
               on conflict do nothing returning message_id
             )
             select due.*, next_due::text as at, message_id in (select message_id from handed) as is_taken, false as is_end
             from due
             union all
             (select page.*, next_due::text as at, false, true from page
              where (select count(*) from page) = $3 order by next_due desc, message_id desc limit 1)
             order by next_due, message_id`,
      values: [chain.no, horizon, batch, after.at, after.messageId],
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
  /** As the database writes it, to the microsecond. */
  readonly at: string;
  /** False where another planner was faster. */
  readonly is_taken: boolean;
  /** Not to be handed over: up to here everything was looked at, and there is more. */
  readonly is_end: boolean;
}
