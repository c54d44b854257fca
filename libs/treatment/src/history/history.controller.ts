import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import { courseHistorySchema } from './course-history.contract.js';
import { CourseHistoryQuery } from './course-history.query.js';
import { type HistoryParams, historyShape } from './history.params.js';

@ApiTags('courses')
@Controller('v1')
export class HistoryController {
  constructor(private readonly histories: CourseHistoryQuery) {}

  @Get('courses/:course/history')
  @QueryEndpoint({
    id: 'getCourseHistory',
    may: 'record.read',
    at: 'path.course',
    summary: 'Every entry of one course, as it was entered and as it reads now',
    description:
      'With what corrected it or took it back, why, who and when. `eventId` of an entry is what a correction of it names.',
    answer: courseHistorySchema,
    reads: [DIRECTORY.name],
  })
  course(
    @InChain() chain: Chain,
    @Param('course') course: string,
    @Query({ schema: queryOf(historyShape) }) params: HistoryParams,
  ) {
    return this.histories.of(chain, course, params);
  }
}
