import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import { scheduleMaintenanceSchema } from './course-maintenance.commands.js';
import { ResumeMaintenance, ScheduleMaintenance } from './course-maintenance.handlers.js';

@ApiTags('courses')
@Controller('v1/courses/:course/maintenance')
export class CourseMaintenanceController {
  constructor(private readonly bus: CommandBus) {}

  @Post('schedule')
  @CommandEndpoint({
    id: 'scheduleMaintenance',
    may: 'record.decide',
    at: 'path.course',
    summary: 'Set the window of the next maintenance session (S4-E1)',
    description:
      'By a physician, under a protocol without a rhythm; no later after the last session than the protocol says. It counts for one session.',
  })
  schedule(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: scheduleMaintenanceSchema }) data: z.infer<typeof scheduleMaintenanceSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ScheduleMaintenance(meta, data, { course }));
  }

  @Post('resume')
  @CommandEndpoint({
    id: 'resumeMaintenance',
    may: 'booking.write',
    at: 'path.course',
    summary: 'Record that the patient wants maintenance again',
  })
  resume(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ResumeMaintenance(meta, {}, { course }));
  }
}
