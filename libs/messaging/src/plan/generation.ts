import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { OpenSession } from '#libs/treatment/src/streams.contract.js';
import type { CourseTimeline } from './course-timeline.js';
import type { PlanContext } from './desired-message.js';
import type { PersonStanding } from './person-standing.js';
import { later, NEVER, type Told } from './told.js';

/**
 * Generations: which telling of one and the same thing a message is. They follow from events alone, and rise with each
 * one that changes what the patient must be told, so that every process comes to the same key.
 */

const retold = (timeline: CourseTimeline, sessionId: string) =>
  timeline.retold[sessionId] ?? { ahead: NEVER, after: NEVER };

/** Ahead of a session: how often its time was set anew, by bookings, by corrections, and by the patient's return. */
export const generationAhead = (
  timeline: CourseTimeline,
  { sessionId, bookings }: OpenSession,
  { back }: PersonStanding,
): number => bookings - 1 + retold(timeline, sessionId).ahead.times + back.times;

/** What was due before this is not told: nobody knew of it, or it was told otherwise. */
export const sinceAhead = (
  timeline: CourseTimeline,
  { sessionId }: OpenSession,
  { back }: PersonStanding,
  booked: Instant,
): Instant => later(later(booked, retold(timeline, sessionId).ahead.recordedAt), back.recordedAt);

/** After a session: how often a correction changed when it ended. */
export const generationAfter = (timeline: CourseTimeline, sessionId: string, { alive }: PersonStanding): number =>
  retold(timeline, sessionId).after.times + alive.times;

/** When that was last; undefined where nothing was told otherwise. */
export function changedAfter(
  timeline: CourseTimeline,
  sessionId: string,
  { alive }: PersonStanding,
): Instant | undefined {
  const { recordedAt } = retold(timeline, sessionId).after;
  return recordedAt === undefined ? alive.recordedAt : later(recordedAt, alive.recordedAt);
}

/** Around a window: how often it came back since it was proposed. */
export function toldOfWindow(
  { freed, reopened }: CourseTimeline,
  { person, rhythmBack = NEVER }: Pick<PlanContext, 'person' | 'rhythmBack'>,
): Told {
  const all = [freed, reopened, person.back, rhythmBack];
  return {
    times: all.reduce((sum, { times }) => sum + times, 0),
    recordedAt: all
      .flatMap(({ recordedAt }) => recordedAt ?? [])
      .sort()
      .at(-1),
  };
}
