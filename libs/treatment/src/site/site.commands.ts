import { zoneSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import {
  legalRulesSchema,
  openingHoursSchema,
  quietHoursSchema,
  recallRulesSchema,
  retentionRulesSchema,
} from './site.events.js';

export const codeSchema = z.string().trim().min(1).max(100);

export const registerSiteSchema = z
  .strictObject({
    code: codeSchema.optional(),
    name: z.string().trim().min(1).max(200),
    timeZone: zoneSchema,
    language: z.string().min(2).max(35),
    quietHours: quietHoursSchema.optional(),
  })
  .meta({ id: 'RegisterSite' });

export const setQuietHoursSchema = quietHoursSchema.meta({ id: 'SetQuietHours' });

export const setLegalRulesSchema = legalRulesSchema.meta({ id: 'LegalRules' });

export const setOpeningHoursSchema = openingHoursSchema.meta({ id: 'SetOpeningHours' });

export const setRecallRulesSchema = recallRulesSchema.meta({ id: 'SetRecallRules' });

export const setRetentionRulesSchema = retentionRulesSchema.meta({ id: 'RetentionRules' });

export const messageRulesSchema = z
  .strictObject({ openingHours: openingHoursSchema.nullable(), recall: recallRulesSchema })
  .meta({ id: 'MessageRules' });

export const releaseImportedMaintenanceSchema = z.strictObject({}).meta({ id: 'ReleaseImportedMaintenance' });
