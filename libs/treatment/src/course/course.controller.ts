import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';

import {
  bookSessionSchema,
  cancelSessionSchema,
  completeCourseSchema,
  declineMaintenanceSchema,
  missSessionSchema,
  changeCoursePlanSchema,
  correctCourseEntrySchema,
  decideSessionHoldSchema,
  holdFollowUpSchema,
  holdSessionSchema,
  judgeReactionSchema,
  lapseCourseSchema,
  performSessionSchema,
  planCourseSchema,
  planSessionProductsSchema,
  recordSessionSchema,
  renewConsultationSchema,
  rescheduleSessionSchema,
  retractCourseEntrySchema,
  reviewSessionSchema,
  stopCourseSchema,
} from './course.commands.js';
import {
  BookSession,
  CancelSession,
  ChangeCoursePlan,
  CompleteCourse,
  CorrectCourseEntry,
  DecideSessionHold,
  DeclineMaintenance,
  HoldFollowUp,
  HoldSession,
  JudgeReaction,
  LapseCourse,
  MissSession,
  PerformSession,
  PlanCourse,
  PlanSessionProducts,
  RecordSession,
  RenewConsultation,
  RescheduleSession,
  RetractCourseEntry,
  ReviewSession,
  StopCourse,
} from './course.handlers.js';

