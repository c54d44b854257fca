import type { AppendContext } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { dateOfWall, type Instant, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  type CourseEvent,
  courseFold,
  type CourseState,
  performedSessions,
  type PerformedSession,
  type PlannedCourse,
} from '#libs/treatment/src/streams.contract.js';

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
  /** How often a booked maintenance session fell away since the proposal, and when last: the patient is told again. */
  readonly freed: { readonly times: number; readonly recordedAt: Instant | undefined };
  /** Where the newest event that moves maintenance windows came from. */
  readonly windowOrigin: Origin;
}

/** A course that was planned. */
export type PlannedTimeline = CourseTimeline & { readonly course: PlannedCourse };

const initial: CourseTimeline = {
  course: courseFold.initial,
  booked: {},
  performed: {},
  proposed: undefined,
  freed: { times: 0, recordedAt: undefined },
  windowOrigin: 'live',
};

export const timelineFold = { initial, evolve };

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
    case 'CourseCompleted':
      return { ...next, windowOrigin: learned.origin };
    case 'SessionMissed':
    case 'SessionCancelled': {
      if (!wasBookedMaintenance(timeline.course, event.data.sessionId)) return next;
      return { ...next, freed: { times: timeline.freed.times + 1, recordedAt: event.recordedAt } };
    }
    case 'MaintenanceProposed':
      return {
        ...next,
        proposed: { recordedAt: event.recordedAt, origin: timeline.windowOrigin },
        freed: initial.freed,
      };
    case 'MaintenanceScheduled':
      return { ...next, windowOrigin: learned.origin };
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
    case 'MaintenanceResumed':
      return next;
  }
}

const wasBookedMaintenance = (course: CourseState, sessionId: string): boolean =>
  course.status !== 'none' &&
  course.sessions.some(
    (session) => session.sessionId === sessionId && session.kind === 'maintenance' && session.status === 'booked',
  );

/** The instant at which the course's treatment began; undefined before its first performed session. */
export const treatmentBegan = (course: PlannedCourse): Instant | undefined =>
  performedSessions(course, 'course')[0]?.at.instant;

/** Local date where the session took place. */
export const dateOf = (session: PerformedSession): LocalDate => dateOfWall(session.at.wall);

/** A maintenance session that is booked and neither performed, missed nor cancelled. */
export const bookedMaintenance = (course: PlannedCourse) =>
  course.sessions.find((session) => session.kind === 'maintenance' && session.status === 'booked');
