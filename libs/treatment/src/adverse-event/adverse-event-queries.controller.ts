import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf, queryOf } from '#libs/http/src/validation.js';
import { adverseEventViewSchema } from './adverse-events/adverse-events.contract.js';
import {
  AdverseEventsQuery,
  type AdverseEventsParams,
  adverseEventsParamsSchema,
} from './adverse-events/adverse-events.query.js';

@ApiTags('adverse events')
@Controller('v1/adverse-events')
export class AdverseEventQueriesController {
  constructor(private readonly adverseEvents: AdverseEventsQuery) {}

  @Get()
  @QueryEndpoint({
    id: 'listAdverseEvents',
    summary: 'Adverse events with owner, last day for the report, and days overdue',
    description: 'In the order of their last days. Those that a follow-up found are among them.',
    answer: pageSchemaOf(adverseEventViewSchema),
    reads: AdverseEventsQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: adverseEventsParamsSchema }) params: AdverseEventsParams) {
    return this.adverseEvents.list(chain, params);
  }

  @Get(':adverseEvent')
  @QueryEndpoint({
    id: 'getAdverseEvent',
    summary: 'One adverse event',
    answer: adverseEventViewSchema,
    reads: AdverseEventsQuery.reads,
  })
  detail(
    @InChain() chain: Chain,
    @Param('adverseEvent') adverseEvent: string,
    @Query({ schema: queryOf({}) }) _params: object,
  ) {
    return this.adverseEvents.detail(chain, adverseEvent);
  }
}
