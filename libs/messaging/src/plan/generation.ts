import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { courseWindow, type PlannedCourse } from '#libs/treatment/src/streams.contract.js';
import { bookedMaintenance, type CourseTimeline } from './course-timeline.js';
import type { PlanContext } from './desired-message.js';
import type { PersonStanding } from './person-standing.js';
import { later, NEVER, type Told, UNTOLD } from './told.js';

/**
 * Generations: which telling of one and the same thing a message is. They follow from events alone, as they were
 * recorded, and only rise: with each event that changes what the patient must be told. So every process comes to the same
 * key, and a key that was used and suppressed does not come again.
 */

const aheadOf = (timeline: CourseTimeline, sessionId: string) => timeline.ahead[sessionId] ?? UNTOLD;
const afterOf = (timeline: CourseTimeline, sessionId: string) => timeline.after[sessionId] ?? UNTOLD;

/** Ahead of a session: how often it was to be told anew, by bookings, by corrections, and by the patient's return. */
export const generationAhead = (timeline: CourseTimeline, sessionId: string, { back }: PersonStanding): number =>
  aheadOf(timeline, sessionId).generation + back.times;

/**
 * What was due before this is not told: nobody knew of it, or it was told otherwise. Undefined where nothing is told. A
 * booking that changes neither time nor place, only who treats, is no news, and takes nothing away.
 */
export function sinceAhead(timeline: CourseTimeline, sessionId: string, { back }: PersonStanding): Instant | undefined {
  const { since } = aheadOf(timeline, sessionId);
  return since && later(since, back.recordedAt);
}

/** After a session: how often it was to be told anew when it ended. */
export const generationAfter = (timeline: CourseTimeline, sessionId: string, { alive }: PersonStanding): number =>
  afterOf(timeline, sessionId).generation + alive.times;

/** When that was last by a correction, or by the patient's being alive; undefined where nothing was told otherwise. */
export function changedAfter(
  timeline: CourseTimeline,
  sessionId: string,
  { alive }: PersonStanding,
): Instant | undefined {
  const { correctedAt } = afterOf(timeline, sessionId);
  return correctedAt === undefined ? alive.recordedAt : later(correctedAt, alive.recordedAt);
}

/** The ordinal of the window that a course's messages are about, as it was known at one moment; null: none are. */
function toldWindow(course: PlannedCourse, { protocol }: Pick<PlanContext, 'protocol'>): number | null {
  const { proposal } = course;
  if (!proposal || course.status !== 'completed' || bookedMaintenance(course)) return null;
  const window = courseWindow(course, protocol);
  return window?.opens === proposal.opens && window.closes === proposal.closes ? proposal.ordinal : null;
}

/** How often it began anew that one window was told of, and when last. */
function begun({ steps }: CourseTimeline, ordinal: number, context: Pick<PlanContext, 'protocol'>): Told {
  let told: Told = { times: -1, recordedAt: undefined };
  let before: number | null = null;
  for (const { course, recordedAt } of steps) {
    const now = toldWindow(course, context);
    if (now === ordinal && before !== ordinal) told = { times: told.times + 1, recordedAt };
    before = now;
  }
  return told.times < 0 ? NEVER : told;
}

/**
 * Around a window: how often it came back since it was proposed, by what happened in the course, to the person, and in
 * their later courses.
 */
export function toldOfWindow(
  timeline: CourseTimeline,
  ordinal: number,
  context: Pick<PlanContext, 'protocol' | 'person' | 'rhythmBack'>,
): Told {
  const all = [begun(timeline, ordinal, context), context.person.back, context.rhythmBack ?? NEVER];
  return {
    times: all.reduce((sum, { times }) => sum + times, 0),
    recordedAt: all
      .flatMap(({ recordedAt }) => recordedAt ?? [])
      .sort()
      .at(-1),
  };
}
