import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { isId } from '#libs/kernel/src/ids.js';
import { PractitionerUnknown, practitionerFold, practitionerStream } from '#libs/treatment/src/tasks.contract.js';
import { Injectable } from '@nestjs/common';
import type { FinishTaskData, NoteTaskData, TakeTaskData } from './task.commands.js';
import { decideTask, type TaskCommand } from './task.decider.js';
import { TaskUnknown } from './task.errors.js';
import { type TaskBy, taskStream } from './task.events.js';
import { taskFold } from './task.state.js';

/** What people do with tasks. */
@Injectable()
export class TaskService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  /** @throws TaskUnknown, TaskIsTaken, TaskIsSettled, PractitionerUnknown */
  take(meta: CommandMeta, task: string, { practitioner, over = false }: TakeTaskData): Promise<CommandAnswer> {
    return this.decide(meta, task, practitioner, (by) => ({ kind: 'take', by, over }));
  }

  /** @throws TaskUnknown, NoteAboutNobody, PractitionerUnknown */
  note(meta: CommandMeta, task: string, { practitioner, note }: NoteTaskData): Promise<CommandAnswer> {
    return this.decide(meta, task, practitioner, (by) => ({ kind: 'note', by, note }));
  }

  /** @throws TaskUnknown, TaskIsSettled, NoteAboutNobody, PractitionerUnknown */
  finish(meta: CommandMeta, task: string, { practitioner, outcome, note }: FinishTaskData): Promise<CommandAnswer> {
    return this.decide(meta, task, practitioner, (by) => ({ kind: 'finish', by, outcome, note }));
  }

  private async decide(
    meta: CommandMeta,
    taskId: string,
    practitioner: string | undefined,
    command: (by: TaskBy) => TaskCommand,
  ): Promise<CommandAnswer> {
    if (!isId(taskId)) throw new TaskUnknown();
    const { chain, actor } = meta;
    const practitionerId =
      practitioner === undefined ? null : await this.references.resolve(chain, 'practitioner', practitioner);
    const stream = taskStream(taskId);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, taskFold);
      await assertPractitioner(reads, practitionerId);
      return [{ stream, events: decideTask(command({ actor, practitionerId }), state, reads.now) }];
    });
    return { id: taskId, ...result };
  }
}

async function assertPractitioner(reads: Reads, practitionerId: string | null): Promise<void> {
  if (practitionerId === null) return;
  const { state } = await reads.load(practitionerStream(practitionerId), practitionerFold);
  if (state.status === 'none') throw new PractitionerUnknown();
}
