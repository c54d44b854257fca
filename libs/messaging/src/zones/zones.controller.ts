import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema, listQueryOf, pageSchemaOf } from '#libs/http/src/validation.js';
import { instantSchema, zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { ZoneMoves } from './zone-moves.js';
import { ZoneRulesWatch } from './zone-rules-watch.js';

const movedSessionSchema = z
  .strictObject({
    courseId: z.uuid(),
    courseCode: z.string().nullable(),
    sessionId: z.uuid(),
    /** The wall time that was agreed on, and its instant by the newer tz database. */
    at: zonedTimeSchema,
    /** Its instant by the rules that it was booked under. */
    was: z.strictObject({ instant: instantSchema, tzdb: z.string() }),
    movedAt: instantSchema,
  })
  .meta({ id: 'MovedSession' });

const movedParamsSchema = listQueryOf({});
const replannedSchema = z
  .strictObject({ sessions: z.int().nonnegative(), messages: z.int().nonnegative() })
  .meta({ id: 'ZonesReplanned' });

/** What newer rules of time zones do to plans. */
@ApiTags('messages')
@Controller('v1/zones')
export class ZonesController {
  constructor(
    private readonly moves: ZoneMoves,
    private readonly watch: ZoneRulesWatch,
  ) {}

  @Get('moved')
  @QueryEndpoint({
    id: 'listMovedSessions',
    may: 'system.observe',
    at: 'chain',
    summary: 'Booked sessions that newer rules of a time zone have moved, the newest first',
    description: 'Wall times stay as they were agreed on; instants move. Reminders follow.',
    answer: pageSchemaOf(movedSessionSchema).meta({ id: 'MovedSessionList' }),
    reads: [],
  })
  moved(@InChain() chain: Chain, @Query({ schema: movedParamsSchema }) page: z.output<typeof movedParamsSchema>) {
    return this.moves.list(chain, page);
  }

  @Post('replan')
  @ActionEndpoint({
    id: 'replanZones',
    may: 'system.operate',
    at: 'chain',
    summary: 'Look for plans that the present rules of time zones move, and move them',
    description: 'Workers do so by themselves when the software comes with a newer tz database.',
    answer: replannedSchema,
  })
  replan(@InChain() chain: Chain, @Body({ schema: emptyBodySchema }) _data: unknown) {
    return this.watch.run(chain);
  }
}
