import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import type { Metrics } from './metrics.js';
import { PISTOR } from './pistor.token.js';

/** For Prometheus. Its form is Prometheus' own, so it is not in the OpenAPI document. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  private metrics: Promise<Metrics> | undefined;

  constructor(@Inject(PISTOR) private readonly pistor: Pistor) {}

  @Get()
  @QueryEndpoint({
    id: 'getMetrics',
    may: 'system.observe',
    at: 'chain',
    summary: 'Lag and rate of the projections, appends, and the process itself',
  })
  async scrape(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    // Loaded when somebody first asks: most processes are never asked, and a start should not wait for it.
    this.metrics ??= import('./metrics.js').then(({ Metrics: Made }) => new Made(this.pistor));
    const { text, contentType } = await (await this.metrics).scrape();
    void reply.type(contentType);
    return text;
  }
}
