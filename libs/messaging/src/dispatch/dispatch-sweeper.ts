import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import type { MessageKind } from '../message/message.events.js';
import { type DispatchJob, priorityOf, sweepJobId } from './dispatch.jobs.js';
import type { DispatchGate } from './dispatch-gate.js';
import type { Dispatcher } from './dispatcher.js';
import type { HeldMessages } from './held-messages.js';

export interface SweeperTimes {
  /** A message that is due and whose job did nothing for so long is handed over again. Real time. */
  readonly jobLostMs: number;
  /** An attempt without an outcome for so long has lost its maker. Longer than any call to a provider takes. */
  readonly attemptStaleMs: number;
  /** A message that is held is looked at again so often though nothing was heard, by the chain's clock. */
  readonly heldLookMs?: number;
}

export const SWEEPER_TIMES: SweeperTimes = { jobLostMs: 10_000, attemptStaleMs: 30_000 };

/** Messages of one sweep; the next one comes in seconds. */
const BATCH = 500;
/** What was handed over is forgotten after it can no longer be in any queue. */
const FORGET_AFTER_MS = 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

export interface DispatchSweeperDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly queue: WorkQueue<DispatchJob>;
  readonly dispatcher: Dispatcher;
  readonly held: HeldMessages;
  readonly gate: Pick<DispatchGate, 'isOpen'>;
  readonly log: { warn(fields: object, message: string): void };
}

/** Finds what should have happened and did not, whatever the queue remembers. */
export class DispatchSweeper {
  private forgotAt = 0;

  constructor(
    private readonly deps: DispatchSweeperDependencies,
    private readonly times: SweeperTimes = SWEEPER_TIMES,
  ) {}

  /** @throws Unavailable when queue or database cannot be reached. */
  async sweepAll(): Promise<void> {
    for (const chain of await this.deps.chains.all()) await this.sweep(chain);
    if (Date.now() - this.forgotAt < FORGET_EVERY_MS) return;
    this.forgotAt = Date.now();
    await this.forget();
  }

  async sweep(chain: Chain): Promise<void> {
    if (!(await this.deps.gate.isOpen(chain))) return;
    await this.finishAttempts(chain);
    await this.handOverAgain(chain);
    await this.deps.held.look(chain);
  }

  private async finishAttempts(chain: Chain): Promise<void> {
    const { rows } = await this.deps.db.query<{ message_id: Id }>(
      `select message_id from ${MESSAGES_SCHEMA}.message
       where chain = $1 and status = 'attempted' and attempted_at < clock_timestamp() - $2 * interval '1 millisecond'
       order by attempted_at limit $3`,
      [chain.no, this.times.attemptStaleMs, BATCH],
    );
    for (const { message_id: messageId } of rows) {
      const outcome = await this.deps.dispatcher.resume(chain, messageId);
      this.deps.log.warn({ message: messageId, outcome }, 'an attempt without an outcome was finished');
    }
  }

  private async handOverAgain(chain: Chain): Promise<void> {
    const now = await this.deps.chains.now(chain);
    // On a live chain a job may have been handed over hours ahead: it is late only some time after it was due.
    const dueBefore = chain.sandbox ? now : new Date(Date.parse(now) - this.times.jobLostMs).toISOString();
    const { rows } = await this.deps.db.query<{ message_id: Id; deferrals: number; kind: MessageKind }>(
      `update dispatch_handed_over h set handed_at = clock_timestamp()
       from (select m.message_id, m.deferrals, m.kind from ${MESSAGES_SCHEMA}.message m
             join dispatch_handed_over o on o.chain = m.chain and o.message_id = m.message_id and o.deferrals = m.deferrals
             where m.chain = $1 and m.status = 'pending' and m.next_due <= $2
               and o.handed_at < clock_timestamp() - $3 * interval '1 millisecond'
             order by m.next_due limit $4) m
       where h.chain = $1 and h.message_id = m.message_id and h.deferrals = m.deferrals
       returning h.message_id, h.deferrals, m.kind`,
      [chain.no, dueBefore, this.times.jobLostMs, BATCH],
    );
    if (rows.length === 0) return;
    const sweep = Date.now();
    await this.deps.queue.add(
      rows.map(({ message_id: messageId, deferrals, kind }) => ({
        id: sweepJobId(messageId, deferrals, sweep),
        priority: priorityOf(kind),
        data: { chainId: chain.id, messageId },
      })),
    );
    this.deps.log.warn({ chain: chain.slug, messages: rows.length }, 'messages that were due were handed over again');
  }

  private async forget(): Promise<void> {
    await this.deps.held.mend();
    await this.deps.db.query(
      `delete from dispatch_handed_over h
       where handed_at < clock_timestamp() - $1 * interval '1 millisecond'
         and not exists (select 1 from ${MESSAGES_SCHEMA}.message m
                         where m.chain = h.chain and m.message_id = h.message_id and m.status = 'pending')`,
      [FORGET_AFTER_MS],
    );
  }
}
