import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, WallTime, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { CourseEvent, PlannedProduct, UsedProduct } from '../../course/course.events.js';

/** A session that may still be held: what it is planned with, where, when and by whom. */
export interface OpenSession {
  readonly sessionId: Id;
  readonly siteId: Id;
  readonly practitionerId: Id;
  readonly wall: WallTime;
  readonly instant: Instant;
  /** False once it was missed or cancelled, until it is booked anew. */
  readonly isBooked: boolean;
  readonly products: readonly PlannedProduct[];
}

/** What must be remembered of a course until its next event. Sessions that were performed stand in rows, and only there. */
export interface TracedCourse {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly open: readonly OpenSession[];
}

/** A lot in a session: one row, however many areas it went into. */
export interface LotUse {
  readonly sessionId: Id;
  readonly product: string;
  readonly lotNumber: string;
  /** Not performed yet. */
  readonly planned: boolean;
  readonly siteId: Id;
  readonly practitionerId: Id;
  readonly courseId: Id;
  readonly patientId: Id;
  readonly wall: WallTime;
  readonly instant: Instant;
  /** In microlitres; of areas whose volume nobody wrote down nothing is in it. */
  readonly volumeUl: number;
  /** False where a volume was not written down. */
  readonly isVolumeKnown: boolean;
}

/** How a course reads after an event, and the rows of the sessions that the event is about, in the place of those before. */
export interface CourseStep {
  readonly course: TracedCourse;
  readonly rows: ReadonlyMap<Id, readonly LotUse[]>;
}

const NONE: ReadonlyMap<Id, readonly LotUse[]> = new Map();

/**
 * What an event of a course says of the lots in its sessions. Pure. Events that say nothing of them change nothing.
 * @param course undefined before its first event
 */
export function stepOf(course: TracedCourse | undefined, event: CourseEvent): CourseStep | undefined {
  switch (event.type) {
    case 'SessionBooked': {
      const { courseId, patientId, sessionId, siteId, practitionerId, at, products = [] } = event.data;
      const session = { sessionId, siteId, practitionerId, ...timeOf(at), isBooked: true, products };
      return changed(course ?? { courseId, patientId, open: [] }, session);
    }
    case 'SessionRescheduled': {
      const { siteId, practitionerId, at } = event.data;
      return ofSession(course, event.data.sessionId, (session) => ({
        ...session,
        siteId,
        practitionerId,
        ...timeOf(at),
        isBooked: true,
      }));
    }
    case 'SessionZoneRulesApplied': {
      const { sessionId, at } = event.data;
      return ofSession(course, sessionId, (session) => ({ ...session, ...timeOf(at) }));
    }
    case 'SessionProductsPlanned': {
      const { products } = event.data;
      return ofSession(course, event.data.sessionId, (session) => ({ ...session, products }));
    }
    case 'SessionMissed':
    case 'SessionCancelled':
      return ofSession(course, event.data.sessionId, (session) => ({ ...session, isBooked: false }));
    case 'SessionPerformed':
      return performed(course, event.data);
    case 'CourseStopped':
    case 'CourseLapsed':
      return course && ended(course);
    default:
      // Follow-ups, plans, holds and maintenance use no lot.
      return undefined;
  }
}

const timeOf = ({ wall, instant }: ZonedTime) => ({ wall, instant });

function changed(course: TracedCourse, session: OpenSession): CourseStep {
  const others = course.open.filter(({ sessionId }) => sessionId !== session.sessionId);
  return {
    course: { ...course, open: [...others, session] },
    rows: new Map([[session.sessionId, plannedUse(course, session)]]),
  };
}

function ofSession(
  course: TracedCourse | undefined,
  sessionId: Id,
  change: (session: OpenSession) => OpenSession,
): CourseStep | undefined {
  const session = course?.open.find((each) => each.sessionId === sessionId);
  return course && session && changed(course, change(session));
}

function performed(
  course: TracedCourse | undefined,
  data: Extract<CourseEvent, { type: 'SessionPerformed' }>['data'],
): CourseStep {
  const { courseId, patientId, sessionId, siteId, practitionerId, at, products } = data;
  const known = course ?? { courseId, patientId, open: [] };
  const place = { sessionId, planned: false, siteId, practitionerId, courseId, patientId, ...timeOf(at) };
  return {
    course: { ...known, open: known.open.filter((each) => each.sessionId !== sessionId) },
    rows: new Map([[sessionId, lotsOf(products).map((lot) => ({ ...place, ...lot }))]]),
  };
}

/** Nothing more is done in a course that was stopped or has lapsed. */
function ended(course: TracedCourse): CourseStep {
  const rows = new Map(course.open.map(({ sessionId }): [Id, LotUse[]] => [sessionId, []]));
  return { course: { ...course, open: [] }, rows: rows.size === 0 ? NONE : rows };
}

function plannedUse({ courseId, patientId }: TracedCourse, session: OpenSession): LotUse[] {
  if (!session.isBooked) return [];
  const { sessionId, siteId, practitionerId, wall, instant } = session;
  const place = { sessionId, planned: true, siteId, practitionerId, courseId, patientId, wall, instant };
  const named = session.products.flatMap(({ product, lotNumber }) =>
    lotNumber === undefined ? [] : [{ product, lotNumber }],
  );
  return lotsOf(named).map((lot) => ({ ...place, ...lot }));
}

/** The lots of a list of products, each once. */
function lotsOf(products: readonly Pick<UsedProduct, 'product' | 'lotNumber' | 'volumeMl'>[]) {
  const lots = new Map<string, Pick<LotUse, 'product' | 'lotNumber' | 'volumeUl' | 'isVolumeKnown'>>();
  for (const { product, lotNumber, volumeMl } of products) {
    // U+0000 is in no stored text.
    const key = `${product}\0${lotNumber}`;
    const { volumeUl, isVolumeKnown } = lots.get(key) ?? { volumeUl: 0, isVolumeKnown: true };
    lots.set(key, {
      product,
      lotNumber,
      volumeUl: volumeUl + Math.round((volumeMl ?? 0) * 1_000),
      isVolumeKnown: isVolumeKnown && volumeMl !== undefined,
    });
  }
  return [...lots.values()];
}
