import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { registerSiteSchema } from './site.commands.js';
import type { LegalRules, OpeningHours, QuietHours, RecallRules, RetentionRules } from './site.events.js';
import { SiteService } from './site.service.js';

export class RegisterSite extends CommandOf<z.infer<typeof registerSiteSchema>> {}
export class SetQuietHours extends CommandOf<QuietHours, { site: string }> {}
export class SetLegalRules extends CommandOf<LegalRules, { site: string }> {}
export class SetOpeningHours extends CommandOf<OpeningHours, { site: string }> {}
export class SetRecallRules extends CommandOf<RecallRules, { site: string }> {}
export class SetRetentionRules extends CommandOf<RetentionRules, { site: string }> {}
export class ReleaseImportedMaintenance extends CommandOf<object, { site: string }> {}

export const SITE_HANDLERS = [
  handle(RegisterSite, SiteService, (sites, { meta, data }) => sites.register(meta, data)),
  handle(SetQuietHours, SiteService, (sites, { meta, target, data }) => sites.setQuietHours(meta, target.site, data)),
  handle(SetLegalRules, SiteService, (sites, { meta, target, data }) => sites.setLegalRules(meta, target.site, data)),
  handle(SetOpeningHours, SiteService, (sites, { meta, target, data }) =>
    sites.setOpeningHours(meta, target.site, data),
  ),
  handle(SetRecallRules, SiteService, (sites, { meta, target, data }) => sites.setRecallRules(meta, target.site, data)),
  handle(SetRetentionRules, SiteService, (sites, { meta, target, data }) =>
    sites.setRetentionRules(meta, target.site, data),
  ),
  handle(ReleaseImportedMaintenance, SiteService, (sites, { meta, target }) =>
    sites.releaseImportedMaintenance(meta, target.site),
  ),
];