@ApiTags('courses')
@Controller('v1/courses')
export class CourseController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({
    id: 'planCourse',
    may: 'record.write',
    at: ['body.consultation', 'body.site'],
    decides: ['countReason', 'intervalReason'],
    summary: 'Plan a course under the newest version of a protocol',
    description:
      'Needs a cleared consultation about the protocol and a consent in force. With `at` a course is entered late, as from a record on paper: it is judged by what held when it was planned.',
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
    may: 'booking.write',
    at: ['path.course', 'body.site?'],
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
  @CommandEndpoint({
    id: 'rescheduleSession',
    may: 'booking.write',
    at: ['path.course', 'body.site?'],
    summary: 'Move a booked session',
  })
  reschedule(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: rescheduleSessionSchema }) data: z.infer<typeof rescheduleSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RescheduleSession(meta, data, { course, session }));
  }

  @Post(':course/sessions/:session/miss')
  @CommandEndpoint({
    id: 'missSession',
    may: 'booking.write',
    at: 'path.course',
    summary: 'Record that the patient did not come',
  })
  miss(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: missSessionSchema.nullish() }) data: z.infer<typeof missSessionSchema> | null | undefined,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new MissSession(meta, data ?? {}, { course, session }));
  }

  @Post(':course/sessions/:session/cancel')
  @CommandEndpoint({ id: 'cancelSession', may: 'booking.write', at: 'path.course', summary: 'Cancel a booked session' })
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
    may: 'record.write',
    at: ['path.course', 'body.site?'],
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

  @Post(':course/sessions/recorded')
  @CommandEndpoint({
    id: 'recordSession',
    may: 'record.write',
    at: ['path.course', 'body.site'],
    summary: 'Record a session that nobody had booked',
    description:
      'For a session that took place without a booking, as those of a record on paper that is caught up. It is judged as a booked one is, by what held when it took place. Answers the id of the session.',
    creates: true,
  })
  record(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: recordSessionSchema }) data: z.infer<typeof recordSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordSession(meta, data, { course }));
  }

  @Post(':course/follow-ups')
  @CommandEndpoint({
    id: 'holdFollowUp',
    may: 'record.write',
    at: ['path.course', 'body.site?'],
    summary: 'Record a follow-up (S2-F1, S3-F1)',
    creates: true,
  })
  holdFollowUp(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: holdFollowUpSchema }) data: z.infer<typeof holdFollowUpSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new HoldFollowUp(meta, data, { course }));
  }

  @Post(':course/complete')
  @CommandEndpoint({ id: 'completeCourse', may: 'record.write', at: 'path.course', summary: 'Complete a course' })
  complete(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: completeCourseSchema.nullish() }) data: z.infer<typeof completeCourseSchema> | null | undefined,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CompleteCourse(meta, data ?? {}, { course }));
  }

  @Post(':course/stop')
  @CommandEndpoint({ id: 'stopCourse', may: 'record.write', at: 'path.course', summary: 'Stop a course early' })
  stop(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: stopCourseSchema }) data: z.infer<typeof stopCourseSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new StopCourse(meta, data, { course }));
  }

  @Post(':course/decline-maintenance')
  @CommandEndpoint({
    id: 'declineMaintenance',
    may: 'booking.write',
    at: 'path.course',
    summary: 'Record that the patient wants no more maintenance',
  })
  declineMaintenance(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: declineMaintenanceSchema.nullish() }) data:
      | z.infer<typeof declineMaintenanceSchema>
      | null
      | undefined,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new DeclineMaintenance(meta, data ?? {}, { course }));
  }

  @Post(':course/plan')
  @CommandEndpoint({
    id: 'changeCoursePlan',
    may: 'record.decide',
    at: 'path.course',
    summary: 'Change the plan of a course',
    description:
      'By a physician, with the reason: the whole plan from now on. The plans before it stay in the history.',
  })
  changePlan(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: changeCoursePlanSchema }) data: z.infer<typeof changeCoursePlanSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ChangeCoursePlan(meta, data, { course }));
  }

  @Post(':course/consultation')
  @CommandEndpoint({
    id: 'renewConsultation',
    may: 'record.write',
    at: ['path.course', 'body.consultation'],
    summary: 'Let a course rest on a newer consultation',
    description: 'Needed where what the former consultation found no longer holds.',
  })
  renewConsultation(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: renewConsultationSchema }) data: z.infer<typeof renewConsultationSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RenewConsultation(meta, data, { course }));
  }

  @Post(':course/sessions/:session/products')
  @CommandEndpoint({
    id: 'planSessionProducts',
    may: 'record.write',
    at: 'path.course',
    summary: 'Say what a booked session is planned with',
    description: 'A lot that is named and recalled later blocks the session.',
  })
  planProducts(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: planSessionProductsSchema }) data: z.infer<typeof planSessionProductsSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new PlanSessionProducts(meta, data, { course, session }));
  }

  @Post(':course/sessions/:session/hold')
  @CommandEndpoint({
    id: 'holdSession',
    may: 'record.write',
    at: 'path.course',
    summary: 'Hold a session for a physician',
    description: 'The pre-treatment check gave a positive answer: nobody treats before a physician has decided.',
  })
  hold(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: holdSessionSchema }) data: z.infer<typeof holdSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new HoldSession(meta, data, { course, session }));
  }

  @Post(':course/sessions/:session/decide')
  @CommandEndpoint({
    id: 'decideSessionHold',
    may: 'record.decide',
    at: 'path.course',
    summary: 'Decide on a session that is held',
    description: 'In writing, by a physician. Pregnancy and an allergy to a planned substance have no override.',
  })
  decide(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: decideSessionHoldSchema }) data: z.infer<typeof decideSessionHoldSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new DecideSessionHold(meta, data, { course, session }));
  }

  @Post(':course/sessions/:session/review')
  @CommandEndpoint({
    id: 'reviewSession',
    may: 'record.decide',
    at: 'path.course',
    summary: 'Review a performed session',
    description: 'By a physician, in the light of what became known after it.',
  })
  review(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('session') session: string,
    @Body({ schema: reviewSessionSchema }) data: z.infer<typeof reviewSessionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReviewSession(meta, data, { course, session }));
  }

  @Post(':course/follow-ups/:followUp/reactions')
  @CommandEndpoint({
    id: 'judgeReaction',
    may: 'record.write',
    at: 'path.course',
    summary: 'Judge a reaction that lasts longer than expected',
    description: 'It is proposed as a possible adverse event until somebody has judged it.',
  })
  judgeReaction(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('followUp') followUp: string,
    @Body({ schema: judgeReactionSchema }) data: z.infer<typeof judgeReactionSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new JudgeReaction(meta, data, { course, followUp }));
  }

  @Post(':course/lapse')
  @CommandEndpoint({
    id: 'lapseCourse',
    may: 'record.write',
    at: 'path.course',
    summary: 'Call a course lapsed',
    description: 'Possible once it had no session for longer than its protocol allows.',
  })
  lapse(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Body({ schema: lapseCourseSchema }) data: z.infer<typeof lapseCourseSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new LapseCourse(meta, data, { course }));
  }

  @Post(':course/entries/:entry/correct')
  @CommandEndpoint({
    id: 'correctCourseEntry',
    may: 'record.write',
    at: ['path.course', 'body.data.site?'],
    decides: ['data.type=CoursePlanChanged', 'data.countReason', 'data.intervalReason'],
    summary: 'Correct an entry of a course',
    description:
      '`entry` is the id of the event, as the history of the course names it. Only the fields that change are given. Nothing is edited: the correction is an event of its own. ' +
      'When a course was planned (`at` of a CoursePlanned) is judged as a plan that is entered late. Of a pre-treatment check only the answers that were others are given: a yes on which no physician had decided by then puts the session up for review, and what it says of the patient beyond the session goes into the record of the patient.',
  })
  correct(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('entry') entry: string,
    @Body({ schema: correctCourseEntrySchema }) data: z.infer<typeof correctCourseEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CorrectCourseEntry(meta, data, { course, entry }));
  }

  @Post(':course/entries/:entry/retract')
  @CommandEndpoint({
    id: 'retractCourseEntry',
    may: 'record.write',
    at: 'path.course',
    summary: 'Take back an entry of a course',
    description:
      'For what never happened, such as a session that was entered for the wrong patient, or for a correction that was wrong.',
  })
  retract(
    @Meta() meta: CommandMeta,
    @Param('course') course: string,
    @Param('entry') entry: string,
    @Body({ schema: retractCourseEntrySchema }) data: z.infer<typeof retractCourseEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetractCourseEntry(meta, data, { course, entry }));
  }
}
