import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { newId } from '#libs/kernel/src/ids.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { decideTask, type TaskCommand } from './task.decider.js';
import { causeKey, type TaskBy, type TaskCause, type TaskEvent, taskIdOf } from './task.events.js';
import { taskFold, type TaskState } from './task.state.js';

const NOW = '2026-05-10T08:00:00.000Z';
const [taskId, siteId, patientId] = [newId(), newId(), newId()];
const cause: TaskCause = { kind: 'worried', messageId: newId() };
const task = { taskId, siteId, patientId, cause, severity: 'urgent', dueBy: NOW } as const;
const deniz: TaskBy = { actor: 'user:deniz', practitionerId: null };
const zoe: TaskBy = { actor: 'user:zoe', practitionerId: newId() };

const raise = (saidAt: number): TaskCommand => ({ kind: 'raise', task, saidAt });
const take = (by = deniz, over = false): TaskCommand => ({ kind: 'take', by, over });
const finish = (note?: string): TaskCommand => ({ kind: 'finish', by: deniz, outcome: 'patient-spoken-to', note });
const withdraw: TaskCommand = { kind: 'withdraw', reason: 'answered' };

/** Carries commands out one after the other; each event stands at the next position, from 10. */
function given(...commands: readonly TaskCommand[]): TaskState {
  let [state, position] = [taskFold.initial, 10];
  for (const command of commands) {
    for (const event of decideTask(command, state, NOW)) {
      state = taskFold.evolve(state, { ...event, position, recordedAt: NOW } as RecordedEvent<TaskEvent>);
      position += 1;
    }
  }
  return state;
}

const types = (command: TaskCommand, state: TaskState) => decideTask(command, state, NOW).map(({ type }) => type);

function refusal(command: TaskCommand, state: TaskState): string {
  try {
    decideTask(command, state, NOW);
  } catch (error) {
    if (error instanceof PistorError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a task', () => {
  it('is raised once, however often its cause is found', () => {
    expect(types(raise(1), given())).toEqual(['TaskRaised']);
    expect(types(raise(1), given(raise(1)))).toEqual([]);
    expect(types(raise(9), given(raise(1), take()))).toEqual([]);
  });

  it('[task.said-anew] is raised again where its cause is said again after somebody had seen to it, and by no repeat', () => {
    const done = given(raise(1), finish());
    expect(types(raise(1), done)).toEqual([]);
    expect(types(raise(12), done)).toEqual(['TaskRaised']);
  });

  it('[task.withdrawn] is withdrawn when its cause is gone, and not once somebody has seen to it', () => {
    expect(types(withdraw, given(raise(1)))).toEqual(['TaskWithdrawn']);
    expect(types(withdraw, given(raise(1), take()))).toEqual(['TaskWithdrawn']);
    expect(types(withdraw, given(raise(1), withdraw))).toEqual([]);
    expect(types(withdraw, given(raise(1), finish()))).toEqual([]);
    expect(types(withdraw, given())).toEqual([]);
  });

  it('is raised again where its cause is there again after it was withdrawn', () => {
    expect(types(raise(1), given(raise(1), withdraw))).toEqual(['TaskRaised']);
  });

  it('[task.one-taker] is refused to a second who takes it, unless they take it over', () => {
    const taken = given(raise(1), take());
    expect(refusal(take(zoe), taken)).toBe('task.taken');
    expect(types(take(zoe, true), taken)).toEqual(['TaskTaken']);
    expect(types(take(), taken)).toEqual([]);
  });

  it('[task.settled-once] is neither taken nor done again once it is done or withdrawn', () => {
    for (const state of [given(raise(1), finish()), given(raise(1), withdraw)]) {
      expect(refusal(take(), state)).toBe('task.settled');
      expect(refusal({ ...finish(), outcome: 'other' } as TaskCommand, state)).toBe('task.settled');
    }
    expect(types(finish(), given(raise(1), finish()))).toEqual([]);
  });

  it('keeps the words of whoever has seen to it before the outcome', () => {
    expect(types(finish('She is well.'), given(raise(1)))).toEqual(['TaskNoted', 'TaskDone']);
  });

  it('[task.note-of-patient] takes no words where it is about no patient', () => {
    const { patientId: _, ...aboutNobody } = task;
    const state = given({ kind: 'raise', task: aboutNobody, saidAt: 1 });
    expect(refusal({ kind: 'note', by: deniz, note: 'words' }, state)).toBe('task.note-about-nobody');
    expect(refusal(finish('words'), state)).toBe('task.note-about-nobody');
    expect(types(finish(), state)).toEqual(['TaskDone']);
  });

  it('is unknown to whoever takes one that nobody raised', () => {
    for (const command of [take(), finish(), { kind: 'note', by: deniz, note: 'words' } as const]) {
      expect(refusal(command, given())).toBe('task.unknown');
    }
  });

  it('is the same for the same cause, in whatever order a database gives its fields', () => {
    const [recallId, chainId] = [newId(), newId()];
    const one: TaskCause = { kind: 'lot-recalled', recallId, siteId };
    const other: TaskCause = { siteId, recallId, kind: 'lot-recalled' };
    expect(causeKey(one)).toBe(causeKey(other));
    expect(taskIdOf(chainId, one)).toBe(taskIdOf(chainId, other));
    expect(taskIdOf(chainId, { kind: 'message-failed', messageId: recallId })).not.toBe(
      taskIdOf(chainId, { kind: 'message-unknown', messageId: recallId }),
    );
  });
});
