import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import type { MessageKind } from '../message/message.events.js';
import { inGroups } from '../reactor/in-groups.js';
import { type DispatchJob, priorityOf, sweepJobId } from './dispatch.jobs.js';
import { isOfTheMoment, ProviderBusy } from './dispatch.problem.js';
import type { DispatchGate } from './dispatch-gate.js';
import type { Dispatcher } from './dispatcher.js';
import type { HeldMessages } from './held-messages.js';
import { type Place, START } from './place.js';

export interface SweeperTimes {
  /** A message that is due and whose job did nothing for so long is handed over again. Real time. */
  readonly jobLostMs: number;
  /** An attempt without an outcome for so long has lost its maker. Longer than any call to a provider takes. */
  readonly attemptStaleMs: number;
  /** A message that is held is looked at again so often though nothing was heard, by the chain's clock. */
  readonly heldLookMs?: number;
}

export const SWEEPER_TIMES: SweeperTimes = { jobLostMs: 10_000, attemptStaleMs: 30_000 };

/** Messages that one statement looks at. The first few show whether the queue takes them, before many are marked for nothing. */
const FIRST_BATCH = 500;
const BATCH = 10_000;
/**
 * In a backlog what has waited for long is handed over ever more rarely, but at least so often: a queue that was wiped has
 * it again within a minute, and one that works on it is not given a hundred thousand jobs that it has every few seconds.
 */
const HAND_OVER_EVERY_MS_MAX = 30_000;
/** Attempts that are read at a time, and of them those that are finished at a time. */
const FINISH_PAGE = 200;
const FINISH_CONCURRENCY = 8;
/** An attempt that cannot be finished in so many sweeps, and not because of the moment, never can. */
const FAILURES_MAX = 5;
/** Attempts of which it is known how often they failed. More than that are no accident, and are counted anew. */
const FAILURES_KNOWN_MAX = 10_000;
/** For so long one sweep hands over, and for so long it finishes attempts; the next one comes in seconds. */
const BUDGET_MS = 20_000;
/** What was handed over is forgotten after it can no longer be in any queue. */
const FORGET_AFTER_MS = 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

export interface DispatchSweeperDependencies {
  readonly db: Pick<Database, 'query'>;
  readonly chains: Pick<Chains, 'all' | 'now'>;
  readonly queue: Pick<WorkQueue<DispatchJob>, 'add'>;
  readonly dispatcher: Pick<Dispatcher, 'resume' | 'giveUpAttempt'>;
  readonly held: Pick<HeldMessages, 'look' | 'mend'>;
  readonly gate: Pick<DispatchGate, 'isOpen'>;
  readonly log: { warn(fields: object, message: string): void };
}

interface LostMessage {
  readonly message_id: Id;
  readonly deferrals: number;
  readonly kind: MessageKind;
  readonly at: string;
  /** Not to be handed over: up to here everything was looked at, and there is more. */
  readonly is_end: boolean;
}

/** Finds what should have happened and did not, whatever the queue remembers. */
export class DispatchSweeper {
  private forgotAt = 0;
  /** Where the next sweep of a chain goes on that had more attempts to finish than time. */
  private readonly finished = new Map<number, Place>();
  /** How often an attempt could not be finished, as far as this process has seen. */
  private readonly failures = new Map<Id, number>();

  constructor(
    private readonly deps: DispatchSweeperDependencies,
    private readonly times: SweeperTimes = SWEEPER_TIMES,
    private readonly budgetMs = BUDGET_MS,
  ) {}

  /** Sweeps every chain, whatever goes wrong with another one. @throws what went wrong, at the end */
  async sweepAll(): Promise<void> {
    const chains = await this.deps.chains.all();
    await allOf([...chains.map((chain) => () => this.sweep(chain)), () => this.forgetNowAndThen()]);
  }

  /**
   * Hands over what is due and was lost, finishes attempts that have no outcome, and looks at what is held; each of them
   * though another fails.
   * @throws what went wrong, at the end: Unavailable when queue or database cannot be reached
   */
  async sweep(chain: Chain): Promise<void> {
    if (!(await this.deps.gate.isOpen(chain))) return;
    await allOf([
      () => this.handOverAgain(chain),
      () => this.finishAttempts(chain),
      () => this.deps.held.look(chain).then(() => undefined),
    ]);
  }

