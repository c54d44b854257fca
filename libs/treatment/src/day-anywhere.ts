import type { Occurred } from '#libs/kernel/src/occurred.js';
import { type Instant, localDateAt, type LocalDate } from '#libs/kernel/src/zoned-time.js';

/**
 * Days of what happens to a person rather than at a site: there is no zone to tell them by, so a bound is taken where it
 * is widest.
 */

/** The latest day that any clock shows at an instant: what lies after it is still to come everywhere. */
export const latestDayAt = (instant: Instant): LocalDate => localDateAt(instant, 'Pacific/Kiritimati');

/** The earliest day that any clock shows at an instant: what lies before it is over everywhere. */
export const earliestDayAt = (instant: Instant): LocalDate => localDateAt(instant, 'Etc/GMT+12');

/** What happened on a day, without a place: its instant is midnight UTC. */
export const occurredOnDay = (day: LocalDate): Occurred => ({ instant: `${day}T00:00:00.000Z`, precision: 'day' });
