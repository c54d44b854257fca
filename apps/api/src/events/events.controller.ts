import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Pistor } from '#libs/composition/src/pistor.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { HTTP_DEPENDENCIES } from '#libs/http/src/http.dependencies.js';
import type { HttpDependencies } from '#libs/http/src/http.dependencies.js';
import { lastingAnswer } from '#libs/http/src/lasting-answer.js';
import { NDJSON_MEDIA_TYPE, sendNdjson } from '#libs/http/src/ndjson.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf, pageShape } from '#libs/http/src/validation.js';
import { PISTOR } from '../pistor.token.js';
import { COUNTED_BY, countEvents } from './event-counts.js';
import { eventFilterOf, eventFilterShape, fromParam } from './event-filter.params.js';
import { EventFollowers } from './event-followers.js';
import { readEventPage } from './event-page.js';
import { assertWithinLog } from './event-scan.js';
import { type EventView, eventView, eventViewSchema } from './event.view.js';

const listParamsSchema = z.strictObject({
  ...eventFilterShape,
  from: fromParam.default(1).describe('Position of the first event that is wanted; 1 without it.'),
  ...pageShape,
});

const followParamsSchema = z.strictObject({
  ...eventFilterShape,
  from: fromParam.optional().describe('Position of the first event that is wanted; without it what comes from now on.'),
});

const countParamsSchema = z.strictObject({
  ...eventFilterShape,
  from: fromParam.default(1).describe('Position of the first event that counts; 1 without it.'),
  by: z.enum(COUNTED_BY).optional().describe('A count for each of these.'),
});

/** The log itself, for operators and auditors: what stands open in it, and nothing of what is closed. */
@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(
    @Inject(PISTOR) private readonly pistor: Pistor,
    private readonly followers: EventFollowers,
    @Inject(HTTP_DEPENDENCIES) private readonly deps: HttpDependencies,
  ) {}

  @Get()
  @QueryEndpoint({
    id: 'listEvents',
    may: 'audit.read',
    at: 'chain',
    summary: 'Events in the order of positions, with their open data and never their personal data',
    description: 'A page of filtered events may hold fewer than its limit, even none, and go on all the same: `next`.',
    answer: pageSchemaOf(eventViewSchema),
  })
  async list(
    @InChain() chain: Chain,
    @Query({ schema: listParamsSchema }) { from, limit, cursor, ...filter }: z.output<typeof listParamsSchema>,
  ): Promise<{ items: EventView[]; next: string | null }> {
    const wanted = { filter: eventFilterOf(filter), from };
    const { items, next } = await readEventPage(this.pistor.engine.store, chain, wanted, { limit, cursor });
    return { items: items.map(eventView), next };
  }

  @Get('follow')
  @QueryEndpoint({
    id: 'followEvents',
    may: 'audit.read',
    at: 'chain',
    summary: 'Events as they are recorded, until the caller goes away',
    description:
      'Lines of {"event": …}, and of {"position": n} at the beginning and after 15 s without an event: nothing else is ' +
      'wanted up to there. Who may not read on gets {"error": problem} and no more. After a broken connection, go on with `from` one above the last position.',
    produces: NDJSON_MEDIA_TYPE,
    discloses: 'chain',
  })
  async follow(
    @InChain() chain: Chain,
    @Query({ schema: followParamsSchema }) { from, ...filter }: z.output<typeof followParamsSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { store } = this.pistor.engine;
    const head = await assertWithinLog(store, chain, from ?? 1);
    const after = from === undefined ? head : from - 1;
    const answer = lastingAnswer(this.deps, request, 'followEvents');
    const lines = (signal: AbortSignal) =>
      this.followers.follow(store, chain, { filter: eventFilterOf(filter), after, head, signal, answer });
    this.followers.answering(reply.raw);
    await sendNdjson(request, reply, lines, this.pistor.log);
  }

  @Get('count')
  @QueryEndpoint({
    id: 'countEvents',
    may: 'audit.read',
    at: 'chain',
    summary: 'How many events there are: all, those of a filter, for each type, category or stream',
    description:
      'Lines of {"progress": {position, head}} where it takes a while, of {"group": {by, name, events}}, the largest ' +
      'first, and at last {"done": {events, from, to}}.',
    produces: NDJSON_MEDIA_TYPE,
    discloses: 'chain',
  })
  async count(
    @InChain() chain: Chain,
    @Query({ schema: countParamsSchema }) { from, by, ...filter }: z.output<typeof countParamsSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { store } = this.pistor.engine;
    const lines = (signal: AbortSignal) =>
      countEvents(store, chain, { filter: eventFilterOf(filter), from, signal }, by);
    await sendNdjson(request, reply, lines, this.pistor.log);
  }
}
