import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { receiveLotSchema } from './lot.commands.js';
import { ReceiveLot } from './lot.handlers.js';

@ApiTags('lots')
@Controller('v1/lots')
export class LotController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({ id: 'receiveLot', summary: 'Receive a lot at a site', creates: true })
  receive(
    @Meta() meta: CommandMeta,
    @Body({ schema: receiveLotSchema }) data: z.infer<typeof receiveLotSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReceiveLot(meta, data, undefined));
  }
}
