import type { Id } from '#libs/kernel/src/ids.js';
import type { MessageState, PlannedMessage } from '../message/message.state.js';
import { isAboutTheFuture } from './cause-gone.js';
import type { CourseTimeline } from './course-timeline.js';
import { type DesiredMessage, keyOf, messageIdOf, type PlanContext } from './desired-message.js';
import { toldOfWindow } from './generation.js';

/** What tells one message of another, apart from its generation. */
type Matter = Pick<DesiredMessage, 'kind' | 'cause' | 'generation' | 'precaution' | 'due'>;

interface OfCourse {
  readonly courseId: Id;
  readonly patientId: Id;
}

/** A message that the planner has planned for the course. */
type Noted = Pick<PlannedMessage, 'messageId' | 'kind' | 'cause'>;

/**
 * The messages by which the patient may have been told already what a message says: the same kind about the same session,
 * or about a window of the same days, under any other generation. A window that moves and moves back has two ordinals.
 * @param noted what the planner has planned for the course; what is not noted is found by its key
 */
export function earlierMessageIds(
  desired: Matter,
  { courseId, patientId }: OfCourse,
  timeline: CourseTimeline,
  context: Pick<PlanContext, 'protocol' | 'person' | 'rhythmBack'>,
  noted: readonly Noted[],
): Id[] {
  const own = messageIdOf(courseId, keyOf(desired, patientId));
  const keys = { ...desired };
  const under = (cause: Matter['cause'], generations: number): Id[] =>
    Array.from({ length: generations }, (_, generation) =>
      messageIdOf(courseId, keyOf({ ...keys, cause, generation }, patientId)),
    );
  const { cause } = desired;
  const alike = noted.filter(({ kind }) => kind === desired.kind);
  if (cause.kind === 'session') {
    const same = alike.filter((each) => each.cause.kind === 'session' && each.cause.sessionId === cause.sessionId);
    return withoutOwn([...under(cause, desired.generation), ...same.map(({ messageId }) => messageId)], own);
  }
  // Each time that is held is a thing of its own.
  if (cause.kind === 'maintenance-slot') return [];
  const ordinals = sameWindows(timeline, cause.ordinal);
  const same = alike.filter((each) => each.cause.kind === 'maintenance-window' && ordinals.has(each.cause.ordinal));
  const ids = [...ordinals].flatMap((ordinal) => {
    const generations =
      ordinal === cause.ordinal ? desired.generation : toldOfWindow(timeline, ordinal, context).times + 1;
    return under({ kind: 'maintenance-window', ordinal }, generations);
  });
  return withoutOwn([...ids, ...same.map(({ messageId }) => messageId)], own);
}

const withoutOwn = (ids: readonly Id[], own: Id): Id[] => [...new Set(ids)].filter((id) => id !== own);

/** The ordinals under which a window with the same days was proposed, its own included. */
function sameWindows({ proposals }: CourseTimeline, ordinal: number): ReadonlySet<number> {
  const window = proposals.find((each) => each.ordinal === ordinal);
  const same = proposals.filter(({ opens, closes }) => opens === window?.opens && closes === window.closes);
  return new Set([ordinal, ...same.map((each) => each.ordinal)]);
}

/**
 * Whether a message tells the patient the same as another, and has gone. What follows from a session is told once,
 * whatever is corrected later, for what was sent stays sent. What is ahead of a session is news when its time is another.
 */
export function tellsTheSame(earlier: MessageState, desired: Omit<Matter, 'generation'>): boolean {
  if (!hasGone(earlier) || earlier.planned.precaution !== desired.precaution) return false;
  const isOfItsTime =
    desired.cause.kind === 'session' && (isAboutTheFuture(desired.kind) || desired.kind === 'session-called-off');
  return !isOfItsTime || earlier.planned.due.instant === desired.due.instant;
}

/** The patient has it, or may have it. */
const hasGone = (message: MessageState): message is Extract<MessageState, { status: 'sent' | 'unknown' }> =>
  message.status === 'sent' || message.status === 'unknown';
