import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, WallTime } from '#libs/kernel/src/zoned-time.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { PROTOCOL_EVENTS } from '../../protocol/protocol.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { COURSE_EVENTS } from '../course.events.js';
import { COURSE_ROWS_DDL, CourseRows } from '../course-rows.js';
import { bookedSessions, type PlannedCourse } from '../course.state.js';

export const MAINTENANCE_DUE = { name: 'maintenance_due', version: 1 } as const;

/** A booked maintenance session. */
export interface BookedMaintenance {
  readonly sessionId: Id;
  readonly at: WallTime;
  readonly instant: Instant;
}

/** The maintenance window of each course, and what is booked in it. What a window is on a day is for the query to say. */
export class MaintenanceDueProjection implements Projection {
  readonly name = MAINTENANCE_DUE.name;
  readonly version = MAINTENANCE_DUE.version;
  readonly ddl = `${COURSE_ROWS_DDL}
    create index course_window on course (chain, window_opens, id) where window_opens is not null;
    create index course_site_window on course (chain, site_id, window_opens, id) where window_opens is not null;`;
  readonly types: ReadonlySet<string> = new Set([...COURSE_EVENTS, ...PROTOCOL_EVENTS].map(({ type }) => type));

  private readonly rows = new CourseRows();

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as readonly SealedEvent<TreatmentEvent>[];
    const courses = await this.rows.fold(tx, chain, page);
    const waiting = new Set((await this.rows.publish(tx, chain, page)).filter((id) => !courses.has(id)));
    for (const [id, course] of await this.rows.load(tx, chain, waiting)) courses.set(id, course);
    const protocolOf = await this.rows.protocolsOf(tx, chain, courses.values());
    await this.rows.save(tx, chain, courses, protocolOf, (course) => ({ booked: bookedMaintenance(course) }));
  }
}

const bookedMaintenance = (course: PlannedCourse): BookedMaintenance[] =>
  bookedSessions(course)
    .filter(({ kind }) => kind === 'maintenance')
    .flatMap(({ sessionId, bookedFor }) =>
      bookedFor ? [{ sessionId, at: bookedFor.wall, instant: bookedFor.instant }] : [],
    )
    .sort((a, b) => (a.instant < b.instant ? -1 : 1));
