import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { SITE_DAY } from './site-day.projection.js';

/** The courses that have a session booked for later than an instant, as the read model shows them; in order of their ids. */
export async function coursesWithSessionsAfter(db: Queryable, chain: Chain, instant: Instant): Promise<Id[]> {
  const { rows } = await db.query<{ course_id: Id }>(
    `select distinct course_id from ${schemaOf(SITE_DAY)}.session
     where chain = $1 and status = 'booked' and instant > $2 order by course_id`,
    [chain.no, instant],
  );
  return rows.map((row) => row.course_id);
}
