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
import { type Telling, tellAnew, UNTOLD } from './told.js';

type Origin = AppendContext['origin'];

/** When we learned of something, and whether from an old history. */
export interface Learned {
  readonly recordedAt: Instant;
  readonly origin: Origin;
}

/**
 * A course with what messages need beyond its state: when we learned what, and how often we would have told what. Nothing
 * that was due before we knew of it is planned, however late it is looked at again.
 *
 * What is told again is counted along the events as they were recorded, from one to the next, each with the history as
 * it was known by then. So the counts only rise, whatever is taken back later, and a key that was used and suppressed
 * does not come again.
 */
export interface CourseTimeline {
  readonly course: CourseState;
  /** By session: when its performance was recorded. */
  readonly performed: Readonly<Record<string, Learned>>;
  /** The present proposal of maintenance: when it was made, and what the newest event that it rests on came from. */
  readonly proposed: Learned | undefined;
  /** Where the newest event that moves maintenance windows came from. */
  readonly windowOrigin: Origin;
  /** By session: what its patient would be told ahead of it, and what after it. */
  readonly ahead: Readonly<Record<string, Telling>>;
  readonly after: Readonly<Record<string, Telling>>;
  /** Every window that was ever proposed, in order. */
  readonly proposals: readonly Proposed[];
  /** The course as it was known from event to event, where that may change its windows, or those of a former course. */
  readonly steps: readonly CourseStep[];
}

type Proposed = NonNullable<PlannedCourse['proposal']>;

/** A course as it was known from one event on. */
export interface CourseStep {
  readonly course: PlannedCourse;
  readonly began: Instant | undefined;
  readonly position: number;
  readonly recordedAt: Instant;
}

/** A course that was planned. */
export type PlannedTimeline = CourseTimeline & { readonly course: PlannedCourse };

const initial: CourseTimeline = {
  course: courseFold.initial,
  performed: {},
  proposed: undefined,
  windowOrigin: 'live',
  ahead: {},
  after: {},
  proposals: [],
  steps: [],
};

/** A course of which nothing is known. */
export const NO_TIMELINE = initial;

/**
 * The timeline of a course by its events as they were recorded, corrections beside what they change.
 * @param events the whole stream, in its order
 */
export function timelineOf(events: readonly RecordedEvent<CourseStreamEvent>[]): CourseTimeline {
  let timeline = initial;
  events.forEach((event, n) => {
    const { course: before } = timeline;
    if (changesHistory(event.type)) {
      const { ahead, after, proposals, steps } = timeline;
      const anew = effective(events.slice(0, n + 1)).reduce(evolve, initial);
      timeline = { ...anew, ahead, after, proposals, steps };
    } else {
      timeline = evolve(timeline, event as RecordedEvent<CourseEvent>);
    }
    timeline = tell(timeline, before, event);
  });
  const { proposed } = timeline;
  if (!proposed || !events.some(({ type }) => changesHistory(type))) return timeline;
  return { ...timeline, proposed: { ...proposed, origin: originOfWindow(events) } };
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
    case 'SessionPerformed': {
      const performed = { ...timeline.performed, [event.data.sessionId]: learned };
      return { ...next, performed, windowOrigin: learned.origin };
    }
    case 'CourseCompleted':
    case 'MaintenanceScheduled':
      return { ...next, windowOrigin: learned.origin };
    case 'MaintenanceProposed':
      return { ...next, proposed: { recordedAt: event.recordedAt, origin: timeline.windowOrigin } };
    default:
      return next;
  }
}

/** What an event changes of what is told; `before` is the course as it was known before it. */
function tell(timeline: CourseTimeline, before: CourseState, event: RecordedEvent<CourseStreamEvent>): CourseTimeline {
  const { course } = timeline;
  if (course.status === 'none') return timeline;
  const { position, recordedAt } = event;
  const known = before.status === 'none' ? undefined : before;
  let { ahead, after } = timeline;
  if (course.sessions !== known?.sessions || course.status !== known.status) {
    const byCorrection = changesHistory(event.type);
    ahead = tellSessions(ahead, course.sessions, recordedAt, byCorrection, (each) => toldAhead(course, each));
    after = tellSessions(after, course.sessions, recordedAt, byCorrection, toldAfter);
  }
  const { proposal } = course;
  const isProposed = event.type === 'MaintenanceProposed' && proposal !== undefined;
  const proposals = isProposed ? [...timeline.proposals, proposal] : timeline.proposals;
  const last = timeline.steps.at(-1);
  const began = course.sessions === last?.course.sessions ? last.began : treatmentBegan(course);
  const matters = [course.status, last?.course.status].includes('completed') || began !== last?.began;
  const steps = matters ? [...timeline.steps, { course, began, position, recordedAt }] : timeline.steps;
  return { ...timeline, ahead, after, proposals, steps };
}

type Tellings = Readonly<Record<string, Telling>>;

function tellSessions(
  tellings: Tellings,
  sessions: readonly CourseSession[],
  recordedAt: Instant,
  byCorrection: boolean,
  toldOf: (session: CourseSession) => ToldOfSession | null,
): Tellings {
  const told: Record<string, Telling> = { ...tellings };
  const present = new Map(sessions.map((session) => [session.sessionId, toldOf(session)]));
  // A session that was entered by mistake is no longer there, and may be entered again.
  for (const sessionId of new Set([...Object.keys(tellings), ...present.keys()])) {
    const telling = tellings[sessionId] ?? UNTOLD;
    const is = present.get(sessionId) ?? null;
    if (is !== null || telling.key !== null) told[sessionId] = tellAnew(telling, is, recordedAt, byCorrection);
  }
  return told;
}

/** Whether messages ahead of a session may go, as far as course and session say it. */
export function isAhead(course: PlannedCourse, session: CourseSession): session is OpenSession {
  // Only maintenance goes on after a course is completed.
  const goesOn = course.status === 'active' || (course.status === 'completed' && session.kind === 'maintenance');
  return session.status === 'booked' && goesOn;
}

type ToldOfSession = Parameters<typeof tellAnew>[1];

/** What a patient is told of a session follows from this; null: nothing. Each booking is a telling of its own. */
function toldAhead(course: PlannedCourse, session: CourseSession): ToldOfSession {
  if (!isAhead(course, session)) return null;
  // By the wall: newer rules of a zone move the instant, and what the patient was told stays true.
  const content = `${session.bookedFor?.wall} ${session.bookedFor?.zone} ${session.siteId}`;
  return { key: `${content} ${session.bookings}`, content };
}

/** A corrected pain score or volume does not change it; a corrected time does. */
function toldAfter(session: CourseSession): ToldOfSession {
  if (session.status !== 'performed') return null;
  const end = session.endedAt?.instant ?? `${session.at.instant} ${session.durationMinutes}`;
  const content = `${end} ${session.at.zone}`;
  return { key: content, content };
}

/** The instant at which the course's treatment began; undefined before its first performed session. */
export const treatmentBegan = (course: PlannedCourse): Instant | undefined =>
  performedSessions(course, 'course')[0]?.at.instant;

/** A maintenance session that is booked and neither performed, missed nor cancelled. */
export const bookedMaintenance = (course: PlannedCourse) =>
  course.sessions.find((session) => session.kind === 'maintenance' && session.status === 'booked');
