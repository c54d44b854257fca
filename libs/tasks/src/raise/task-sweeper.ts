import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ActiveRecall, OpenAdverseEvents, RecallSites } from '#libs/treatment/src/tasks.contract.js';
import { ANSWER_HOURS } from './session-causes.js';
import type { TaskCandidates } from './task-candidates.js';
import type { TaskRaiser } from './task-raiser.js';
import { after } from './task-severity.js';

export interface TaskSweeperDependencies {
  readonly chains: Pick<Chains, 'all' | 'now'>;
  readonly raiser: Pick<TaskRaiser, 'followMessage' | 'followRecall'>;
  readonly candidates: TaskCandidates;
  readonly adverseEvents: Pick<OpenAdverseEvents, 'patients'>;
  readonly recalls: Pick<RecallSites, 'active' | 'touched'>;
}

/**
 * Finds what no event announces: that a patient has been silent for too long, by the chain's clock, and that a read model
 * has come to what a recall touches. Any number of processes may do it at once.
 */
export class TaskSweeper {
  constructor(private readonly deps: TaskSweeperDependencies) {}

  async sweepAll(): Promise<void> {
    for (const chain of await this.deps.chains.all()) {
      await this.sweepUnanswered(chain);
      await this.sweepRecalls(chain);
    }
  }

  /** Raises a task for each check-in after an adverse event that nobody has answered in time. */
  async sweepUnanswered(chain: Chain): Promise<void> {
    const { chains, raiser, candidates, adverseEvents } = this.deps;
    const patientIds = await adverseEvents.patients(chain);
    if (patientIds.length === 0) return;
    const sentBy = after(await chains.now(chain), -ANSWER_HOURS);
    for (const messageId of await candidates.silentSince(chain, patientIds, sentBy)) {
      await raiser.followMessage(chain, messageId);
    }
  }

  /** Looks at each recall that holds; where its tasks are as they should be, nothing is read of the log. */
  async sweepRecalls(chain: Chain): Promise<void> {
    const { raiser, recalls } = this.deps;
    for (const recall of await recalls.active(chain)) {
      if (await this.isOutOfStep(chain, recall)) await raiser.followRecall(chain, recall);
    }
  }

  private async isOutOfStep(chain: Chain, recall: ActiveRecall): Promise<boolean> {
    const touched = new Set((await this.deps.recalls.touched(chain, recall)).map(({ siteId }) => siteId));
    const tasks = await this.deps.candidates.recallTasks(chain, recall.recallId);
    const isMissing = [...touched].some((siteId) => [undefined, 'withdrawn'].includes(tasks.get(siteId)));
    return isMissing || [...tasks].some(([siteId, state]) => !touched.has(siteId) && ['open', 'taken'].includes(state));
  }
}