  private async handOverAgain(chain: Chain): Promise<void> {
    const deadline = performance.now() + this.budgetMs;
    let [place, handed] = [START, 0];
    try {
      for (let batch = FIRST_BATCH; ; batch = BATCH) {
        const rows = await this.takeLost(chain, { after: place, batch });
        const lost = rows.filter(({ is_end }) => !is_end);
        await this.hand(chain, lost);
        handed += lost.length;
        const end = rows.find(({ is_end }) => is_end);
        if (!end) return;
        if (performance.now() >= deadline || !(await this.deps.gate.isOpen(chain))) return;
        place = { at: end.at, messageId: end.message_id };
      }
    } finally {
      if (handed > 0)
        this.deps.log.warn({ chain: chain.slug, messages: handed }, 'messages that were due were handed over again');
    }
  }

  /** Takes what is due and was handed over too long ago. Of many sweepers one gets each. */
  private async takeLost(
    chain: Chain,
    { after, batch }: { readonly after: Place; readonly batch: number },
  ): Promise<LostMessage[]> {
    const { jobLostMs } = this.times;
    const now = await this.deps.chains.now(chain);
    // On a live chain a job may have been handed over hours ahead: it is late only some time after it was due.
    const dueBefore = chain.sandbox ? now : new Date(Date.parse(now) - jobLostMs).toISOString();
    const { rows } = await this.deps.db.query<LostMessage>({
      name: 'dispatch_take_lost',
      text: `with page as materialized (
               select message_id, deferrals, kind, next_due from ${MESSAGES_SCHEMA}.message
               where chain = $1 and status = 'pending' and next_due <= $2
                 and (next_due, message_id) > ($3::timestamptz, $4::uuid)
               order by next_due, message_id limit $7
             ), lost as materialized (
               select p.* from page p
               join dispatch_handed_over o on o.chain = $1 and o.message_id = p.message_id and o.deferrals = p.deferrals
               where o.handed_at < clock_timestamp() - interval '1 millisecond' * least(
                 greatest(extract(epoch from $5::timestamptz - p.next_due) * 500, $6::float8),
                 greatest(${HAND_OVER_EVERY_MS_MAX}, $6::float8))
               for update of o skip locked
             ), handed as (
               update dispatch_handed_over h set handed_at = clock_timestamp() from lost
               where h.chain = $1 and h.message_id = lost.message_id and h.deferrals = lost.deferrals
             )
             select lost.*, next_due::text as at, false as is_end
             from lost
             union all
             (select page.*, next_due::text as at, true from page
              where (select count(*) from page) = $7 order by next_due desc, message_id desc limit 1)
             order by next_due, message_id`,
      values: [chain.no, dueBefore, after.at, after.messageId, now, jobLostMs, batch],
    });
    return rows;
  }

  private async hand(chain: Chain, lost: readonly LostMessage[]): Promise<void> {
    if (lost.length === 0) return;
    const now = await this.deps.chains.now(chain);
    try {
      await this.deps.queue.add(
        lost.map(({ message_id: messageId, deferrals, kind }) => ({
          id: sweepJobId(messageId, deferrals, now),
          priority: priorityOf(kind),
          data: { chainId: chain.id, messageId },
        })),
      );
    } catch (error) {
      await this.giveBack(chain, lost).catch(() => undefined);
      throw error;
    }
  }

  /** The next sweep takes them again, as if nobody had. */
  private async giveBack(chain: Chain, lost: readonly LostMessage[]): Promise<void> {
    await this.deps.db.query(
      `update dispatch_handed_over set handed_at = '-infinity'
       where chain = $1 and (message_id, deferrals) in (select * from unnest($2::uuid[], $3::integer[]))`,
      [chain.no, lost.map((each) => each.message_id), lost.map((each) => each.deferrals)],
    );
  }

