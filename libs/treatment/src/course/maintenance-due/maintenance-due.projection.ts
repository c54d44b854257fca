import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, WallTime } from '#libs/kernel/src/zoned-time.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { PROTOCOL_EVENTS } from '../../protocol/protocol.events.js';
import { SiteImportedMaintenanceReleased } from '../../site/site.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { COURSE_EVENTS } from '../course.events.js';
import { COURSE_ROWS_DDL, COURSE_ROWS_OF, CourseRows } from '../course-rows.js';
import { bookedSessions, type PlannedCourse } from '../course.state.js';
import { PERSON_END_TYPES, PERSON_ENDS_DDL, PersonEnds } from './person-ends.js';
import { PERSON_RHYTHMS_DDL, PersonRhythms } from './person-rhythms.js';

export const MAINTENANCE_DUE = { name: 'maintenance_due', version: 6 } as const;

/** A booked maintenance session. */
export interface BookedMaintenance {
  readonly sessionId: Id;
  readonly at: WallTime;
  readonly instant: Instant;
}

/**
 * The maintenance window of each course, what is booked in it, and what ends it. What a window is on a day is for the
 * query to say.
 */
export class MaintenanceDueProjection implements Projection {
  readonly name = MAINTENANCE_DUE.name;
  readonly version = MAINTENANCE_DUE.version;
  readonly ddl = `${COURSE_ROWS_DDL}
    -- One that a physician is still to set stands at its last day.
    create index course_window on course (chain, (coalesce(window_opens, window_latest)), id)
      where coalesce(window_opens, window_latest) is not null;
    create index course_site_window on course (chain, site_id, (coalesce(window_opens, window_latest)), id)
      where coalesce(window_opens, window_latest) is not null;
    ${PERSON_ENDS_DDL}
    ${PERSON_RHYTHMS_DDL}
    -- When staff of a site last let the first messages of imported maintenance go; an instant as text.
    create table site_release (
      chain integer not null, site_id uuid not null, released_at text collate "C" not null, primary key (chain, site_id)
    );`;
  readonly rowsOf = {
    ...COURSE_ROWS_OF,
    person_end: { patient: 'id' },
    decline: 'withheld',
    person_rhythm: { through: { table: 'course', column: 'id', key: 'course_id' } },
    site_release: 'staff',
  } as const;
  readonly types: ReadonlySet<string> = new Set([
    ...[...COURSE_EVENTS, ...PROTOCOL_EVENTS, SiteImportedMaintenanceReleased].map(({ type }) => type),
    ...PERSON_END_TYPES,
  ]);

  private readonly rows = new CourseRows();
  private readonly ends = new PersonEnds();
  private readonly rhythms = new PersonRhythms();

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as readonly SealedEvent<TreatmentEvent>[];
    const courses = await this.rows.fold(tx, chain, page);
    const waiting = new Set((await this.rows.publish(tx, chain, page)).filter((id) => !courses.has(id)));
    for (const [id, course] of await this.rows.load(tx, chain, waiting)) courses.set(id, course);
    const protocolOf = await this.rows.protocolsOf(tx, chain, courses.values());
    await this.rows.save(tx, chain, courses, protocolOf, (course) => ({ booked: bookedMaintenance(course) }));
    const regrouped = await this.ends.apply(tx, chain, events);
    await this.rhythms.apply(tx, chain, events, courses, regrouped);
    await noteReleases(tx, chain, page);
  }
}

async function noteReleases(tx: Queryable, chain: Chain, page: readonly SealedEvent<TreatmentEvent>[]): Promise<void> {
  const releasedAt = new Map<Id, Instant>();
  for (const event of page) {
    if (event.type === SiteImportedMaintenanceReleased.type) releasedAt.set(event.data.siteId, event.recordedAt);
  }
  if (releasedAt.size === 0) return;
  await tx.query(
    `insert into site_release (chain, site_id, released_at) select $1, * from unnest($2::uuid[], $3::text[])
     on conflict (chain, site_id) do update set released_at = excluded.released_at`,
    [chain.no, [...releasedAt.keys()], [...releasedAt.values()]],
  );
}

export const bookedMaintenance = (course: PlannedCourse): BookedMaintenance[] =>
  bookedSessions(course)
    .filter(({ kind }) => kind === 'maintenance')
    .flatMap(({ sessionId, bookedFor }) =>
      bookedFor ? [{ sessionId, at: bookedFor.wall, instant: bookedFor.instant }] : [],
    )
    .sort((a, b) => (a.instant < b.instant ? -1 : 1));
