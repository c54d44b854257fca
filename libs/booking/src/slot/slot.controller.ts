import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { slotViewSchema } from '../slots/slots.contract.js';
import { type SlotParams, slotParamsSchema, SlotsQuery } from '../slots/slots.query.js';
import { type ConfirmSlotData, confirmSlotSchema, type ReleaseSlotData, releaseSlotSchema } from './slot.commands.js';
import { ConfirmSlot, ReleaseSlot } from './slot.handlers.js';

/** The times that are held for patients' maintenance. */
@ApiTags('slots')
@Controller('v1/slots')
export class SlotController {
  constructor(
    private readonly bus: CommandBus,
    private readonly slots: SlotsQuery,
  ) {}

  @Get()
  @QueryEndpoint({
    id: 'listSlots',
    may: 'course.read',
    at: 'query.site',
    summary: 'Times that are, or were, held for maintenance',
    description:
      'In the order of their times. `exhausted` stands for a window in which nothing more is proposed; it has no time, and comes last.',
    answer: pageSchemaOf(slotViewSchema),
    reads: SlotsQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: slotParamsSchema }) params: SlotParams) {
    return this.slots.list(chain, params);
  }

  @Post(':slot/confirm')
  @CommandEndpoint({
    id: 'confirmSlot',
    may: 'booking.write',
    at: 'path.slot',
    summary: 'Book the time that is held',
    description:
      'For a patient who called, and where the site leaves the last word to staff. Judged as any booking. Refused with `slot.released` where the time is not held any more.',
  })
  confirm(
    @Meta() meta: CommandMeta,
    @Param('slot') slot: string,
    @Body({ schema: confirmSlotSchema }) data: ConfirmSlotData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ConfirmSlot(meta, data, { slot }));
  }

  @Post(':slot/release')
  @CommandEndpoint({
    id: 'releaseSlot',
    may: 'booking.write',
    at: 'path.slot',
    summary: 'Give a time back that is held',
    description: 'Another day is proposed where that is said; else nothing more in this window.',
  })
  release(
    @Meta() meta: CommandMeta,
    @Param('slot') slot: string,
    @Body({ schema: releaseSlotSchema }) data: ReleaseSlotData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReleaseSlot(meta, data, { slot }));
  }
}