  /** Page by page, from where the last sweep had no more time, so that those that fail do not keep the rest waiting. */
  private async finishAttempts(chain: Chain): Promise<void> {
    const deadline = performance.now() + this.budgetMs;
    const staleBefore = await this.staleBefore();
    let place = this.finished.get(chain.no) ?? START;
    this.finished.delete(chain.no);
    const passing: unknown[] = [];
    for (let page = [place]; page.length > 0; ) {
      page = await this.staleAttempts(chain, staleBefore, place);
      for (let from = 0; from < page.length; from += FINISH_CONCURRENCY) {
        const group = page.slice(from, from + FINISH_CONCURRENCY);
        const errors = await inGroups(group, ({ messageId }) => this.finish(chain, messageId), FINISH_CONCURRENCY);
        passing.push(...errors.filter((error) => error !== undefined));
        place = group.at(-1) ?? place;
        if (performance.now() < deadline && (await this.deps.gate.isOpen(chain))) continue;
        this.finished.set(chain.no, place);
        page = [];
      }
    }
    const [err] = passing;
    if (err === undefined) return;
    // Where the database is away it is the same with all of them: once is enough.
    this.deps.log.warn(
      { chain: chain.slug, messages: passing.length, err },
      'attempts could not be finished at present',
    );
  }

  /** What is attempted anew during a sweep is left to the next: each sweep has an end. */
  private async staleBefore(): Promise<Instant> {
    const { rows } = await this.deps.db.query<{ at: Date }>(
      `select clock_timestamp() - $1 * interval '1 millisecond' as at`,
      [this.times.attemptStaleMs],
    );
    return (rows[0] as { at: Date }).at.toISOString();
  }

  private async staleAttempts(chain: Chain, before: Instant, after: Place): Promise<Place[]> {
    const { rows } = await this.deps.db.query<{ message_id: Id; at: string }>({
      name: 'dispatch_stale_attempts',
      text: `select message_id, attempted_at::text as at from ${MESSAGES_SCHEMA}.message
             where chain = $1 and status = 'attempted' and attempted_at < $2
               and (attempted_at, message_id) > ($3::timestamptz, $4::uuid)
             order by attempted_at, message_id limit ${FINISH_PAGE}`,
      values: [chain.no, before, after.at, after.messageId],
    });
    return rows.map(({ message_id: messageId, at }) => ({ messageId, at }));
  }

  /**
   * One that cannot be finished must not keep the others waiting: never throws.
   * @returns why it could not be finished at this moment, where that says nothing of the message
   */
  private async finish(chain: Chain, messageId: Id): Promise<unknown> {
    const { dispatcher, log } = this.deps;
    try {
      const outcome = await dispatcher.resume(chain, messageId);
      this.failures.delete(messageId);
      if (outcome !== 'closed' && outcome !== 'in-flight')
        log.warn({ message: messageId, outcome }, 'an attempt without an outcome was finished');
      return undefined;
    } catch (error) {
      // Its turn comes; there is nothing to tell.
      if (error instanceof ProviderBusy) return undefined;
      if (isOfTheMoment(error)) return error;
      log.warn({ message: messageId, err: error }, 'an attempt without an outcome could not be finished');
      await this.countFailure(chain, messageId, error);
      return undefined;
    }
  }

  private async countFailure(chain: Chain, messageId: Id, error: unknown): Promise<void> {
    if (this.failures.size >= FAILURES_KNOWN_MAX) this.failures.clear();
    const failures = (this.failures.get(messageId) ?? 0) + 1;
    this.failures.set(messageId, failures);
    if (failures < FAILURES_MAX) return;
    const { dispatcher, log } = this.deps;
    const problem = `its attempt cannot be finished: ${error instanceof Error ? error.name : 'unknown error'}`;
    try {
      await dispatcher.giveUpAttempt(chain, messageId, problem);
      this.failures.delete(messageId);
    } catch (again) {
      log.warn({ message: messageId, err: again }, 'an attempt could not be given up, and is tried again');
    }
  }

  private async forgetNowAndThen(): Promise<void> {
    if (Date.now() - this.forgotAt < FORGET_EVERY_MS) return;
    this.forgotAt = Date.now();
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

/** Does one after the other, each though one before it failed. @throws what went wrong, at the end */
async function allOf(works: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const work of works) await work().catch((error: unknown) => errors.push(error));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'Several things went wrong');
}
