import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import { ConfirmMessageSent, ReopenMessage } from './message.handlers.js';

const confirmSentSchema = z
  .strictObject({
    /** By what it was found with the provider. */
    reference: z
      .string()
      .trim()
      // It stands open in the log for ever, so it is an id and nothing that somebody writes about a person.
      .regex(/^[\w.:@/#+=-]{1,200}$/, 'an id of the provider: letters, digits and . : @ / # + = - _'),
  })
  .meta({ id: 'ConfirmMessageSent' });

/** What people decide of messages whose fate is unknown. */
@ApiTags('messages')
@Controller('v1/messages')
export class MessageController {
  constructor(private readonly bus: CommandBus) {}

  @Post(':message/reopen')
  @CommandEndpoint({
    id: 'reopenMessage',
    may: 'message.write',
    at: 'path.message',
    summary: 'Let a message go again of which nobody knows whether it was sent, or that was given up',
    description: 'It is decided anew, as every other one: it may be suppressed or have expired by now.',
  })
  reopen(
    @Meta() meta: CommandMeta,
    @Param('message') message: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReopenMessage(meta, {}, { message }));
  }

  @Post(':message/confirm-sent')
  @CommandEndpoint({
    id: 'confirmMessageSent',
    may: 'message.write',
    at: 'path.message',
    summary: 'Record that a message of unknown fate was sent',
  })
  confirmSent(
    @Meta() meta: CommandMeta,
    @Param('message') message: string,
    @Body({ schema: confirmSentSchema }) data: z.infer<typeof confirmSentSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ConfirmMessageSent(meta, data, { message }));
  }
}
