import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore, StreamName } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { ActiveRecall, TouchedSite } from '#libs/treatment/src/tasks.contract.js';
import { decideTask, mayRaise } from '../task/task.decider.js';
import { causeKey, type TaskCause, taskIdOf, taskStream } from '../task/task.events.js';
import { taskFold, type TaskState } from '../task/task.state.js';
import type { JudgedCause, ReadStream } from './judged-cause.js';
import { judgeMessage, judgeOpening, judgeRecall, judgeSlot, readTask } from './record.js';
import type { TaskNotes } from './task-notes.js';

const ACTOR = 'system:task-raiser';
/** Others raise and withdraw the same task at the same moment; nobody does so for long. */
const SETTLE_TRIES_MAX = 5;

export interface TaskRaiserDependencies {
  readonly store: Pick<EventStore, 'readStream'>;
  readonly codec: Pick<Codec, 'decodeSealed'>;
  readonly chains: Pick<Chains, 'now'>;
  readonly runner: Pick<CommandRunner, 'run'>;
  readonly notes: TaskNotes;
  /** Where a recalled lot still asks something of somebody. */
  readonly recalls: { touched(chain: Chain, recall: ActiveRecall): Promise<readonly TouchedSite[]> };
}

/** Judges one cause from the record. */
type Judge = (read: ReadStream, now: () => Instant) => Promise<JudgedCause | undefined>;

/**
 * Brings tasks in line with the record: raises what somebody has to see to, and withdraws what is gone before anybody
 * did. It looks at how things stand and not at what has just happened, so that any order of events, and any number of
 * repeats, comes to the same tasks. Each effect has a command id that follows from the cause.
 */
export class TaskRaiser {
  constructor(private readonly deps: TaskRaiserDependencies) {}

  /** Whatever a message asks of a person now, and does not any more. */
  async followMessage(chain: Chain, messageId: Id): Promise<void> {
    const now = await this.deps.chains.now(chain);
    for (const judged of await judgeMessage(this.reader(chain), messageId, () => now)) {
      await this.settle(chain, judged.cause, async (read, at) =>
        (await judgeMessage(read, messageId, at)).find(({ cause }) => isSame(cause, judged.cause)),
      );
    }
  }

  /** One task for each site that a recall asks something of, and none for those that it does not any more. */
  async followRecall(chain: Chain, recall: ActiveRecall): Promise<void> {
    const touched = await this.deps.recalls.touched(chain, recall);
    const noted = await this.deps.notes.about(chain, { recalls: [recall.recallId] });
    const siteIds = new Set([
      ...touched.map(({ siteId }) => siteId),
      ...noted.flatMap((cause) => (cause.kind === 'lot-recalled' ? [cause.siteId] : [])),
    ]);
    for (const siteId of siteIds) {
      const site = touched.find((each) => each.siteId === siteId) ?? { siteId, planned: 0, notTold: 0 };
      const cause: TaskCause = { kind: 'lot-recalled', recallId: recall.recallId, siteId };
      await this.settle(chain, cause, (read) => judgeRecall(read, recall.recallId, site));
    }
  }

  /** Whatever a time for maintenance asks of a person now, and does not any more. */
  async followSlot(chain: Chain, slotId: Id): Promise<void> {
    for (const { cause } of await judgeSlot(this.reader(chain), slotId)) {
      await this.settle(chain, cause, async (read) =>
        (await judgeSlot(read, slotId)).find((judged) => isSame(judged.cause, cause)),
      );
    }
  }

  /** A record that was opened beyond somebody's sites, until somebody else has looked at it. */
  async followOpening(chain: Chain, opening: { readonly openingId: Id; readonly userId: Id }): Promise<void> {
    const { openingId, userId } = opening;
    await this.settle(chain, { kind: 'glass-broken', openingId, userId }, (read) => judgeOpening(read, opening));
  }

  /** Looks again at the messages and slots of which tasks were raised. */
  async follow(chain: Chain, causes: readonly TaskCause[]): Promise<void> {
    const messages = new Set(causes.flatMap((cause) => ('messageId' in cause ? [cause.messageId] : [])));
    for (const messageId of messages) await this.followMessage(chain, messageId);
    const slots = new Set(causes.flatMap((cause) => ('slotId' in cause ? [cause.slotId] : [])));
    for (const slotId of slots) await this.followSlot(chain, slotId);
  }

  private async settle(chain: Chain, cause: TaskCause, judge: Judge): Promise<void> {
    const taskId = taskIdOf(chain.id, cause);
    const read = this.reader(chain);
    for (let attempt = 0; attempt < SETTLE_TRIES_MAX; attempt += 1) {
      const now = await this.deps.chains.now(chain);
      const [state, judged] = [await readTask(read, taskId), await judge(read, () => now)];
      const effect = judged && effectOn(state, judged);
      if (!effect) return;
      if (judged.task) await this.deps.notes.note(chain, { taskId, cause, ...judged.task });
      const meta = { chain, actor: ACTOR, commandId: derivedId(taskId, effect) };
      const siteId = judged.task?.siteId ?? (state.status === 'none' ? undefined : state.raised.siteId);
      await this.deps.runner.run(
        meta,
        async (reads) => {
          const { state: present } = await reads.load(taskStream(taskId), taskFold);
          const stands = await judge(reads.events, () => reads.now);
          // What would be another effect is for the next round, under its own command id.
          if (!stands || effectOn(present, stands) !== effect) return [];
          const command = stands.task
            ? ({ kind: 'raise', task: { taskId, cause, ...stands.task }, saidAt: stands.saidAt } as const)
            : ({ kind: 'withdraw', reason: stands.gone } as const);
          return [{ stream: taskStream(taskId), events: decideTask(command, present, reads.now) }];
        },
        { site: siteId },
      );
    }
  }

  /** Streams with closed boxes: nothing that is raised depends on personal data. */
  private reader(chain: Chain): ReadStream {
    return async <E extends NewEvent>(stream: StreamName) =>
      (await this.deps.store.readStream(chain.id, stream)).map(
        (event) => this.deps.codec.decodeSealed<E>(event) as RecordedEvent<E>,
      );
  }
}

/** What is to be done to a task, counted, so that each time has an id of its own; undefined: it is as it should be. */
function effectOn(state: TaskState, { task, saidAt }: JudgedCause): string | undefined {
  const raisings = state.status === 'none' ? 0 : state.raisings;
  if (task) return mayRaise(state, saidAt) ? `raise ${raisings + 1}` : undefined;
  return state.status === 'open' || state.status === 'taken' ? `withdraw ${raisings}` : undefined;
}

const isSame = (a: TaskCause, b: TaskCause): boolean => causeKey(a) === causeKey(b);
