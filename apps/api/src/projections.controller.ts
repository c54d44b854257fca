import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { NDJSON_MEDIA_TYPE, sendNdjson } from '#libs/http/src/ndjson.js';
import { InChain } from '#libs/http/src/request-context.js';
import { listQueryOf, pageSchemaOf } from '#libs/http/src/validation.js';
import type { ProjectionStatus } from '#libs/projections/src/projections.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { PISTOR } from './pistor.token.js';

const projectionStatusSchema = z
  .strictObject({
    projection: z.string(),
    version: z.int().positive(),
    /** A reactor has effects in place of rows, and is not rebuilt. */
    kind: z.enum(['projection', 'reactor']),
    chain: z.uuid(),
    position: z.int().nonnegative(),
    head: z.int().nonnegative(),
    lag: z.int().nonnegative(),
    parked: z.int().nonnegative(),
    lastError: z.string().nullable(),
    lastErrorAt: z.iso.datetime().nullable(),
    movedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ProjectionStatus' });

@ApiTags('projections')
@Controller('v1/projections')
export class ProjectionsController {
  constructor(@Inject(PISTOR) private readonly pistor: Pistor) {}

  @Get()
  @QueryEndpoint({
    id: 'listProjections',
    summary: 'The read models: how far each has come, and what went wrong',
    answer: pageSchemaOf(projectionStatusSchema),
  })
  async list(
    @InChain() chain: Chain,
    @Query({ schema: listQueryOf({}) }) _params: object,
  ): Promise<{ items: ProjectionStatus[]; next: null }> {
    return { items: await this.pistor.projections.status(chain), next: null };
  }

  @Post(':projection/rebuild')
  @ActionEndpoint({
    id: 'rebuildProjection',
    summary: 'Build a read model anew beside the one that serves, then put it in its place',
    description: 'Answers lines of {"progress": {position, head}} and at last {"done": {projection, events}}.',
    produces: NDJSON_MEDIA_TYPE,
  })
  async rebuild(
    @Param('projection') projection: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { projections, log } = this.pistor;
    async function* lines() {
      const progress: { position: number; head: number }[] = [];
      let wake: () => void = () => undefined;
      const run = projections.rebuild(projection, (position, head) => {
        progress.push({ position, head });
        wake();
      });
      let done = false;
      const ended = run.then(
        () => (done = true),
        () => (done = true),
      );
      while (!done) {
        await Promise.race([ended, new Promise<void>((resolve) => (wake = resolve))]);
        for (const each of progress.splice(0)) yield { progress: each };
      }
      yield { done: { projection, ...(await run) } };
    }
    await sendNdjson(request, reply, lines, log);
  }
}
