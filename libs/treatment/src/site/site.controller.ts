import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import { registerSiteSchema, setQuietHoursSchema } from './site.commands.js';
import { RegisterSite, ReleaseImportedMaintenance, SetQuietHours } from './site.handlers.js';

@ApiTags('sites')
@Controller('v1/sites')
export class SiteController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({ id: 'registerSite', summary: 'Register a site', creates: true })
  register(
    @Meta() meta: CommandMeta,
    @Body({ schema: registerSiteSchema }) data: z.infer<typeof registerSiteSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RegisterSite(meta, data, undefined));
  }

  @Put(':site/quiet-hours')
  @CommandEndpoint({ id: 'setQuietHours', summary: 'Set the hours in which no message leaves' })
  setQuietHours(
    @Meta() meta: CommandMeta,
    @Param('site') site: string,
    @Body({ schema: setQuietHoursSchema }) data: z.infer<typeof setQuietHoursSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetQuietHours(meta, data, { site }));
  }

  @Post(':site/release-imported-maintenance')
  @CommandEndpoint({
    id: 'releaseImportedMaintenance',
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
