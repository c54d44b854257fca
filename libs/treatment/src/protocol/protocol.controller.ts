import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { ActionEndpoint, CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema, pageSchemaOf } from '#libs/http/src/validation.js';
import {
  draftParamsSchema,
  type DraftsParams,
  draftsParamsSchema,
  ProtocolsQuery,
} from '../directory/protocols.query.js';
import { changeDraftSchema, draftProtocolSchema, validateProtocolSchema } from './protocol.commands.js';
import {
  protocolDraftSchema,
  protocolDraftSummarySchema,
  type ProtocolValidation,
  protocolValidationSchema,
  protocolVersionSchema,
} from './protocol.contract.js';
import { ProtocolUnknown } from './protocol.errors.js';
import {
  ChangeProtocolDraft,
  DiscardProtocolDraft,
  DraftProtocol,
  PublishProtocolDraft,
  RetireProtocol,
} from './protocol.handlers.js';
import { ProtocolService } from './protocol.service.js';

/** Drafts of protocols and their way to a version; the versions that are published are read in the directory. */
@ApiTags('protocols')
@Controller('v1/protocols')
export class ProtocolController {
  constructor(
    private readonly bus: CommandBus,
    private readonly protocols: ProtocolService,
    private readonly queries: ProtocolsQuery,
  ) {}

  @Post('validate')
  @ActionEndpoint({
    id: 'validateProtocol',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'What stands between a protocol and its publication; nothing is stored',
    answer: protocolValidationSchema,
  })
  validate(
    @Body({ schema: validateProtocolSchema }) content: z.infer<typeof validateProtocolSchema>,
  ): ProtocolValidation {
    return this.protocols.validate(content);
  }

  @Get('drafts')
  @QueryEndpoint({
    id: 'listProtocolDrafts',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'The drafts, those that are open unless asked otherwise',
    answer: pageSchemaOf(protocolDraftSummarySchema),
    reads: ProtocolsQuery.reads,
  })
  listDrafts(@InChain() chain: Chain, @Query({ schema: draftsParamsSchema }) params: DraftsParams) {
    return this.queries.drafts(chain, params);
  }

  @Post('drafts')
  @CommandEndpoint({
    id: 'draftProtocol',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'Begin a draft, new or as a copy of a published version',
    description:
      'A draft may hold any JSON object; what is to be mended is told before it is published. A copy of a built-in ' +
      'protocol may be published under a code of the chain’s own, or as the next version of the same code.',
    creates: true,
  })
  draft(
    @Meta() meta: CommandMeta,
    @Body({ schema: draftProtocolSchema }) data: z.infer<typeof draftProtocolSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new DraftProtocol(meta, data, undefined));
  }

  @Get('drafts/:draft')
  @QueryEndpoint({
    id: 'getProtocolDraft',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'A draft as it was given',
    answer: protocolDraftSchema,
    reads: ProtocolsQuery.reads,
    revisioned: true,
  })
  showDraft(@InChain() chain: Chain, @Param('draft') draft: string, @Query({ schema: draftParamsSchema }) _: unknown) {
    return this.queries.draft(chain, draft);
  }

  @Put('drafts/:draft')
  @CommandEndpoint({
    id: 'changeProtocolDraft',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'Replace what a draft says',
    description: 'The whole of it anew. `If-Match` keeps two who write at once from undoing each other’s work.',
  })
  changeDraft(
    @Meta() meta: CommandMeta,
    @Param('draft') draft: string,
    @Body({ schema: changeDraftSchema }) data: z.infer<typeof changeDraftSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ChangeProtocolDraft(meta, data, { draft }));
  }

  @Delete('drafts/:draft')
  @CommandEndpoint({
    id: 'discardProtocolDraft',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'Discard a draft; what it said stays on record',
  })
  discardDraft(@Meta() meta: CommandMeta, @Param('draft') draft: string): Promise<CommandAnswer> {
    return this.bus.execute(new DiscardProtocolDraft(meta, {}, { draft }));
  }

  @Post('drafts/:draft/validate')
  @ActionEndpoint({
    id: 'validateProtocolDraft',
    may: 'protocol.draft',
    at: 'anywhere',
    summary: 'What stands between a draft and its publication',
    answer: protocolValidationSchema,
  })
  validateDraft(
    @InChain() chain: Chain,
    @Param('draft') draft: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<ProtocolValidation> {
    return this.protocols.validateDraft(chain, draft);
  }

  @Post('drafts/:draft/publish')
  @CommandEndpoint({
    id: 'publishProtocolDraft',
    may: 'protocol.publish',
    at: 'chain',
    summary: 'Publish a draft as the next version of its protocol',
    description:
      'The draft then names the version that it became. What the newest version says already adds no version. Refused ' +
      'with `protocol.findings` and a field for each thing to mend.',
  })
  publishDraft(
    @Meta() meta: CommandMeta,
    @Param('draft') draft: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new PublishProtocolDraft(meta, {}, { draft }));
  }

  @Get(':code/versions/:version')
  @QueryEndpoint({
    id: 'getProtocolVersion',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'One version of a protocol and whether new courses are planned with it',
    answer: protocolVersionSchema,
    reads: ProtocolsQuery.reads,
    revisioned: true,
  })
  showVersion(
    @InChain() chain: Chain,
    @Param('code') code: string,
    @Param('version') version: string,
    @Query({ schema: draftParamsSchema }) _: unknown,
  ) {
    return this.queries.version(chain, code, numberOf(code, version));
  }

  @Post(':code/versions/:version/retire')
  @CommandEndpoint({
    id: 'retireProtocol',
    may: 'protocol.publish',
    at: 'chain',
    summary: 'Plan no new course with a version any more; courses that were planned with it go on',
    description: 'There is no way back: to use it again, publish a copy of it as the next version.',
  })
  retire(
    @Meta() meta: CommandMeta,
    @Param('code') code: string,
    @Param('version') version: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetireProtocol(meta, {}, { code, version: numberOf(code, version) }));
  }
}

/** @throws NotFound `protocol.unknown` for what cannot be the number of a version */
function numberOf(code: string, version: string): number {
  if (!/^[1-9]\d{0,5}$/.test(version)) throw new ProtocolUnknown(code, version, 'version');
  return Number(version);
}
