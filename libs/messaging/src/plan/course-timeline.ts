import type { AppendContext } from '#libs/event-store/src/event-store.js';
import { changesHistory, type EffectiveEvent, effectiveHistory } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import {
  type CourseEvent,
  courseFold,
  type CourseSession,
  type CourseState,
  type CourseStreamEvent,
  type OpenSession,
  performedSessions,
  type PlannedCourse,
} from '#libs/treatment/src/streams.contract.js';
import { again, NEVER, type Told } from './told.js';

type Origin = AppendContext['origin'];

/** When we learned of something, and whether from an old history. */
export interface Learned {
  readonly recordedAt: Instant;
  readonly origin: Origin;
}

/**
 * A course with what messages need beyond its state: when we learned what. Nothing that was due before we knew of it is
 * planned, however late it is looked at again.
 */
export interface CourseTimeline {
  readonly course: CourseState;
  /** By session: when its present booking was recorded. */
  readonly booked: Readonly<Record<string, Learned>>;
  /** By session: when its performance was recorded. */
  readonly performed: Readonly<Record<string, Learned>>;
  /** The present proposal of maintenance: when it was made, and what the newest event that it rests on came from. */
  readonly proposed: Learned | undefined;
  /**
   * How often, since the proposal, a booked maintenance session fell away or the patient wanted maintenance again, and
   * when last: the patient is told again.
   */
  readonly freed: Told;
  /** Where the newest event that moves maintenance windows came from. */
  readonly windowOrigin: Origin;
  /** By session: how often corrections changed what its patient must be told. */
  readonly retold: Readonly<Record<string, Retold>>;
  /** How often a correction brought maintenance back that had ended. */
  readonly reopened: Told;
  /** When corrections moved the beginning of the treatment, each time from where and to where. */
  readonly rebegun: readonly Rebegun[];
}

/** The first performed course session as it was known before a correction and after it; undefined: none. */
export interface Rebegun {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  readonly recordedAt: Instant;
}

/** What corrections changed about a session, ahead of it and after it. */
export interface Retold {
  readonly ahead: Told;
  readonly after: Told;
}

/** A course that was planned. */
export type PlannedTimeline = CourseTimeline & { readonly course: PlannedCourse };

const initial: CourseTimeline = {
  course: courseFold.initial,
  booked: {},
  performed: {},
  proposed: undefined,
  freed: NEVER,
  windowOrigin: 'live',
  retold: {},
  reopened: NEVER,
  rebegun: [],
};

/** Of a history with corrections applied; what they changed is not in it (see `timelineOf`). */
export const timelineFold = { initial, evolve };

/**
 * The timeline of a course by its events as they were recorded, corrections beside what they change.
 * @param events the whole stream, in its order
 */
export function timelineOf(events: readonly RecordedEvent<CourseStreamEvent>[]): CourseTimeline {
  const timeline = effective(events).reduce(evolve, initial);
  const { proposed } = timeline;
  if (!events.some(({ type }) => changesHistory(type))) return timeline;
  return { ...timeline, ...retellings(events), proposed: proposed && { ...proposed, origin: originOfWindow(events) } };
}

const MOVES_WINDOWS: ReadonlySet<string> = new Set(['SessionPerformed', 'CourseCompleted', 'MaintenanceScheduled']);

/** What the last proposal rests on: an old history that somebody has corrected since is as new as the correction. */
function originOfWindow(events: readonly RecordedEvent<CourseStreamEvent>[]): Origin {
  const proposedAt = events.findLastIndex(({ type }) => type === 'MaintenanceProposed');
  const moved = events.slice(0, proposedAt).findLast(({ type }) => MOVES_WINDOWS.has(type) || changesHistory(type));
  return moved?.header.origin ?? 'live';
}

const effective = (events: readonly RecordedEvent<CourseStreamEvent>[]) =>
  effectiveHistory(events as readonly RecordedEvent[]) as unknown as readonly EffectiveEvent<
    RecordedEvent<CourseEvent>
  >[];

export const isPlanned = (timeline: CourseTimeline): timeline is PlannedTimeline => timeline.course.status !== 'none';

function evolve(timeline: CourseTimeline, event: RecordedEvent<CourseEvent>): CourseTimeline {
  const course = courseFold.evolve(timeline.course, event);
  const learned: Learned = { recordedAt: event.recordedAt, origin: event.header.origin };
  const next = { ...timeline, course };
  switch (event.type) {
    case 'SessionBooked':
    case 'SessionRescheduled':
      return { ...next, booked: { ...timeline.booked, [event.data.sessionId]: learned } };
    case 'SessionPerformed': {
      const performed = { ...timeline.performed, [event.data.sessionId]: learned };
      return { ...next, performed, windowOrigin: learned.origin };
    }
    case 'CourseCompleted': {
      // A completion that was taken back had its proposal already.
      const isAnew = timeline.course.status !== 'none' && timeline.course.proposal !== undefined;
      return {
        ...next,
        windowOrigin: learned.origin,
        freed: isAnew ? again(timeline.freed, event.recordedAt) : timeline.freed,
      };
    }
    case 'SessionMissed':
    case 'SessionCancelled': {
      if (!wasBookedMaintenance(timeline.course, event.data.sessionId)) return next;
      return { ...next, freed: again(timeline.freed, event.recordedAt) };
    }
    case 'MaintenanceProposed':
      return {
        ...next,
        proposed: { recordedAt: event.recordedAt, origin: timeline.windowOrigin },
        freed: initial.freed,
      };
    case 'MaintenanceScheduled':
      return { ...next, windowOrigin: learned.origin };
    case 'MaintenanceResumed': {
      const wasDeclined = timeline.course.status !== 'none' && timeline.course.maintenanceDeclined;
      return wasDeclined ? { ...next, freed: again(timeline.freed, event.recordedAt) } : next;
    }
    case 'CoursePlanned':
    case 'CoursePlanChanged':
    case 'CourseConsultationRenewed':
    case 'SessionProductsPlanned':
    case 'SessionHeld':
    case 'SessionHoldDecided':
    case 'SessionReviewed':
    case 'FollowUpHeld':
    case 'LastingReactionJudged':
    case 'CourseStopped':
    case 'CourseLapsed':
    case 'MaintenanceDeclined':
      return next;
  }
}

