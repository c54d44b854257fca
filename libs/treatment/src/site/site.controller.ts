import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema, queryOf } from '#libs/http/src/validation.js';
import {
  messageRulesSchema,
  registerSiteSchema,
  setLegalRulesSchema,
  setOpeningHoursSchema,
  setQuietHoursSchema,
  setRecallRulesSchema,
  setRetentionRulesSchema,
} from './site.commands.js';
import type { LegalRules, RetentionRules } from './site.events.js';
import {
  RegisterSite,
  ReleaseImportedMaintenance,
  SetLegalRules,
  SetOpeningHours,
  SetQuietHours,
  SetRecallRules,
  SetRetentionRules,
} from './site.handlers.js';
import { SiteService } from './site.service.js';

@ApiTags('sites')
@Controller('v1/sites')
export class SiteController {
  constructor(
    private readonly bus: CommandBus,
    private readonly sites: SiteService,
  ) {}

  @Post()
  @CommandEndpoint({ id: 'registerSite', may: 'chain.write', at: 'chain', summary: 'Register a site', creates: true })
  register(
    @Meta() meta: CommandMeta,
    @Body({ schema: registerSiteSchema }) data: z.infer<typeof registerSiteSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RegisterSite(meta, data, undefined));
  }

  @Put(':site/quiet-hours')
  @CommandEndpoint({
    id: 'setQuietHours',
    may: 'site.write',
    at: 'path.site',
    summary: 'Set the hours in which no message leaves',
  })
  setQuietHours(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: setQuietHoursSchema }) data: z.infer<typeof setQuietHoursSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetQuietHours(meta, data, { site }));
  }

  @Put(':site/opening-hours')
  @CommandEndpoint({
    id: 'setOpeningHours',
    may: 'site.write',
    at: 'path.site',
    summary: 'Set when somebody is there',
    description:
      'Spans of each day of the week by the clock of the site, and days on which it is closed. Messages that ask a patient to call go in these hours, and times are proposed in them.',
  })
  setOpeningHours(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: setOpeningHoursSchema }) data: z.infer<typeof setOpeningHoursSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetOpeningHours(meta, data, { site }));
  }

  @Put(':site/recall-rules')
  @CommandEndpoint({
    id: 'setRecallRules',
    may: 'site.write',
    at: 'path.site',
    summary: 'Set how patients are invited to come again',
    description:
      'How many invitations a patient gets within so many days, and whether times are proposed for maintenance: capacity, days ahead, hours for which a time is held, tries, and who confirms.',
  })
  setRecallRules(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: setRecallRulesSchema }) data: z.infer<typeof setRecallRulesSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetRecallRules(meta, data, { site }));
  }

  @Get(':site/message-rules')
  @QueryEndpoint({
    id: 'getMessageRules',
    may: 'chain.read',
    at: 'path.site',
    summary: 'Opening hours and the rules for invitations, as they are in force now',
    description: 'Opening hours are null, and invitations limited to two in a week, where the site has set nothing.',
    answer: messageRulesSchema,
    reads: [],
  })
  messageRules(
    @InChain() chain: Chain,
    @Param('site') site: string,
    @Query({ schema: queryOf({}) }) _params: object,
  ): Promise<z.infer<typeof messageRulesSchema>> {
    return this.sites.messageRules(chain, site);
  }

  @Put(':site/legal-rules')
  @CommandEndpoint({
    id: 'setLegalRules',
    may: 'chain.write',
    at: 'chain',
    summary: "Set what the law of the site's country asks for",
    description:
      'Days for the report of an adverse event to the authority, by severity, and the age from which a person signs for themselves. They are in force from now on; deadlines that were given before stay.',
  })
  setLegalRules(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: setLegalRulesSchema }) data: z.infer<typeof setLegalRulesSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetLegalRules(meta, data, { site }));
  }

  @Get(':site/legal-rules')
  @QueryEndpoint({
    id: 'getLegalRules',
    may: 'chain.read',
    at: 'path.site',
    summary: "What the law of the site's country asks for, as it is in force now",
    description: 'The defaults, where the site has set nothing: reports after 1, 15 and 30 days, and the age of 18.',
    answer: setLegalRulesSchema,
    reads: [],
  })
  legalRules(
    @InChain() chain: Chain,
    @Param('site') site: string,
    @Query({ schema: queryOf({}) }) _params: object,
  ): Promise<LegalRules> {
    return this.sites.legalRules(chain, site);
  }

  @Put(':site/retention-rules')
  @CommandEndpoint({
    id: 'setRetentionRules',
    summary: 'Set for how long records of patients are kept',
    description:
      'Years after the last day on which a patient was seen, and for whoever was under age then, after they come of age. Before they have passed, nobody is erased.',
    may: 'chain.write',
    at: 'chain',
  })
  setRetentionRules(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: setRetentionRulesSchema }) data: RetentionRules,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetRetentionRules(meta, data, { site }));
  }

  @Get(':site/retention-rules')
  @QueryEndpoint({
    id: 'getRetentionRules',
    summary: 'For how long records of patients are kept, as it is in force now',
    description: 'The defaults, where the site has set nothing: 20 years, and 10 after coming of age.',
    answer: setRetentionRulesSchema,
    reads: [],
    may: 'chain.read',
    at: 'path.site',
  })
  retentionRules(
    @InChain() chain: Chain,
    @Param('site') site: string,
    @Query({ schema: queryOf({}) }) _params: object,
  ): Promise<RetentionRules> {
    return this.sites.retentionRules(chain, site);
  }

  @Post(':site/release-imported-maintenance')
  @CommandEndpoint({
    id: 'releaseImportedMaintenance',
    may: 'site.write',
    at: 'path.site',
    summary: 'Let the first messages of imported, overdue maintenance go',
  })
  releaseImportedMaintenance(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: emptyBodySchema }) _data: unknown,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReleaseImportedMaintenance(meta, {}, { site }));
  }
}
