import { Controller, Header, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TakesForm } from '#libs/http/src/body-parsers.js';
import { ActionEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import { INBOUND_CALLS } from './channels.tokens.js';
import type { InboundCalls } from './channels.tokens.js';
import { receiptOf, replyOf } from './twilio.form.js';

const FORM = 'application/x-www-form-urlencoded';
/** Twilio adds fields as it goes, and signs them all. */
const FIELDS = { type: 'object', additionalProperties: { type: 'string' } } as const;
const TWIML = 'text/xml';
/** TwiML: nothing is to be said in return. */
const NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

const messageParamSchema = z.strictObject({ message: z.uuid() });

/** What Twilio calls. Whoever else does gets 403 and no reason, whether or not SMS goes by Twilio here. */
@ApiTags('channels')
@ApiHeader({ name: 'X-Twilio-Signature', required: true, description: 'HMAC-SHA1 over address and form, in base64.' })
@Controller('v1/channels/sms')
export class TwilioController {
  constructor(@Inject(INBOUND_CALLS) private readonly calls: InboundCalls) {}

  /** What became of a message that Twilio took: MessageSid, MessageStatus, ErrorCode. Others are passed over. */
  @Post('receipts/:message')
  @TakesForm()
  @Header('content-type', `${TWIML}; charset=utf-8`)
  @ApiConsumes(FORM)
  @ApiBody({ schema: FIELDS })
  @ActionEndpoint({
    id: 'receiveSmsReceipt',
    may: 'public',
    summary: 'Takes a status callback of Twilio',
    description: 'Signed by Twilio; 403 for anybody else. Receipts may come twice and in any order.',
    produces: TWIML,
    discloses: 'nobody',
  })
  async receipt(
    @Param({ schema: messageParamSchema }) { message }: z.infer<typeof messageParamSchema>,
    @Req() request: FastifyRequest,
  ): Promise<string> {
    const receipt = receiptOf(message, this.genuine(request));
    if (receipt !== null) await this.calls.inbound.receipt(receipt);
    return NOTHING;
  }

  /** A message that somebody sent to one of our numbers: MessageSid, From, To, Body, OptOutType. */
  @Post('replies')
  @TakesForm()
  @Header('content-type', `${TWIML}; charset=utf-8`)
  @ApiConsumes(FORM)
  @ApiBody({ schema: FIELDS })
  @ActionEndpoint({
    id: 'receiveSmsReply',
    may: 'public',
    summary: 'Takes an incoming message of Twilio',
    description: 'Signed by Twilio; 403 for anybody else. Answers TwiML that says nothing in return.',
    produces: TWIML,
    discloses: 'nobody',
  })
  async reply(@Req() request: FastifyRequest): Promise<string> {
    const reply = replyOf(this.genuine(request));
    if (reply !== null) await this.calls.inbound.reply(reply);
    return NOTHING;
  }

  /** @throws HttpProblem 403 `channel.not-genuine` */
  private genuine({ url, body, headers }: FastifyRequest): URLSearchParams {
    const form = body instanceof URLSearchParams ? body : new URLSearchParams();
    if (this.calls.twilio?.areGenuine(url, form, headers['x-twilio-signature']) === true) return form;
    throw new HttpProblem(403, 'channel.not-genuine', 'Only the provider may call this.');
  }
}
