import type { Chains } from '#libs/event-store/src/chains.js';
import type { RunningJob } from '#libs/queue/src/work-queue.js';
import type { DispatchJob } from './dispatch.jobs.js';
import { isOfTheMoment } from './dispatch.problem.js';
import type { Dispatcher } from './dispatcher.js';

/** The queue's side of dispatch. */
export class DispatchProcessor {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly chains: Chains,
    private readonly log: { warn(fields: object, message: string): void },
  ) {}

  /** @throws whatever went wrong, so that the queue tries again. A message that fails to the last is on record as failed. */
  handle = async ({ data, lastAttempt }: RunningJob<DispatchJob>): Promise<void> => {
    const chain = await this.chains.get(data.chainId);
    try {
      await this.dispatcher.dispatch(chain, data.messageId);
    } catch (error) {
      if (isOfTheMoment(error) || !lastAttempt) throw error;
      this.log.warn({ message: data.messageId, err: error }, 'a message cannot be dispatched');
      const problem = `it cannot be written: ${error instanceof Error ? error.name : 'unknown error'}`;
      await this.dispatcher.fail(chain, data.messageId, problem, await this.chains.now(chain));
    }
  };
}
