import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { FinishTaskData, NoteTaskData, TakeTaskData } from './task.commands.js';
import { TaskService } from './task.service.js';

interface OfTask {
  readonly task: string;
}

export class TakeTask extends CommandOf<TakeTaskData, OfTask> {}
export class NoteTask extends CommandOf<NoteTaskData, OfTask> {}
export class FinishTask extends CommandOf<FinishTaskData, OfTask> {}

export const TASK_HANDLERS = [
  handle(TakeTask, TaskService, (tasks, { meta, target, data }) => tasks.take(meta, target.task, data)),
  handle(NoteTask, TaskService, (tasks, { meta, target, data }) => tasks.note(meta, target.task, data)),
  handle(FinishTask, TaskService, (tasks, { meta, target, data }) => tasks.finish(meta, target.task, data)),
];
