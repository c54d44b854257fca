import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { TakesAnyForm } from '#libs/http/src/body-parsers.js';
import { ActionEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { LINK_ACTIONS } from '../dispatch/answer-links.js';
import { ANSWER_PAGE_POLICY, type AnswerPage, answerPage } from './answer-page.js';
import { InboundService } from './inbound.service.js';

const HTML = 'text/html';

const linkParamsSchema = z.strictObject({
  token: z.string().max(120),
  action: z.enum([...LINK_ACTIONS, 'unsubscribe']),
});
type LinkParams = z.infer<typeof linkParamsSchema>;

/**
 * Where the links in messages lead. Whoever has a link has the message; nobody signs in. Mail programs and what stands
 * before them add marks of their own to an address (`_marks`): they change nothing.
 */
@ApiTags('answers')
@Controller('m')
export class AnswersController {
  constructor(private readonly inbound: InboundService) {}

  @Get(':token/:action')
  @ActionEndpoint({
    id: 'askToAnswer',
    may: 'public',
    summary: 'A page that asks whether the answer is meant',
    description: 'Changes nothing: programs that look through mail follow links, too.',
    produces: HTML,
    discloses: 'nobody',
  })
  async ask(
    @InChain() chain: Chain,
    @Param({ schema: linkParamsSchema }) { token, action }: LinkParams,
    @Query() _marks: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const known = await orUnknown(this.inbound.linked(chain, token));
    send(request, reply, known ? { kind: 'ask', action } : { kind: 'unknown' }, known?.language);
  }

  @Post(':token/:action')
  @TakesAnyForm()
  @ActionEndpoint({
    id: 'answerMessage',
    may: 'public',
    summary: 'Takes the answer of a patient',
    description:
      'Confirm a time, ask for another one, say how it is going, or end a kind of message. `unsubscribe` is the one-click address of RFC 8058. Following it twice is following it once.',
    produces: HTML,
    discloses: 'nobody',
  })
  async answer(
    @InChain() chain: Chain,
    @Param({ schema: linkParamsSchema }) { token, action }: LinkParams,
    @Query() _marks: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const known = await orUnknown(this.inbound.linked(chain, token));
    let page: AnswerPage = known ? { kind: 'done', action } : { kind: 'unknown' };
    if (known && action === 'unsubscribe') await this.inbound.unsubscribe(chain, token);
    else if (known && action !== 'unsubscribe') {
      if ((await this.inbound.follow(chain, token, action)) === 'gone') page = { kind: 'gone' };
    }
    send(request, reply, page, known?.language);
  }
}

async function orUnknown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

function send({ headers }: FastifyRequest, reply: FastifyReply, page: AnswerPage, language: string | undefined): void {
  const asked = /^[a-z]{2,3}/i.exec(headers['accept-language'] ?? '')?.[0] ?? 'en';
  void reply
    .status(page.kind === 'unknown' ? 404 : 200)
    .header('content-security-policy', ANSWER_PAGE_POLICY)
    // Under `no-referrer` a browser says of its own form that it comes from nowhere, and that is refused.
    .header('referrer-policy', 'same-origin')
    .header('x-robots-tag', 'noindex')
    .type(`${HTML}; charset=utf-8`)
    .send(answerPage(page, language ?? asked));
}
