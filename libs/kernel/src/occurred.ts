import { z } from 'zod';
import { instantSchema, zonedTimeSchema, type ZonedTime } from './zoned-time.js';

/**
 * When something happened in the clinic, and how exactly that is known. `instant` orders folds. `time` keeps the wall
 * time, zone and tz-database version where the thing happened at a site.
 */
export const occurredSchema = z.strictObject({
  instant: instantSchema,
  /** `instant`: known to the minute; `day`: only the day, `instant` is local midnight; `derived`; `unknown`. */
  precision: z.enum(['instant', 'day', 'derived', 'unknown']),
  time: zonedTimeSchema.optional(),
});
export type Occurred = z.infer<typeof occurredSchema>;

export const occurredAt = (time: ZonedTime, precision: Occurred['precision'] = 'instant'): Occurred => ({
  instant: time.instant,
  precision,
  time,
});

/** For what has no time of its own: the moment the system learned of it. */
export const occurredNow = (now: string, precision: Occurred['precision'] = 'instant'): Occurred => ({
  instant: now,
  precision,
});
