import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { TaskBy, TaskEvent, TaskOutcome, WithdrawalReason } from './task.events.js';

/** As it was raised last. */
export type RaisedTask = Extract<TaskEvent, { type: 'TaskRaised' }>['data'];

interface Known {
  readonly raised: RaisedTask;
  /** Where it was raised last. */
  readonly raisedAt: number;
  /** How often it was raised: its cause may go and come again. */
  readonly raisings: number;
}

export type TaskState =
  | { readonly status: 'none' }
  | (Known & { readonly status: 'open' })
  | (Known & { readonly status: 'taken'; readonly by: TaskBy })
  /** `position`: what its cause says later is news. */
  | (Known & { readonly status: 'done'; readonly outcome: TaskOutcome; readonly position: number })
  | (Known & { readonly status: 'withdrawn'; readonly reason: WithdrawalReason });

export type KnownTask = Exclude<TaskState, { status: 'none' }>;

export const taskFold = { initial: { status: 'none' } as TaskState, evolve };

function evolve(state: TaskState, event: RecordedEvent<TaskEvent>): TaskState {
  if (event.type === 'TaskRaised') {
    const raisings = state.status === 'none' ? 1 : state.raisings + 1;
    return { status: 'open', raised: event.data, raisedAt: event.position, raisings };
  }
  if (state.status === 'none') return state;
  const { raised, raisedAt, raisings } = state;
  const known = { raised, raisedAt, raisings };
  switch (event.type) {
    case 'TaskTaken':
      return { ...known, status: 'taken', by: event.data.by };
    case 'TaskNoted':
      return state;
    case 'TaskDone':
      return { ...known, status: 'done', outcome: event.data.outcome, position: event.position };
    case 'TaskWithdrawn':
      return { ...known, status: 'withdrawn', reason: event.data.reason };
    default:
      return assertNever(event, 'task event');
  }
}

export const isSettled = ({ status }: TaskState): boolean => status === 'done' || status === 'withdrawn';
