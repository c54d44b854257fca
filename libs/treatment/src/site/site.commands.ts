import { zoneSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { quietHoursSchema } from './site.events.js';

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

export const releaseImportedMaintenanceSchema = z.strictObject({}).meta({ id: 'ReleaseImportedMaintenance' });
