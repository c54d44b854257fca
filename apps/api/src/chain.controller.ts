import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { HTTP_DEPENDENCIES } from '#libs/http/src/http.dependencies.js';
import type { HttpDependencies } from '#libs/http/src/http.dependencies.js';
import { lastingAnswer } from '#libs/http/src/lasting-answer.js';
import { ServerSentEvents } from '#libs/http/src/server-sent-events.js';
import { queryOf } from '#libs/http/src/validation.js';
import { TZDB_VERSION } from '#libs/kernel/src/zoned-time.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { PISTOR } from './pistor.token.js';
import { SOFTWARE_VERSION } from './version.js';

const chainViewSchema = z
  .strictObject({
    id: z.uuid(),
    slug: z.string(),
    /** Whether the chain has a clock that its user advances. */
    sandbox: z.boolean(),
    now: z.iso.datetime(),
    /** The date in UTC by the chain's clock. */
    today: z.iso.date(),
    /** Version of the tz database that new times are computed with. */
    tzdb: z.string(),
    /** Position of the newest event. */
    head: z.int().nonnegative(),
    version: z.string(),
  })
  .meta({ id: 'Chain' });

@ApiTags('chain')
@Controller('v1')
export class ChainController {
  constructor(
    @Inject(PISTOR) private readonly pistor: Pistor,
    private readonly events: ServerSentEvents,
    @Inject(HTTP_DEPENDENCIES) private readonly deps: HttpDependencies,
  ) {}

  @Get('chain')
  @QueryEndpoint({
    id: 'getChain',
    may: 'signed-in',
    summary: 'The chain, its clock and the head of its log',
    answer: chainViewSchema,
  })
  async chain(
    @InChain() chain: Chain,
    @Query({ schema: queryOf({}) }) _params: object,
  ): Promise<z.infer<typeof chainViewSchema>> {
    const { engine } = this.pistor;
    const now = await engine.chains.now(chain);
    return {
      id: chain.id,
      slug: chain.slug,
      sandbox: chain.sandbox,
      now,
      today: now.slice(0, 10),
      tzdb: TZDB_VERSION,
      head: await engine.store.head(chain.id),
      version: SOFTWARE_VERSION,
    };
  }

  @Get('events/stream')
  @QueryEndpoint({
    id: 'followChain',
    may: 'signed-in',
    summary: 'Tells, as server-sent events, that something was recorded',
    description: 'Each event is a hint to read again; the newest one counts.',
    produces: 'text/event-stream',
    discloses: 'nobody',
  })
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.events.open(reply, lastingAnswer(this.deps, request, 'followChain'));
  }
}
