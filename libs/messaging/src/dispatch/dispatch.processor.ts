import type { Chains } from '#libs/event-store/src/chains.js';
import type { RunningJob, WorkQueue } from '#libs/queue/src/work-queue.js';
import { type DispatchJob, turnJobId } from './dispatch.jobs.js';
import { isOfTheMoment, ProviderBusy } from './dispatch.problem.js';
import type { Dispatcher } from './dispatcher.js';

/** Who waits for a provider asks again ever more rarely, up to once in so long. */
const TURN_WAIT_MS_MAX = 30_000;

export interface DispatchProcessorDependencies {
  readonly dispatcher: Dispatcher;
  readonly chains: Chains;
  readonly queue: Pick<WorkQueue<DispatchJob>, 'add'>;
  readonly log: { warn(fields: object, message: string): void };
}

/** The queue's side of dispatch. */
export class DispatchProcessor {
  constructor(private readonly deps: DispatchProcessorDependencies) {}

  /** @throws whatever went wrong, so that the queue tries again. A message that fails to the last is on record as failed. */
  handle = async ({ data, lastAttempt }: RunningJob<DispatchJob>): Promise<void> => {
    const { dispatcher, chains, log } = this.deps;
    const chain = await chains.get(data.chainId);
    try {
      await dispatcher.dispatch(chain, data.messageId);
    } catch (error) {
      if (error instanceof ProviderBusy) return this.waitForTurn(data, error.waitMs);
      if (isOfTheMoment(error) || !lastAttempt) throw error;
      log.warn({ message: data.messageId, err: error }, 'a message cannot be dispatched');
      const problem = `it cannot be written: ${error instanceof Error ? error.name : 'unknown error'}`;
      await dispatcher.fail(chain, data.messageId, problem, await chains.now(chain));
    }
  };

  /** What cannot be handed over again is found by the sweeper. */
  private async waitForTurn(data: DispatchJob, waitMs: number): Promise<void> {
    const turn = Number(data.turn ?? 0) + 1;
    const delayMs = Math.min(waitMs * 2 ** turn, TURN_WAIT_MS_MAX);
    const job = { ...data, turn: String(turn) };
    await this.deps.queue.add([{ id: turnJobId(data.messageId, turn, Date.now()), data: job, delayMs }]);
  }
}
