import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import {
  messageBalanceSchema,
  messageCountsParamsSchema,
  messageCountsSchema,
  messageDetailSchema,
  messageListParamsSchema,
  messageListSchema,
  outboxListSchema,
  outboxParamsSchema,
} from './message.views.js';
import { messageExplanationSchema } from './message-explanation.js';
import { MessageExplainer } from './message-explainer.js';
import { messagesProjection } from './messages.projection.js';
import { MessagesQueries } from './messages.queries.js';

const reads = [messagesProjection.name];

@ApiTags('messages')
@Controller('v1')
export class MessagesController {
  constructor(
    private readonly messages: MessagesQueries,
    private readonly references: References,
    private readonly explainer: MessageExplainer,
  ) {}

  @Get('messages')
  @QueryEndpoint({
    id: 'listMessages',
    may: 'message.read',
    at: 'query.site',
    summary: 'Messages and what became of them',
    description: 'Pending ones in the order in which they fall due, any others with the newest first.',
    answer: messageListSchema,
    reads,
  })
  async list(
    @InChain() chain: Chain,
    @Query({ schema: messageListParamsSchema }) {
      patient,
      course,
      site,
      ...filter
    }: z.output<typeof messageListParamsSchema>,
  ) {
    const patientId = await this.resolve(chain, 'patient', patient);
    const courseId = await this.resolve(chain, 'course', course);
    const siteId = await this.resolve(chain, 'site', site);
    return this.messages.list(chain, { ...filter, patientId, courseId, siteId });
  }

  @Get('messages/balance')
  @QueryEndpoint({
    id: 'getMessageBalance',
    may: 'system.observe',
    at: 'chain',
    summary: 'Planned = sent + suppressed + expired + failed + unknown + pending',
    answer: messageBalanceSchema,
    reads,
  })
  balance(@InChain() chain: Chain, @Query({ schema: queryOf({}) }) _params: object) {
    return this.messages.balance(chain);
  }

  @Get('messages/counts')
  @QueryEndpoint({
    id: 'countMessages',
    may: 'message.read',
    at: 'query.site',
    summary: 'How many messages there are of each kind in each status, in the chain or at a site',
    answer: messageCountsSchema,
    reads,
  })
  async counts(
    @InChain() chain: Chain,
    @Query({ schema: messageCountsParamsSchema }) { site }: z.output<typeof messageCountsParamsSchema>,
  ) {
    return { items: await this.messages.counts(chain, await this.resolve(chain, 'site', site)) };
  }

  @Get('messages/:message')
  @QueryEndpoint({
    id: 'explainMessage',
    may: 'message.read',
    at: 'path.message',
    summary: 'Everything that happened to one message, and why',
    answer: messageDetailSchema,
    reads,
  })
  explain(@InChain() chain: Chain, @Param('message') message: string, @Query({ schema: queryOf({}) }) _params: object) {
    if (!isId(message)) throw new NotFound('message.unknown', 'There is no such message.');
    return this.messages.explain(chain, message);
  }

  @Get('messages/:message/explanation')
  @QueryEndpoint({
    id: 'explainMessageInFull',
    may: 'message.read',
    at: 'path.message',
    summary: 'Why a message was planned, when and how it went, or why it did not',
    description:
      'From the log: the rule and its source, the event that it was planned from, zone and tz-database version, every wait with its reason, what was on record of patient and site at each decision, hash of the template, attempts, answers.',
    answer: messageExplanationSchema,
    reads: [],
  })
  explanation(
    @InChain() chain: Chain,
    @Param('message') message: string,
    @Query({ schema: queryOf({}) }) _params: object,
  ) {
    if (!isId(message)) throw new NotFound('message.unknown', 'There is no such message.');
    return this.explainer.explain(chain, message);
  }

  @Get('outbox')
  @QueryEndpoint({
    id: 'listOutbox',
    may: 'message.read',
    at: 'query.site',
    summary: 'What went out, the newest first, as the recipient reads it',
    answer: outboxListSchema,
    reads,
  })
  async outbox(
    @InChain() chain: Chain,
    @Query({ schema: outboxParamsSchema }) { site, message, ...page }: z.output<typeof outboxParamsSchema>,
  ) {
    const siteId = await this.resolve(chain, 'site', site);
    return this.messages.outbox(chain, { ...page, siteId, messageId: message });
  }

  private async resolve(
    chain: Chain,
    kind: 'patient' | 'course' | 'site',
    reference: string | undefined,
  ): Promise<Id | undefined> {
    return reference === undefined ? undefined : this.references.resolve(chain, kind, reference);
  }
}
