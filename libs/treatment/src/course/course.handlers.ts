import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type {
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
import { CourseCorrectionService } from './course-correction.service.js';
import { CourseService } from './course.service.js';

interface OfCourse {
  readonly course: string;
}
interface OfSession extends OfCourse {
  readonly session: string;
}
interface OfEntry extends OfCourse {
  /** Id of the entry's event. */
  readonly entry: string;
}

export class PlanCourse extends CommandOf<z.infer<typeof planCourseSchema>> {}
export class BookSession extends CommandOf<z.infer<typeof bookSessionSchema>, OfCourse> {}
export class RescheduleSession extends CommandOf<z.infer<typeof rescheduleSessionSchema>, OfSession> {}
export class MissSession extends CommandOf<z.infer<typeof missSessionSchema>, OfSession> {}
export class CancelSession extends CommandOf<z.infer<typeof cancelSessionSchema>, OfSession> {}
export class PerformSession extends CommandOf<z.infer<typeof performSessionSchema>, OfSession> {}
export class RecordSession extends CommandOf<z.infer<typeof recordSessionSchema>, OfCourse> {}
export class HoldFollowUp extends CommandOf<z.infer<typeof holdFollowUpSchema>, OfCourse> {}
export class CompleteCourse extends CommandOf<z.infer<typeof completeCourseSchema>, OfCourse> {}
export class StopCourse extends CommandOf<z.infer<typeof stopCourseSchema>, OfCourse> {}
export class ChangeCoursePlan extends CommandOf<z.infer<typeof changeCoursePlanSchema>, OfCourse> {}
export class RenewConsultation extends CommandOf<z.infer<typeof renewConsultationSchema>, OfCourse> {}
export class PlanSessionProducts extends CommandOf<z.infer<typeof planSessionProductsSchema>, OfSession> {}
export class HoldSession extends CommandOf<z.infer<typeof holdSessionSchema>, OfSession> {}
export class DecideSessionHold extends CommandOf<z.infer<typeof decideSessionHoldSchema>, OfSession> {}
export class ReviewSession extends CommandOf<z.infer<typeof reviewSessionSchema>, OfSession> {}
export class JudgeReaction extends CommandOf<
  z.infer<typeof judgeReactionSchema>,
  OfCourse & { readonly followUp: string }
> {}
export class LapseCourse extends CommandOf<z.infer<typeof lapseCourseSchema>, OfCourse> {}
export class CorrectCourseEntry extends CommandOf<z.infer<typeof correctCourseEntrySchema>, OfEntry> {}
export class RetractCourseEntry extends CommandOf<z.infer<typeof retractCourseEntrySchema>, OfEntry> {}
export class DeclineMaintenance extends CommandOf<z.infer<typeof declineMaintenanceSchema>, OfCourse> {}

export const COURSE_HANDLERS = [
  handle(PlanCourse, CourseService, (courses, { meta, data }) => courses.plan(meta, data)),
  handle(BookSession, CourseService, (courses, { meta, target, data }) => courses.book(meta, target.course, data)),
  handle(RescheduleSession, CourseService, (courses, { meta, target, data }) =>
    courses.reschedule(meta, target.course, target.session, data),
  ),
  handle(MissSession, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, { type: 'MissSession', sessionId: target.session }, data.at),
  ),
  handle(CancelSession, CourseService, (courses, { meta, target, data }) =>
    courses.simple(
      meta,
      target.course,
      { type: 'CancelSession', sessionId: target.session, reason: data.reason },
      data.at,
    ),
  ),
  handle(PerformSession, CourseService, (courses, { meta, target, data }) =>
    courses.perform(meta, target.course, target.session, data),
  ),
  handle(RecordSession, CourseService, (courses, { meta, target, data }) => courses.record(meta, target.course, data)),
  handle(HoldFollowUp, CourseService, (courses, { meta, target, data }) =>
    courses.holdFollowUp(meta, target.course, data),
  ),
  handle(CompleteCourse, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, { type: 'CompleteCourse' }, data.at),
  ),
  handle(StopCourse, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, { type: 'StopCourse', reason: data.reason }, data.at),
  ),
  handle(ChangeCoursePlan, CourseService, (courses, { meta, target, data }) =>
    courses.changePlan(meta, target.course, data),
  ),
  handle(RenewConsultation, CourseService, (courses, { meta, target, data }) =>
    courses.renewConsultation(meta, target.course, data.consultation),
  ),
  handle(PlanSessionProducts, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, {
      type: 'PlanSessionProducts',
      sessionId: target.session,
      products: data.products,
    }),
  ),
  handle(HoldSession, CourseService, (courses, { meta, target, data }) =>
    courses.holdSession(meta, target.course, target.session, data),
  ),
  handle(DecideSessionHold, CourseService, (courses, { meta, target, data }) =>
    courses.decideHold(meta, target.course, target.session, data),
  ),
  handle(ReviewSession, CourseService, (courses, { meta, target, data }) =>
    courses.reviewSession(meta, target.course, target.session, data),
  ),
  handle(JudgeReaction, CourseService, (courses, { meta, target, data }) =>
    courses.judgeReaction(meta, target.course, target.followUp, data),
  ),
  handle(LapseCourse, CourseService, (courses, { meta, target, data }) => courses.lapse(meta, target.course, data)),
  handle(CorrectCourseEntry, CourseCorrectionService, (corrections, { meta, target, data }) =>
    corrections.correctEntry(meta, target.course, target.entry, data),
  ),
  handle(RetractCourseEntry, CourseCorrectionService, (corrections, { meta, target, data }) =>
    corrections.retractEntry(meta, target.course, target.entry, data.reason, data.physician),
  ),
  handle(DeclineMaintenance, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, { type: 'DeclineMaintenance' }, data.at),
  ),
];
