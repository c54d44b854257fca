import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type {
  bookSessionSchema,
  cancelSessionSchema,
  holdFollowUpSchema,
  performSessionSchema,
  planCourseSchema,
  rescheduleSessionSchema,
  stopCourseSchema,
} from './course.commands.js';
import { CourseService } from './course.service.js';

interface OfCourse {
  readonly course: string;
}
interface OfSession extends OfCourse {
  readonly session: string;
}

export class PlanCourse extends CommandOf<z.infer<typeof planCourseSchema>> {}
export class BookSession extends CommandOf<z.infer<typeof bookSessionSchema>, OfCourse> {}
export class RescheduleSession extends CommandOf<z.infer<typeof rescheduleSessionSchema>, OfSession> {}
export class MissSession extends CommandOf<object, OfSession> {}
export class CancelSession extends CommandOf<z.infer<typeof cancelSessionSchema>, OfSession> {}
export class PerformSession extends CommandOf<z.infer<typeof performSessionSchema>, OfSession> {}
export class HoldFollowUp extends CommandOf<z.infer<typeof holdFollowUpSchema>, OfCourse> {}
export class CompleteCourse extends CommandOf<object, OfCourse> {}
export class StopCourse extends CommandOf<z.infer<typeof stopCourseSchema>, OfCourse> {}
export class DeclineMaintenance extends CommandOf<object, OfCourse> {}

export const COURSE_HANDLERS = [
  handle(PlanCourse, CourseService, (courses, { meta, data }) => courses.plan(meta, data)),
  handle(BookSession, CourseService, (courses, { meta, target, data }) => courses.book(meta, target.course, data)),
  handle(RescheduleSession, CourseService, (courses, { meta, target, data }) =>
    courses.reschedule(meta, target.course, target.session, data),
  ),
  handle(MissSession, CourseService, (courses, { meta, target }) =>
    courses.simple(meta, target.course, { type: 'MissSession', sessionId: target.session }),
  ),
  handle(CancelSession, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, { type: 'CancelSession', sessionId: target.session, reason: data.reason }),
  ),
  handle(PerformSession, CourseService, (courses, { meta, target, data }) =>
    courses.perform(meta, target.course, target.session, data),
  ),
  handle(HoldFollowUp, CourseService, (courses, { meta, target, data }) =>
    courses.holdFollowUp(meta, target.course, data),
  ),
  handle(CompleteCourse, CourseService, (courses, { meta, target }) =>
    courses.simple(meta, target.course, { type: 'CompleteCourse' }),
  ),
  handle(StopCourse, CourseService, (courses, { meta, target, data }) =>
    courses.simple(meta, target.course, { type: 'StopCourse', reason: data.reason }),
  ),
  handle(DeclineMaintenance, CourseService, (courses, { meta, target }) =>
    courses.simple(meta, target.course, { type: 'DeclineMaintenance' }),
  ),
];
