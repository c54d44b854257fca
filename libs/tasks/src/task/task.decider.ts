import { assertNever } from '#libs/kernel/src/assert-never.js';
import { type Occurred, occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { NoteAboutNobody, TaskIsSettled, TaskIsTaken, TaskUnknown } from './task.errors.js';
import {
  type TaskBy,
  TaskDone,
  type TaskEvent,
  TaskNoted,
  type TaskOutcome,
  TaskRaised,
  TaskTaken,
  TaskWithdrawn,
  type WithdrawalReason,
} from './task.events.js';
import type { KnownTask, RaisedTask, TaskState } from './task.state.js';

export type TaskCommand =
  | {
      readonly kind: 'raise';
      readonly task: RaisedTask;
      /** Position at which the cause was said last: said again after somebody had seen to it, it is a task again. */
      readonly saidAt: number;
    }
  | { readonly kind: 'withdraw'; readonly reason: WithdrawalReason }
  | { readonly kind: 'take'; readonly by: TaskBy; readonly over: boolean }
  | { readonly kind: 'note'; readonly by: TaskBy; readonly note: string }
  | { readonly kind: 'finish'; readonly by: TaskBy; readonly outcome: TaskOutcome; readonly note: string | undefined };

/**
 * What a command means to a task. What is so already adds nothing.
 * @throws TaskUnknown, TaskIsTaken, TaskIsSettled, NoteAboutNobody
 */
export function decideTask(command: TaskCommand, state: TaskState, now: Instant): TaskEvent[] {
  const at = occurredNow(now);
  if (command.kind === 'raise') return mayRaise(state, command.saidAt) ? [TaskRaised(at, command.task)] : [];
  if (command.kind === 'withdraw') {
    const isOpen = state.status === 'open' || state.status === 'taken';
    return isOpen ? [TaskWithdrawn(at, { taskId: state.raised.taskId, reason: command.reason })] : [];
  }
  if (state.status === 'none') throw new TaskUnknown();
  switch (command.kind) {
    case 'take':
      return take(command, state, at);
    case 'note':
      return [noted(command.note, command.by, state, at)];
    case 'finish':
      return finish(command, state, at);
    default:
      return assertNever(command, 'task command');
  }
}

/** Whether there is anything to raise. */
export function mayRaise(state: TaskState, saidAt: number): boolean {
  if (state.status === 'none' || state.status === 'withdrawn') return true;
  return state.status === 'done' && saidAt > state.position;
}

function take(
  { by, over }: Extract<TaskCommand, { readonly kind: 'take' }>,
  state: KnownTask,
  at: Occurred,
): TaskEvent[] {
  if (state.status === 'done' || state.status === 'withdrawn') throw new TaskIsSettled(state.status);
  const { taskId } = state.raised;
  if (state.status === 'taken') {
    if (isSame(state.by, by)) return [];
    if (!over) throw new TaskIsTaken(state.by);
  }
  return [TaskTaken(at, { taskId, by })];
}

function finish(
  { by, outcome, note }: Extract<TaskCommand, { readonly kind: 'finish' }>,
  state: KnownTask,
  at: Occurred,
): TaskEvent[] {
  if (state.status === 'done' && state.outcome === outcome && note === undefined) return [];
  if (state.status === 'done' || state.status === 'withdrawn') throw new TaskIsSettled(state.status);
  const { taskId } = state.raised;
  return [...(note === undefined ? [] : [noted(note, by, state, at)]), TaskDone(at, { taskId, by, outcome })];
}

function noted(note: string, by: TaskBy, { raised: { taskId, patientId } }: KnownTask, at: Occurred): TaskEvent {
  if (patientId === undefined) throw new NoteAboutNobody();
  return TaskNoted(at, { taskId, patientId, by, note });
}

const isSame = (a: TaskBy, b: TaskBy): boolean => a.actor === b.actor && a.practitionerId === b.practitionerId;
