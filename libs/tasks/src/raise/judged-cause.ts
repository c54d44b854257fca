import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { TaskCause, WithdrawalReason } from '../task/task.events.js';
import type { RaisedTask } from '../task/task.state.js';

/** What the record says of a possible cause of a task now. */
export interface JudgedCause {
  readonly cause: TaskCause;
  /** What somebody has to see to; null where there is nothing, or nothing any more. */
  readonly task: Omit<RaisedTask, 'taskId' | 'cause'> | null;
  /** Position of the event that said it last. */
  readonly saidAt: number;
  /** Why a task is withdrawn, where there is none any more. */
  readonly gone: WithdrawalReason;
}

/** Reads the events of a stream as they were recorded, corrections beside what they change. */
export type ReadStream = <E extends NewEvent>(stream: StreamName) => Promise<readonly RecordedEvent<E>[]>;
