import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { ChainClock } from './chain-clock.js';

const advancingSchema = z.strictObject({ from: instantSchema, to: instantSchema, now: instantSchema }).nullable();

const clockSchema = z
  .strictObject({
    now: instantSchema,
    /** Only the clock of a sandbox can be advanced. */
    sandbox: z.boolean(),
    /** How far it is ahead of the database's clock. */
    offsetMs: z.int(),
    advancing: advancingSchema,
    nextDue: instantSchema.nullable(),
  })
  .meta({ id: 'Clock' });

const advancedSchema = z
  .strictObject({
    now: instantSchema,
    /** Messages that went out since the advance began. */
    sent: z.int().nonnegative(),
    /** Not null where it goes on: ask the clock again. */
    advancing: advancingSchema,
  })
  .meta({ id: 'ClockAdvanced' });

const advanceSchema = z
  .strictObject({
    days: z.int().min(1).max(1830).optional(),
    months: z.int().min(1).max(60).optional(),
    to: instantSchema.optional(),
  })
  .refine(({ days, months, to }) => [days, months, to].filter((each) => each !== undefined).length === 1, {
    message: 'one of days, months and to',
  })
  .meta({ id: 'AdvanceClock' });

/** Shorter than the time-outs of browsers and proxies; what takes longer goes on by itself. */
const WAIT_MS_MAX = 25_000;

@ApiTags('clock')
@Controller('v1/clock')
export class ClockController {
  constructor(private readonly clock: ChainClock) {}

  @Get()
  @QueryEndpoint({
    id: 'getClock',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The chain’s clock',
    answer: clockSchema,
  })
  state(@InChain() chain: Chain, @Query({ schema: queryOf({}) }) _params: object) {
    return this.clock.state(chain);
  }

  @Post('advance')
  @ActionEndpoint({
    id: 'advanceClock',
    may: 'system.operate',
    at: 'chain',
    summary: 'Advance the clock of a sandbox, stepping through everything that falls due',
    answer: advancedSchema,
  })
  async advance(@InChain() chain: Chain, @Body({ schema: advanceSchema }) advance: z.infer<typeof advanceSchema>) {
    return this.clock.advanceAndWait(chain, await this.clock.targetOf(chain, advance), WAIT_MS_MAX);
  }
}
