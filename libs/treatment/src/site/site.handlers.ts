import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { registerSiteSchema } from './site.commands.js';
import type { QuietHours } from './site.events.js';
import { SiteService } from './site.service.js';

export class RegisterSite extends CommandOf<z.infer<typeof registerSiteSchema>> {}
export class SetQuietHours extends CommandOf<QuietHours, { site: string }> {}
export class ReleaseImportedMaintenance extends CommandOf<object, { site: string }> {}

export const SITE_HANDLERS = [
  handle(RegisterSite, SiteService, (sites, { meta, data }) => sites.register(meta, data)),
  handle(SetQuietHours, SiteService, (sites, { meta, target, data }) => sites.setQuietHours(meta, target.site, data)),
  handle(ReleaseImportedMaintenance, SiteService, (sites, { meta, target }) =>
    sites.releaseImportedMaintenance(meta, target.site),
  ),
];
