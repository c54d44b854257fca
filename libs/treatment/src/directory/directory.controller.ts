import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { protocolViewSchema } from '../protocol/protocol.contract.js';
import { siteDaySchema } from '../site/site-day/site-day.contract.js';
import { SiteDayQuery, type SiteDayParams, siteDayParamsSchema } from '../site/site-day/site-day.query.js';
import {
  factSchema,
  lotUsageSchema,
  lotViewSchema,
  practitionerViewSchema,
  protocolSummarySchema,
  siteViewSchema,
} from './directory.contract.js';
import {
  LotsQuery,
  type LotsParams,
  type LotUsageParams,
  lotsParamsSchema,
  lotUsageParamsSchema,
} from './lots.query.js';
import { PractitionersQuery, type PractitionersParams, practitionersParamsSchema } from './practitioners.query.js';
import {
  ProtocolsQuery,
  type ProtocolParams,
  type ProtocolsParams,
  protocolParamsSchema,
  protocolsParamsSchema,
} from './protocols.query.js';
import { SitesQuery, type SitesParams, sitesParamsSchema } from './sites.query.js';

/** What courses refer to: sites, practitioners, lots and protocols. */
@ApiTags('directory')
@Controller('v1')
export class DirectoryController {
  constructor(
    private readonly sites: SitesQuery,
    private readonly days: SiteDayQuery,
    private readonly practitioners: PractitionersQuery,
    private readonly lots: LotsQuery,
    private readonly protocols: ProtocolsQuery,
  ) {}

  @Get('sites')
  @QueryEndpoint({
    id: 'listSites',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The sites',
    answer: pageSchemaOf(siteViewSchema),
    reads: SitesQuery.reads,
  })
  listSites(@InChain() chain: Chain, @Query({ schema: sitesParamsSchema }) params: SitesParams) {
    return this.sites.list(chain, params);
  }

  @Get('sites/:site/day')
  @QueryEndpoint({
    id: 'getSiteDay',
    may: 'course.read',
    at: 'path.site',
    summary: 'The sessions of a site on one day',
    answer: siteDaySchema,
    reads: SiteDayQuery.reads,
  })
  siteDay(
    @InChain() chain: Chain,
    @Param('site') site: string,
    @Query({ schema: siteDayParamsSchema }) params: SiteDayParams,
  ) {
    return this.days.day(chain, site, params);
  }

  @Get('practitioners')
  @QueryEndpoint({
    id: 'listPractitioners',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The practitioners with their credentials (S2-Q1)',
    answer: pageSchemaOf(practitionerViewSchema),
    reads: PractitionersQuery.reads,
  })
  listPractitioners(
    @InChain() chain: Chain,
    @Query({ schema: practitionersParamsSchema }) params: PractitionersParams,
  ) {
    return this.practitioners.list(chain, params);
  }

  @Get('lots')
  @QueryEndpoint({
    id: 'listLots',
    may: 'lot.read',
    at: 'query.site',
    summary: 'The lots as they were received',
    answer: pageSchemaOf(lotViewSchema),
    reads: LotsQuery.reads,
  })
  listLots(@InChain() chain: Chain, @Query({ schema: lotsParamsSchema }) params: LotsParams) {
    return this.lots.list(chain, params);
  }

  @Get('lots/usage')
  @QueryEndpoint({
    id: 'listLotUsage',
    may: 'lot.read',
    at: 'chain',
    summary: 'Which lots were used where, and on how many patients',
    answer: pageSchemaOf(lotUsageSchema),
    reads: LotsQuery.reads,
  })
  lotUsage(@InChain() chain: Chain, @Query({ schema: lotUsageParamsSchema }) params: LotUsageParams) {
    return this.lots.usage(chain, params);
  }

  @Get('protocols')
  @QueryEndpoint({
    id: 'listProtocols',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The published protocols',
    answer: pageSchemaOf(protocolSummarySchema),
    reads: ProtocolsQuery.reads,
  })
  listProtocols(@InChain() chain: Chain, @Query({ schema: protocolsParamsSchema }) params: ProtocolsParams) {
    return this.protocols.list(chain, params);
  }

  @Get('protocols/:code')
  @QueryEndpoint({
    id: 'getProtocol',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'A protocol, every rule with the published statements it rests on',
    answer: protocolViewSchema,
    reads: ProtocolsQuery.reads,
  })
  protocol(
    @InChain() chain: Chain,
    @Param('code') code: string,
    @Query({ schema: protocolParamsSchema }) params: ProtocolParams,
  ) {
    return this.protocols.detail(chain, code, params);
  }

  @Get('facts')
  @QueryEndpoint({
    id: 'listFacts',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The published statements that rules cite',
    answer: pageSchemaOf(factSchema),
  })
  facts() {
    return { items: this.protocols.facts(), next: null };
  }
}
