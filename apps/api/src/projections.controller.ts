import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { NDJSON_MEDIA_TYPE, sendNdjson } from '#libs/http/src/ndjson.js';
import { InChain } from '#libs/http/src/request-context.js';
import { listQueryOf, pageSchemaOf } from '#libs/http/src/validation.js';
import type { ParkedKey } from '#libs/projections/src/parked-events.js';
import type { ProjectionStatus, RetriedKey } from '#libs/projections/src/projections.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { PISTOR } from './pistor.token.js';

const projectionStatusSchema = z
  .strictObject({
    projection: z.string(),
    version: z.int().positive(),
    /** A reactor has effects in place of rows, and is not rebuilt. */
    kind: z.enum(['projection', 'reactor']),
    state: z
      .enum(['live', 'building', 'superseded'])
      .describe('`building`: has no readers until it has caught up; `superseded`: a newer version has taken over.'),
    chain: z.uuid(),
    position: z.int().nonnegative(),
    head: z.int().nonnegative(),
    lag: z.int().nonnegative().describe('How far the position is behind the head.'),
    ratePerSecond: z.number().nonnegative().describe('Events applied per second in the last ten seconds or so.'),
    applied: z.int().nonnegative().describe('Events applied since it was made or built anew.'),
    parked: z.int().nonnegative(),
    lastError: z.string().nullable(),
    lastErrorAt: z.iso.datetime().nullable(),
    movedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ProjectionStatus' });

const parkedKeySchema = z
  .strictObject({
    projection: z.string(),
    version: z.int().positive(),
    kind: z.enum(['projection', 'reactor']),
    key: z.string().describe('Usually the name of a stream.'),
    events: z.int().positive().describe('The event that failed, and those that queue behind it.'),
    firstPosition: z.int().positive().describe('Position of the event that failed.'),
    error: z.string(),
    parkedAt: z.iso.datetime(),
    attempts: z.int().nonnegative(),
  })
  .meta({ id: 'ParkedKey' });

const parkedParamsSchema = listQueryOf({
  projection: z.string().min(1).max(200).optional().describe('Of one projection; of all without it.'),
});

const retrySchema = z
  .strictObject({ key: z.string().min(1).max(300).optional().describe('One key; all that are set aside without it.') })
  .nullish();

const retriedSchema = z.strictObject({
  projection: z.string(),
  items: z.array(
    z
      .strictObject({
        key: z.string(),
        applied: z.int().nonnegative(),
        left: z.int().nonnegative().describe('Events that are still set aside.'),
        error: z.string().nullable().describe('Why the first of those that are left could not be applied.'),
      })
      .meta({ id: 'RetriedKey' }),
  ),
});

const inOrder = (a: ParkedKey, b: ParkedKey): number =>
  a.projection < b.projection ? -1 : a.projection > b.projection ? 1 : a.firstPosition - b.firstPosition;

@ApiTags('projections')
@Controller('v1/projections')
export class ProjectionsController {
  constructor(@Inject(PISTOR) private readonly pistor: Pistor) {}

  @Get()
  @QueryEndpoint({
    id: 'listProjections',
    may: 'system.observe',
    at: 'chain',
    summary: 'The read models: how far each has come, and what went wrong',
    answer: pageSchemaOf(projectionStatusSchema),
  })
  async list(
    @InChain() chain: Chain,
    @Query({ schema: listQueryOf({}) }) _params: object,
  ): Promise<{ items: ProjectionStatus[]; next: null }> {
    return { items: await this.pistor.projections.status(chain), next: null };
  }

  @Get('parked')
  @QueryEndpoint({
    id: 'listParkedKeys',
    may: 'system.observe',
    at: 'chain',
    summary: 'What was set aside because it could not be applied, with the reason',
    description: 'Later events of such a key queue behind the one that failed; all other keys go on.',
    answer: pageSchemaOf(parkedKeySchema),
  })
  async parked(
    @InChain() chain: Chain,
    @Query({ schema: parkedParamsSchema }) { projection, limit, cursor }: z.output<typeof parkedParamsSchema>,
  ): Promise<{ items: ParkedKey[]; next: string | null }> {
    const [name, position] = cursor === undefined ? ['', 0] : decodeCursor(cursor, 2);
    const after = (each: ParkedKey): boolean =>
      each.projection > String(name) || (each.projection === name && each.firstPosition > Number(position));
    const keys = (await this.pistor.projections.parked(chain, projection)).filter(after).sort(inOrder);
    return pageOf(keys, limit, (each) => [each.projection, each.firstPosition]);
  }

  @Post(':projection/retry')
  @ActionEndpoint({
    id: 'retryParked',
    may: 'system.operate',
    at: 'chain',
    summary: 'Apply again what was set aside, key by key in the order of positions',
    description: 'A key whose first event fails again stays set aside, with the reason in `error`.',
    answer: retriedSchema,
  })
  async retry(
    @InChain() chain: Chain,
    @Param('projection') projection: string,
    @Body({ schema: retrySchema }) body: z.infer<typeof retrySchema>,
  ): Promise<{ projection: string; items: readonly RetriedKey[] }> {
    return { projection, items: await this.pistor.projections.retry(projection, chain, body?.key) };
  }

  @Post(':projection/rebuild')
  @ActionEndpoint({
    id: 'rebuildProjection',
    may: 'system.operate',
    at: 'chain',
    summary: 'Build a read model anew beside the one that serves, then put it in its place',
    description: 'Answers lines of {"progress": {position, head}} and at last {"done": {projection, events}}.',
    produces: NDJSON_MEDIA_TYPE,
    discloses: 'nobody',
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
