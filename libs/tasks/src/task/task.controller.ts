import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import {
  type FinishTaskData,
  finishTaskSchema,
  noteTaskSchema,
  type NoteTaskData,
  type TakeTaskData,
  takeTaskSchema,
} from './task.commands.js';
import { FinishTask, NoteTask, TakeTask } from './task.handlers.js';

/** What people do with tasks. */
@ApiTags('tasks')
@Controller('v1/tasks')
export class TaskController {
  constructor(private readonly bus: CommandBus) {}

  @Post(':task/take')
  @CommandEndpoint({
    id: 'takeTask',
    may: 'task.write',
    at: 'path.task',
    summary: 'Say who sees to a task',
    description: '`over` takes it from whoever has it; without it, a task that somebody else has is refused.',
  })
  take(
    @Meta() meta: CommandMeta,
    @Param('task') task: string,
    @Body({ schema: takeTaskSchema }) data: TakeTaskData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new TakeTask(meta, data, { task }));
  }

  @Post(':task/note')
  @CommandEndpoint({
    id: 'noteTask',
    may: 'task.write',
    at: 'path.task',
    summary: 'Write something down about a task',
    description: 'Of a task that is about a patient: the words are closed under the patient’s key.',
  })
  note(
    @Meta() meta: CommandMeta,
    @Param('task') task: string,
    @Body({ schema: noteTaskSchema }) data: NoteTaskData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new NoteTask(meta, data, { task }));
  }

  @Post(':task/done')
  @CommandEndpoint({
    id: 'finishTask',
    may: 'task.write',
    at: 'path.task',
    summary: 'Record that somebody has seen to a task, and what came of it',
    description: 'Nobody has to have taken it before. Said again with the same outcome it adds nothing.',
  })
  done(
    @Meta() meta: CommandMeta,
    @Param('task') task: string,
    @Body({ schema: finishTaskSchema }) data: FinishTaskData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new FinishTask(meta, data, { task }));
  }
}
