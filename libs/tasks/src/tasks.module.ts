import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { TaskController } from './task/task.controller.js';
import { TASK_HANDLERS } from './task/task.handlers.js';
import { TaskService } from './task/task.service.js';
import type { Tasks } from './tasks.js';
import { TasksController } from './tasks/tasks.controller.js';
import { TasksQuery } from './tasks/tasks.query.js';

/** The routes of tasks. */
@Module({})
export class TasksModule {
  static forRoot(tasks: Pick<Tasks, 'queries'>): DynamicModule {
    return {
      module: TasksModule,
      imports: [CqrsModule],
      controllers: [TasksController, TaskController],
      providers: [
        { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
        { provide: TasksQuery, useFactory: () => tasks.queries },
        TaskService,
        ...TASK_HANDLERS,
      ],
    };
  }
}
