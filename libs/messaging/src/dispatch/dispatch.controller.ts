import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema, queryOf } from '#libs/http/src/validation.js';
import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { DispatchSwitch } from './dispatch-switch.js';

const dispatchSchema = z
  .strictObject({
    open: z.boolean(),
    closedAt: instantSchema.nullable(),
    reason: z.string().nullable(),
    /** Of a restored backup: what was due since then becomes unknown when dispatch opens. */
    doubtSince: instantSchema.nullable(),
  })
  .meta({ id: 'Dispatch' });

const openedSchema = z
  .strictObject({
    /** Messages that became unknown: they may have been sent after the backup. */
    doubted: z.int().nonnegative(),
  })
  .meta({ id: 'DispatchOpened' });

const closeSchema = z.strictObject({ reason: z.string().trim().min(1).max(500) }).meta({ id: 'CloseDispatch' });

/** Whether messages leave. */
@ApiTags('messages')
@Controller('v1/dispatch')
export class DispatchController {
  constructor(private readonly dispatch: DispatchSwitch) {}

  @Get()
  @QueryEndpoint({
    id: 'getDispatch',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'Whether messages leave, and why not',
    answer: dispatchSchema,
  })
  state(@InChain() chain: Chain, @Query({ schema: queryOf({}) }) _params: object) {
    return this.dispatch.state(chain);
  }

  @Post('close')
  @ActionEndpoint({
    id: 'closeDispatch',
    may: 'system.operate',
    at: 'chain',
    summary: 'Let no message leave',
    description: 'Everything else goes on; what falls due waits, and goes or expires when dispatch opens.',
    answer: dispatchSchema,
  })
  async close(@InChain() chain: Chain, @Body({ schema: closeSchema }) { reason }: z.infer<typeof closeSchema>) {
    await this.dispatch.close(chain, reason);
    return this.dispatch.state(chain);
  }

  @Post('open')
  @ActionEndpoint({
    id: 'openDispatch',
    may: 'system.operate',
    at: 'chain',
    summary: 'Let messages leave again',
    description:
      'After a restored backup, what was due in between becomes unknown first: the system that went on after the backup may have sent it.',
    answer: openedSchema,
  })
  async open(@InChain() chain: Chain, @Body({ schema: emptyBodySchema }) _data: unknown) {
    return { doubted: await this.dispatch.open(chain) };
  }
}
