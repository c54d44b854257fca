import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { asksForHistory, type HistoryParams } from '../history/history.params.js';
import {
  adverseEventParamsSchema,
  type AdverseEventsAtParams,
  adverseEventsAtParamsSchema,
  AdverseEventsAtQuery,
} from './adverse-events/adverse-events-at.query.js';
import { adverseEventDetailSchema, adverseEventViewSchema } from './adverse-events/adverse-events.contract.js';
import { AdverseEventsQuery } from './adverse-events/adverse-events.query.js';

@ApiTags('adverse events')
@Controller('v1/adverse-events')
export class AdverseEventQueriesController {
  constructor(
    private readonly adverseEvents: AdverseEventsQuery,
    private readonly adverseEventsAt: AdverseEventsAtQuery,
  ) {}

  @Get()
  @QueryEndpoint({
    id: 'listAdverseEvents',
    may: 'record.read',
    at: 'query.site',
    summary: 'Adverse events with owner, last day for the report, and days overdue',
    description:
      'In the order of their last days. Those that a follow-up found are among them. `asOf` and `knownAt` are for those of one `patient`.',
    answer: pageSchemaOf(adverseEventViewSchema),
    reads: AdverseEventsAtQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: adverseEventsAtParamsSchema }) params: AdverseEventsAtParams) {
    return asksForHistory(params) ? this.adverseEventsAt.list(chain, params) : this.adverseEvents.list(chain, params);
  }

  @Get(':adverseEvent')
  @QueryEndpoint({
    id: 'getAdverseEvent',
    may: 'record.read',
    at: 'path.adverseEvent',
    summary: 'One adverse event with its history',
    description:
      'One that was taken back is `retracted`, and says by whom and why; the rest of it reads as it did before.',
    answer: adverseEventDetailSchema,
    reads: AdverseEventsAtQuery.reads,
  })
  detail(
    @InChain() chain: Chain,
    @Param('adverseEvent') adverseEvent: string,
    @Query({ schema: adverseEventParamsSchema }) params: HistoryParams,
  ) {
    return this.adverseEventsAt.detail(chain, adverseEvent, params);
  }
}
