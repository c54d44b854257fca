import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { RunningJob, WorkQueue } from '#libs/queue/src/work-queue.js';
import type { MessageKind } from '../message/message.events.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import { type DispatchJob, priorityOf, turnJobId } from './dispatch.jobs.js';
import { isOfTheMoment, ProviderBusy } from './dispatch.problem.js';
import type { Dispatcher } from './dispatcher.js';

/** Who waits for a provider asks again ever more rarely, up to once in so long. */
const TURN_WAIT_MS_MAX = 30_000;

export interface DispatchProcessorDependencies {
  readonly db: Pick<Database, 'query'>;
  readonly dispatcher: Pick<Dispatcher, 'dispatch' | 'fail'>;
  readonly chains: Pick<Chains, 'get' | 'now'>;
  readonly queue: Pick<WorkQueue<DispatchJob>, 'add'>;
  readonly log: { warn(fields: object, message: string): void };
}

/** The queue's side of dispatch. */
export class DispatchProcessor {
  constructor(private readonly deps: DispatchProcessorDependencies) {}

  /**
   * A message that fails to the last is on record as failed, where it is the message's fault. Where it is that of the
   * moment, the job ends, and the sweeper finds the message: a job that is given up would stand in the way of its next.
   * @throws whatever went wrong, so that the queue tries again
   */
  handle = async ({ data, lastAttempt }: RunningJob<DispatchJob>): Promise<void> => {
    const { chains, log } = this.deps;
    try {
      const chain = await chains.get(data.chainId);
      await this.dispatch(chain, data, lastAttempt);
    } catch (error) {
      if (!lastAttempt || !isOfTheMoment(error)) throw error;
      log.warn(
        { message: data.messageId, err: error },
        'a message could not be dispatched now and is left to the sweeper',
      );
    }
  };

  private async dispatch(chain: Chain, data: DispatchJob, lastAttempt: boolean): Promise<void> {
    const { dispatcher, chains, log } = this.deps;
    try {
      await dispatcher.dispatch(chain, data.messageId);
    } catch (error) {
      if (error instanceof ProviderBusy) return this.waitForTurn(chain, data, error.waitMs);
      if (isOfTheMoment(error) || !lastAttempt) throw error;
      log.warn({ message: data.messageId, err: error }, 'a message cannot be dispatched');
      const problem = `it cannot be written: ${error instanceof Error ? error.name : 'unknown error'}`;
      await dispatcher.fail(chain, data.messageId, problem, await chains.now(chain));
    }
  }

  /** What cannot be handed over again is found by the sweeper. */
  private async waitForTurn(chain: Chain, data: DispatchJob, waitMs: number): Promise<void> {
    const turn = Number(data.turn ?? 0) + 1;
    const delayMs = Math.min(waitMs * 2 ** turn, TURN_WAIT_MS_MAX);
    const kind = await this.noteTurn(chain, data.messageId, delayMs);
    if (kind === undefined) return;
    const job = { ...data, turn: String(turn) };
    await this.deps.queue.add([
      { id: turnJobId(data.messageId, turn), priority: priorityOf(kind), data: job, delayMs },
    ]);
  }

  /**
   * The message counts as handed over at its turn, so that until then the sweeper does not take it for lost.
   * @returns its kind; undefined where the read model does not show it: then it is the sweeper's
   */
  private async noteTurn(chain: Chain, messageId: Id, delayMs: number): Promise<MessageKind | undefined> {
    const { rows } = await this.deps.db.query<{ kind: MessageKind }>({
      name: 'dispatch_turn',
      text: `with waits as (
               update dispatch_handed_over set handed_at = clock_timestamp() + $3 * interval '1 millisecond'
               where chain = $1 and message_id = $2
             )
             select kind from ${MESSAGES_SCHEMA}.message where chain = $1 and message_id = $2`,
      values: [chain.no, messageId, delayMs],
    });
    return rows[0]?.kind;
  }
}
