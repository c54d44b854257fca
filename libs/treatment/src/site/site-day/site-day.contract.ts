import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { sessionKindSchema } from '../../course/course.events.js';
import { courseRefSchema, personSchema, siteRefSchema } from '../../shared.contract.js';

export const siteDaySessionSchema = z
  .strictObject({
    sessionId: z.uuid(),
    course: courseRefSchema,
    patient: personSchema,
    practitioner: personSchema,
    kind: sessionKindSchema,
    /** Counts from 1 within the kind. */
    number: z.int().positive(),
    status: z.enum(['booked', 'performed', 'missed', 'cancelled']),
    /** When it began; else when it is, or was, booked for. */
    at: wallTimeSchema,
    durationMinutes: z.int().nonnegative().nullable(),
  })
  .meta({ id: 'SiteDaySession' });
export type SiteDaySession = z.infer<typeof siteDaySessionSchema>;

/** The sessions of a site on one of its days, in the order of their times. */
export const siteDaySchema = z
  .strictObject({ site: siteRefSchema, date: localDateSchema, items: z.array(siteDaySessionSchema) })
  .meta({ id: 'SiteDay' });
export type SiteDay = z.infer<typeof siteDaySchema>;
