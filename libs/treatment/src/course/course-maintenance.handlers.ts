import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { scheduleMaintenanceSchema } from './course-maintenance.commands.js';
import { CourseMaintenanceService } from './course-maintenance.service.js';

interface OfCourse {
  readonly course: string;
}

export class ScheduleMaintenance extends CommandOf<z.infer<typeof scheduleMaintenanceSchema>, OfCourse> {}
export class ResumeMaintenance extends CommandOf<object, OfCourse> {}

export const COURSE_MAINTENANCE_HANDLERS = [
  handle(ScheduleMaintenance, CourseMaintenanceService, (maintenance, { meta, target, data }) =>
    maintenance.schedule(meta, target.course, data),
  ),
  handle(ResumeMaintenance, CourseMaintenanceService, (maintenance, { meta, target }) =>
    maintenance.resume(meta, target.course),
  ),
];
