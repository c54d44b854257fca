import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { ActionEndpoint, CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import { languageSchema } from '#libs/protocols/src/rule.schema.js';
import { TEMPLATE_CHANNELS, TEMPLATE_NAMES } from '../template-set.js';
import { fallbackLanguageSchema, type GivenTemplate, templateContentSchema } from './template.commands.js';
import {
  keptTemplateSchema,
  templateListSchema,
  templatePreviewSchema,
  templateViewSchema,
} from './template.contract.js';
import type { TemplateKey } from './template.events.js';
import { PublishMessageTemplate, SetMessageFallbackLanguage, WithdrawMessageTemplate } from './template.handlers.js';
import { TemplateService } from './template.service.js';

const NOTHING = queryOf({});
const previewedSchema = templateContentSchema.nullish();

/** The words of messages: what comes with the software, and what a chain writes in its place. */
@ApiTags('message templates')
@Controller('v1/message-templates')
export class TemplateController {
  constructor(
    private readonly bus: CommandBus,
    private readonly templates: TemplateService,
  ) {}

  @Get()
  @QueryEndpoint({
    id: 'listMessageTemplates',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'Every template that messages are written from, the chain’s own and built-in ones',
    answer: templateListSchema,
  })
  list(@InChain() chain: Chain, @Query({ schema: NOTHING }) _: unknown) {
    return this.templates.list(chain);
  }

  @Get('versions/:hash')
  @QueryEndpoint({
    id: 'getKeptMessageTemplate',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The words that messages were written from, by the hash that their attempts name',
    answer: keptTemplateSchema,
  })
  kept(@Param('hash') hash: string, @Query({ schema: NOTHING }) _: unknown) {
    return this.templates.kept(hash);
  }

  @Put('fallback-language')
  @CommandEndpoint({
    id: 'setMessageFallbackLanguage',
    may: 'template.write',
    at: 'chain',
    summary: 'In which language patients are written to in whose own there is nothing',
    description: 'Before English, where the chain or the software has a template in it. Null: English.',
  })
  setFallbackLanguage(
    @Meta() meta: CommandMeta,
    @Body({ schema: fallbackLanguageSchema }) data: z.infer<typeof fallbackLanguageSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetMessageFallbackLanguage(meta, data, undefined));
  }

  @Get(':name/:language/:channel')
  @QueryEndpoint({
    id: 'getMessageTemplate',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'One template: the chain’s own, or the built-in one where it has none',
    answer: templateViewSchema,
  })
  show(
    @InChain() chain: Chain,
    @Param('name') name: string,
    @Param('language') language: string,
    @Param('channel') channel: string,
    @Query({ schema: NOTHING }) _: unknown,
  ) {
    return this.templates.show(chain, keyOfPath(name, language, channel));
  }

  @Put(':name/:language/:channel')
  @CommandEndpoint({
    id: 'publishMessageTemplate',
    may: 'template.write',
    at: 'chain',
    summary: 'Write messages of a kind in the chain’s own words from now on',
    description:
      'Liquid with ICU phrases, and MJML for the HTML of an e-mail, which is made of the plain text without it. It is ' +
      'tried on made-up values first, and refused with `message-template.findings` and a field for each thing to mend.',
  })
  publish(
    @Meta() meta: CommandMeta,
    @Param('name') name: string,
    @Param('language') language: string,
    @Param('channel') channel: string,
    @Body({ schema: templateContentSchema }) data: GivenTemplate,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new PublishMessageTemplate(meta, data, keyOfPath(name, language, channel)));
  }

  @Delete(':name/:language/:channel')
  @CommandEndpoint({
    id: 'withdrawMessageTemplate',
    may: 'template.write',
    at: 'chain',
    summary: 'Write them as if the chain had no words of its own; those that were used stay known',
  })
  withdraw(
    @Meta() meta: CommandMeta,
    @Param('name') name: string,
    @Param('language') language: string,
    @Param('channel') channel: string,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new WithdrawMessageTemplate(meta, {}, keyOfPath(name, language, channel)));
  }

  @Post(':name/:language/:channel/preview')
  @ActionEndpoint({
    id: 'previewMessageTemplate',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'How messages will read, and what stands in the way of publishing; nothing is stored',
    description: 'Without a body, of the template as it is now.',
    answer: templatePreviewSchema,
  })
  preview(
    @InChain() chain: Chain,
    @Param('name') name: string,
    @Param('language') language: string,
    @Param('channel') channel: string,
    @Body({ schema: previewedSchema }) data: z.infer<typeof previewedSchema>,
  ) {
    return this.templates.preview(chain, keyOfPath(name, language, channel), data ?? undefined);
  }
}

const pathSchema = z.strictObject({
  name: z.enum(TEMPLATE_NAMES),
  language: languageSchema,
  channel: z.enum(TEMPLATE_CHANNELS),
});

/** @throws Invalid `message-template.address` that names each part that is none */
function keyOfPath(name: string, language: string, channel: string): TemplateKey {
  const parsed = pathSchema.safeParse({ name, language, channel });
  if (parsed.success) return parsed.data;
  throw new Invalid('message-template.address', 'There can be no such template.', {
    fields: parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })),
  });
}
