import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { zoneSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const siteStream = (siteId: string) => `site-${siteId}`;

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day as HH:MM');

/** No message leaves between these times of the recipient's day; a window may go past midnight. */
export const quietHoursSchema = z
  .strictObject({ from: clockTime, to: clockTime })
  // The same time twice could mean never or always.
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'another time than `from`' });
export type QuietHours = z.infer<typeof quietHoursSchema>;

/** The chain's own choice, until a site sets its hours. */
export const QUIET_HOURS_DEFAULT: QuietHours = { from: '21:00', to: '08:00' };

export const SiteRegistered = eventType('SiteRegistered', {
  schema: z.strictObject({
    siteId: z.uuid(),
    name: z.string().min(1),
    timeZone: zoneSchema,
    /** BCP 47, for example `tr`. */
    language: z.string().min(2),
    quietHours: quietHoursSchema,
  }),
});

export const SiteQuietHoursSet = eventType('SiteQuietHoursSet', {
  schema: z.strictObject({ siteId: z.uuid(), quietHours: quietHoursSchema }),
});

/** Staff have looked through the maintenance that an import left overdue, and let its first messages go. */
export const SiteImportedMaintenanceReleased = eventType('SiteImportedMaintenanceReleased', {
  schema: z.strictObject({ siteId: z.uuid() }),
});

export const SITE_EVENTS = [SiteRegistered, SiteQuietHoursSet, SiteImportedMaintenanceReleased] as const;
export type SiteEvent = EventOf<(typeof SITE_EVENTS)[number]>;
