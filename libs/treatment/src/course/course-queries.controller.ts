import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { CourseStandingQuery, courseStandingSchema } from './course-standing.query.js';
import { courseDetailSchema, courseProgressSchema } from './course-progress/course-progress.contract.js';
import { CourseProgressQuery } from './course-progress/course-progress.query.js';
import {
  type CourseAtParams,
  courseAtParamsSchema,
  type CoursesAtParams,
  CoursesAtQuery,
  coursesAtParamsSchema,
  type MaintenanceAtParams,
  maintenanceAtParamsSchema,
} from '../history/courses-at.query.js';
import { asksForHistory } from '../history/history.params.js';
import { type HistoryParams, historyShape } from '../history/history.params.js';
import { queryOf } from '#libs/http/src/validation.js';
import { maintenanceDueSchema } from './maintenance-due/maintenance-due.contract.js';
import { MaintenanceDueQuery } from './maintenance-due/maintenance-due.query.js';

const standingParamsSchema = queryOf(historyShape);

@ApiTags('courses')
@Controller('v1')
export class CourseQueriesController {
  constructor(
    private readonly courses: CourseProgressQuery,
    private readonly coursesAt: CoursesAtQuery,
    private readonly maintenance: MaintenanceDueQuery,
    private readonly standing: CourseStandingQuery,
  ) {}

  @Get('courses')
  @QueryEndpoint({
    id: 'listCourses',
    may: 'course.read',
    at: 'query.site',
    summary: 'Where each course stands',
    description: 'In the order of their codes. `asOf` and `knownAt` are for the courses of one `patient`.',
    answer: pageSchemaOf(courseProgressSchema),
    reads: CourseProgressQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: coursesAtParamsSchema }) params: CoursesAtParams) {
    return asksForHistory(params) ? this.coursesAt.list(chain, params) : this.courses.list(chain, params);
  }

  @Get('courses/:course')
  @QueryEndpoint({
    id: 'getCourse',
    may: 'course.read',
    at: 'path.course',
    summary: 'One course with its sessions and follow-ups',
    answer: courseDetailSchema,
    reads: CourseProgressQuery.reads,
    revisioned: true,
  })
  detail(
    @InChain() chain: Chain,
    @Param('course') course: string,
    @Query({ schema: courseAtParamsSchema }) params: CourseAtParams,
  ) {
    return asksForHistory(params)
      ? this.coursesAt.detail(chain, course, params)
      : this.courses.detail(chain, course, params);
  }

  @Get('courses/:course/standing')
  @QueryEndpoint({
    id: 'getCourseStanding',
    may: 'course.read',
    at: 'path.course',
    summary: 'What stands against the booked sessions of a course',
    description:
      'Late knowledge, open adverse events, a consent, credential or screening that does not hold on the day, a recalled ' +
      'lot. A session against which anything stands is blocked. Its messages are held, unless all that stands against it ' +
      'is renewed when the patient comes: a screening that runs out by then, a consent that is not signed yet.',
    answer: courseStandingSchema,
  })
  standingOf(
    @InChain() chain: Chain,
    @Param('course') course: string,
    @Query({ schema: standingParamsSchema }) params: HistoryParams,
  ) {
    return this.standing.of(chain, course, params);
  }

  @Get('maintenance')
  @QueryEndpoint({
    id: 'listMaintenance',
    may: 'course.read',
    at: 'query.site',
    summary: 'Whose maintenance is upcoming, due or overdue (S1-M2)',
    description: '`asOf` and `knownAt` are for the maintenance of one `patient`.',
    answer: pageSchemaOf(maintenanceDueSchema),
    reads: MaintenanceDueQuery.reads,
  })
  due(@InChain() chain: Chain, @Query({ schema: maintenanceAtParamsSchema }) params: MaintenanceAtParams) {
    return asksForHistory(params) ? this.coursesAt.maintenance(chain, params) : this.maintenance.list(chain, params);
  }
}
