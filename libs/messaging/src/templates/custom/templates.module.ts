import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import { DATABASE } from '#libs/engine/src/engine.module.js';
import { TemplateLibrary } from '../template-library.js';
import { TemplateController } from './template.controller.js';
import { TEMPLATE_HANDLERS } from './template.handlers.js';
import { TemplateService } from './template.service.js';

/** The routes of message templates. */
@Module({
  imports: [CqrsModule],
  controllers: [TemplateController],
  providers: [
    {
      provide: TemplateService,
      inject: [CommandRunner, DATABASE],
      useFactory: (runner: CommandRunner, db: Database) => new TemplateService(runner, new TemplateLibrary(db)),
    },
    ...TEMPLATE_HANDLERS,
  ],
})
export class TemplatesModule {}
