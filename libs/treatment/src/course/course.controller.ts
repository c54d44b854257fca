import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import {
  bookSessionSchema,
  cancelSessionSchema,
  holdFollowUpSchema,
  performSessionSchema,
  planCourseSchema,
  rescheduleSessionSchema,
  stopCourseSchema,
} from './course.commands.js';
import {
  BookSession,
  CancelSession,
  CompleteCourse,
  DeclineMaintenance,
  HoldFollowUp,
  MissSession,
  PerformSession,
  PlanCourse,
  RescheduleSession,
  StopCourse,
} from './course.handlers.js';

@ApiTags('courses')
@Controller('v1/courses')
export class CourseController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({
    id: 'planCourse',
    summary: 'Plan a course under the newest version of a protocol',
    description: 'Needs a cleared consultation about the protocol and a consent in force.',
    creates: true,
  })
  plan(
    @Meta() meta: CommandMeta,
    @Body({ schema: planCourseSchema }) data: z.infer<typeof planCourseSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new PlanCourse(meta, data, undefined));
  }

  @Post(':course/sessions')
  @CommandEndpoint({
    id: 'bookSession',
    summary: 'Book a session',
    description: 'Its number within its kind is given. Answers the id of the session.',
    creates: true,
  })
  book(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: bookSessionSchema }) data: z.infer<typeof bookSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new BookSession(meta, data, { course }));
  }

  @Post(':course/sessions/:session/reschedule')
  @CommandEndpoint({ id: 'rescheduleSession', summary: 'Move a booked session' })
  reschedule(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: rescheduleSessionSchema }) data: z.infer<typeof rescheduleSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RescheduleSession(meta, data, { course, session }));
  }

  @Post(':course/sessions/:session/miss')
  @CommandEndpoint({ id: 'missSession', summary: 'Record that the patient did not come' })
  miss(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new MissSession(meta, {}, { course, session }));
  }

  @Post(':course/sessions/:session/cancel')
  @CommandEndpoint({ id: 'cancelSession', summary: 'Cancel a booked session' })
  cancel(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: cancelSessionSchema }) data: z.infer<typeof cancelSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CancelSession(meta, data, { course, session }));
  }

  @Post(':course/sessions/:session/perform')
  @CommandEndpoint({
    id: 'performSession',
    summary: 'Record a performed session',
    description: 'Refused with every rule that stands against it; what may be overridden is, with a reason.',
  })
  perform(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: performSessionSchema }) data: z.infer<typeof performSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new PerformSession(meta, data, { course, session }));
  }

  @Post(':course/follow-ups')
  @CommandEndpoint({ id: 'holdFollowUp', summary: 'Record a follow-up (S2-F1, S3-F1)', creates: true })
  holdFollowUp(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: holdFollowUpSchema }) data: z.infer<typeof holdFollowUpSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new HoldFollowUp(meta, data, { course }));
  }

  @Post(':course/complete')
  @CommandEndpoint({ id: 'completeCourse', summary: 'Complete a course' })
  complete(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CompleteCourse(meta, {}, { course }));
  }

  @Post(':course/stop')
  @CommandEndpoint({ id: 'stopCourse', summary: 'Stop a course early' })
  stop(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: stopCourseSchema }) data: z.infer<typeof stopCourseSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new StopCourse(meta, data, { course }));
  }

  @Post(':course/decline-maintenance')
  @CommandEndpoint({ id: 'declineMaintenance', summary: 'Record that the patient wants no more maintenance' })
  declineMaintenance(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new DeclineMaintenance(meta, {}, { course }));
  }
}
