import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { taskDetailSchema, type TaskListParams, taskListParamsSchema, taskListSchema } from './task.views.js';
import { TasksQuery } from './tasks.query.js';

@ApiTags('tasks')
@Controller('v1/tasks')
export class TasksController {
  constructor(private readonly tasks: TasksQuery) {}

  @Get()
  @QueryEndpoint({
    id: 'listTasks',
    may: 'task.read',
    at: 'query.site',
    summary: 'What a person has to see to, by site',
    description:
      'Those that wait for somebody (`open`, `taken`) come first, in the order in which they are due; then those that are `done` or were `withdrawn`, since their cause was gone.',
    answer: taskListSchema,
    reads: TasksQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: taskListParamsSchema }) params: TaskListParams) {
    return this.tasks.list(chain, params);
  }

  @Get(':task')
  @QueryEndpoint({
    id: 'getTask',
    may: 'task.read',
    at: 'path.task',
    summary: 'A task with its notes, and what the patient answered to the message that it is about',
    answer: taskDetailSchema,
    reads: TasksQuery.reads,
  })
  detail(@InChain() chain: Chain, @Param('task') task: string, @Query({ schema: queryOf({}) }) _params: object) {
    return this.tasks.detail(chain, task);
  }
}
