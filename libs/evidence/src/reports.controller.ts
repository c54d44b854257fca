import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import type { ComputedReport } from './compliance-reports.js';
import type { Evidence } from './evidence.js';
import { EVIDENCE } from './evidence.token.js';
import { EVIDENCE_MEDIA_TYPE, sendBundle } from './send-bundle.js';
import { BUNDLED_EVENTS_MAX } from './verify-bundle.mjs';

const reportParamsSchema = z
  .strictObject({
    site: z.string().min(1).max(200).optional().describe('Id or code; all sites where it is left out.'),
    from: localDateSchema.describe('The first day, by the clocks of the sites.'),
    to: localDateSchema.describe('The last day.'),
    checkpoint: z.coerce
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Size of the checkpoint to compute it from; the newest where it is left out.'),
  })
  .refine(({ from, to }) => from <= to, { path: ['to'], message: 'the last day, not before from' });
type ReportParams = z.output<typeof reportParamsSchema>;

const DESCRIPTION =
  'Sessions performed, and those against a rule; adverse events, and whether the authority was told in time; recalls, and who ' +
  'of those concerned was told. Computed from the log up to a checkpoint, which it names: asked for again with that ' +
  'checkpoint it is the same to the byte. It holds ids, codes, days and counts; `Pistor-Erased-Persons` says of how many ' +
  'persons in it nobody can read more any more.';

/** Reports that can be computed again. */
@ApiTags('reports')
@Controller('v1/reports')
export class ReportsController {
  constructor(@Inject(EVIDENCE) private readonly evidence: Evidence) {}

  /** @throws NotFound `site.unknown`, `ledger.no-checkpoint` */
  @Get('compliance')
  @QueryEndpoint({
    id: 'getComplianceReport',
    may: 'audit.read',
    at: 'chain',
    summary: 'A compliance report on a site, or on all, for a period',
    description: DESCRIPTION,
    produces: 'application/json',
    discloses: 'chain',
    exports: true,
  })
  async compliance(
    @InChain() chain: Chain,
    @Query({ schema: reportParamsSchema }) params: ReportParams,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const report = await this.compute(chain, params);
    await dressed(reply, report).type('application/json').send(report.text);
  }

  /** @throws NotFound `site.unknown`, `ledger.no-checkpoint` */
  @Get('compliance/evidence')
  @QueryEndpoint({
    id: 'getComplianceReportEvidence',
    may: 'evidence.export',
    at: 'chain',
    summary:
      'An evidence bundle of a compliance report: its bytes, its checkpoint, and the events that its figures follow from',
    description:
      `Up to ${BUNDLED_EVENTS_MAX} events; beyond that the bundle says how to compute the report again. What is personal is ` +
      'sealed. docs/evidence.md has the format.',
    produces: EVIDENCE_MEDIA_TYPE,
    discloses: 'chain',
    exports: true,
  })
  async bundle(
    @InChain() chain: Chain,
    @Query({ schema: reportParamsSchema }) params: ReportParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const report = await this.compute(chain, params);
    const isWhole = report.events <= BUNDLED_EVENTS_MAX;
    const source = this.evidence.writer.write(
      chain,
      { kind: 'report', name: 'compliance', streams: isWhole ? report.streams : [], further: [] },
      { report: { text: report.text, size: report.size, eventsLeftOut: isWhole ? 0 : report.events } },
    );
    const name = `compliance-${params.from}-${params.to}`;
    await sendBundle(source, dressed(reply, report), { name, log: this.evidence.log, request });
  }

  private async compute(chain: Chain, { site, from, to, checkpoint }: ReportParams): Promise<ComputedReport> {
    const siteId = site === undefined ? null : await this.evidence.scopes.site(chain, site);
    return this.evidence.reports.compute(chain, { site: siteId, from, to, size: checkpoint });
  }
}

const dressed = (reply: FastifyReply, { size, erased }: ComputedReport): FastifyReply =>
  reply.header('pistor-checkpoint', String(size)).header('pistor-erased-persons', String(erased)) as FastifyReply;