/** Whether messages ahead of a session may go, as far as course and session say it. */
export function isAhead(course: PlannedCourse, session: CourseSession): session is OpenSession {
  // Only maintenance goes on after a course is completed.
  const goesOn = course.status === 'active' || (course.status === 'completed' && session.kind === 'maintenance');
  return session.status === 'booked' && goesOn;
}

/** What a patient is told of a session follows from this; null: nothing. */
const toldAhead = (course: PlannedCourse, session: CourseSession): string | null =>
  isAhead(course, session) ? `${session.bookedFor?.instant} ${session.bookedFor?.zone} ${session.bookings}` : null;

/** A corrected pain score or volume does not change it; a corrected time does. */
const toldAfter = (session: CourseSession): string | null =>
  session.status === 'performed'
    ? `${session.endedAt?.instant ?? `${session.at.instant} ${session.durationMinutes}`} ${session.at.zone}`
    : null;

/**
 * What each correction changed of what patients are told: the course as it was known before it is held against the
 * course as it is known with it.
 */
function retellings(
  events: readonly RecordedEvent<CourseStreamEvent>[],
): Pick<CourseTimeline, 'retold' | 'reopened' | 'rebegun'> {
  const retold: Record<string, Retold> = {};
  const rebegun: Rebegun[] = [];
  let reopened = NEVER;
  events.forEach((event, n) => {
    if (!changesHistory(event.type)) return;
    const [before, after] = [courseAt(events.slice(0, n)), courseAt(events.slice(0, n + 1))];
    if (before.status === 'none' || after.status === 'none') return;
    if (!isMaintained(before) && isMaintained(after)) reopened = again(reopened, event.recordedAt);
    const [from, to] = [treatmentBegan(before), treatmentBegan(after)];
    if (from !== to) rebegun.push({ from, to, recordedAt: event.recordedAt });
    for (const was of before.sessions) {
      const is = after.sessions.find(({ sessionId }) => sessionId === was.sessionId);
      const known = retold[was.sessionId] ?? { ahead: NEVER, after: NEVER };
      retold[was.sessionId] = {
        ahead: retoldAhead(known.ahead, [before, was], is && [after, is], event.recordedAt),
        after: retoldAfter(known.after, was, is, event.recordedAt),
      };
    }
  });
  return { retold, reopened, rebegun };
}

const isMaintained = (course: PlannedCourse): boolean =>
  course.status === 'completed' && !course.maintenanceDeclined && performedSessions(course, 'course').length > 0;

type InCourse = readonly [course: PlannedCourse, session: CourseSession];

function retoldAhead(known: Told, was: InCourse, is: InCourse | undefined, recordedAt: Instant): Told {
  const told = is ? toldAhead(...is) : null;
  if (!is || told === null || told === toldAhead(...was)) return known;
  // A booking that is taken back lowers the number of bookings, and the generation must rise all the same.
  return again(known, recordedAt, was[1].bookings - is[1].bookings + 1);
}

function retoldAfter(known: Told, was: CourseSession, is: CourseSession | undefined, recordedAt: Instant): Told {
  const told = toldAfter(was);
  const isSame = told === null || (is !== undefined && told === toldAfter(is));
  return isSame ? known : again(known, recordedAt);
}

const courseAt = (events: readonly RecordedEvent<CourseStreamEvent>[]): CourseState =>
  effective(events).reduce<CourseState>((state, event) => courseFold.evolve(state, event), courseFold.initial);

const wasBookedMaintenance = (course: CourseState, sessionId: string): boolean =>
  course.status !== 'none' &&
  course.sessions.some(
    (session) => session.sessionId === sessionId && session.kind === 'maintenance' && session.status === 'booked',
  );

/** The instant at which the course's treatment began; undefined before its first performed session. */
export const treatmentBegan = (course: PlannedCourse): Instant | undefined =>
  performedSessions(course, 'course')[0]?.at.instant;

/** A maintenance session that is booked and neither performed, missed nor cancelled. */
export const bookedMaintenance = (course: PlannedCourse) =>
  course.sessions.find((session) => session.kind === 'maintenance' && session.status === 'booked');
