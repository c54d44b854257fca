import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { z } from 'zod';
import { LotStockQuery, lotParamsSchema } from '../lot/lot-stock.query.js';
import {
  lotStockSchema,
  lotTraceSchema,
  recallDetailSchema,
  recallViewSchema,
  TRACE_LISTS,
  type TraceList,
} from './lot-trace/lot-trace.contract.js';
import {
  LotTraceQuery,
  type RecallParams,
  recallParamsSchema,
  type RecallsParams,
  recallsParamsSchema,
  type TraceListParams,
  traceListParamsSchema,
  type TraceParams,
  traceParamsSchema,
} from './lot-trace/lot-trace.query.js';

const LIST_NAMES = Object.keys(TRACE_LISTS) as TraceList[];

@ApiTags('recalls')
@Controller('v1')
export class RecallQueriesController {
  constructor(
    private readonly traces: LotTraceQuery,
    private readonly stock: LotStockQuery,
  ) {}

  @Get('lots/trace')
  @QueryEndpoint({
    id: 'traceLot',
    may: 'recall.read',
    at: 'chain',
    summary: 'Everything that a lot touched',
    description:
      'Sessions, patients, sites, practitioners, what is still planned on it, adverse events after it, and who has been ' +
      'told: counts over all, and the first page of each list.',
    answer: lotTraceSchema,
    reads: LotTraceQuery.reads,
  })
  trace(@InChain() chain: Chain, @Query({ schema: traceParamsSchema }) params: TraceParams) {
    return this.traces.trace(chain, params);
  }

  @Get('lots/trace/:list')
  @QueryEndpoint({
    id: 'traceLotList',
    may: 'recall.read',
    at: 'chain',
    summary: 'One list of what a lot touched, page by page',
    description: `The list is one of ${LIST_NAMES.join(', ')}.`,
    answer: pageSchemaOf(z.union(Object.values(TRACE_LISTS))),
    reads: LotTraceQuery.reads,
  })
  list(
    @InChain() chain: Chain,
    @Param('list') list: string,
    @Query({ schema: traceListParamsSchema }) params: TraceListParams,
  ) {
    return this.traces.list(chain, listNamed(list), params);
  }

  @Get('lots/:lot')
  @QueryEndpoint({
    id: 'getLot',
    may: 'lot.read',
    at: 'path.lot',
    summary: 'One lot at one site: received, used, wasted and left, with its vials',
    answer: lotStockSchema,
    reads: LotStockQuery.reads,
    revisioned: true,
  })
  lot(
    @InChain() chain: Chain,
    @Param('lot') lot: string,
    @Query({ schema: lotParamsSchema }) _params: z.output<typeof lotParamsSchema>,
  ) {
    return this.stock.stock(chain, lot);
  }

  @Get('recalls')
  @QueryEndpoint({
    id: 'listRecalls',
    may: 'lot.read',
    at: 'anywhere',
    summary: 'The recalls, the newest first',
    answer: pageSchemaOf(recallViewSchema),
    reads: LotTraceQuery.reads,
  })
  recalls(@InChain() chain: Chain, @Query({ schema: recallsParamsSchema }) params: RecallsParams) {
    return this.traces.recalls(chain, params);
  }

  @Get('recalls/:recall')
  @QueryEndpoint({
    id: 'getRecall',
    may: 'recall.read',
    at: 'chain',
    summary: 'A recall with everything that its lot touched',
    answer: recallDetailSchema,
    reads: LotTraceQuery.reads,
  })
  recall(
    @InChain() chain: Chain,
    @Param('recall') recall: string,
    @Query({ schema: recallParamsSchema }) params: RecallParams,
  ) {
    return this.traces.recall(chain, recall, params);
  }
}

/** @throws NotFound `lot-trace.no-such-list` */
function listNamed(name: string): TraceList {
  const list = LIST_NAMES.find((each) => each === name);
  if (list) return list;
  throw new NotFound('lot-trace.no-such-list', `A lot's trace has no list ${name}.`, {
    fields: [{ field: 'list', message: `Name one of ${LIST_NAMES.join(', ')}.`, accepted: LIST_NAMES.join(', ') }],
  });
}
