import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { NDJSON_MEDIA_TYPE, sendNdjson } from '#libs/http/src/ndjson.js';
import { InChain } from '#libs/http/src/request-context.js';
import type { Log } from '#libs/kernel/src/log.js';
import { WhatIf } from './what-if.js';
import { whatIfLineSchema, type WhatIfRequest, whatIfSchema } from './what-if.contract.js';

export const WHAT_IF_LOG = Symbol('log of what-if');

/** What would have been different under a protocol that is not published yet. */
@ApiTags('protocols')
@Controller('v1/protocols')
export class WhatIfController {
  constructor(
    private readonly whatIf: WhatIf,
    @Inject(WHAT_IF_LOG) private readonly log: Log,
  ) {}

  @Post('what-if')
  @ActionEndpoint({
    id: 'whatIf',
    may: 'evidence.export',
    at: 'chain',
    summary: 'Replay a draft over the courses of a past period; nothing is written',
    description:
      'Lines of {"progress": {done, total}}, of {"course": …} for each course in which something would differ ' +
      '(sessions blocked or freed, due dates, messages), and at last {"summary": …}. Courses are judged by what is on ' +
      'record by now; what a patient was never asked is not replayed. Refused with `protocol.findings` and a field for ' +
      'each thing to mend.',
    answer: whatIfLineSchema,
    produces: NDJSON_MEDIA_TYPE,
    discloses: 'chain',
    reads: WhatIf.reads,
  })
  async run(
    @InChain() chain: Chain,
    @Body({ schema: whatIfSchema }) request: WhatIfRequest,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendNdjson(http, reply, (signal) => this.whatIf.run(chain, request, signal), this.log);
  }
}
