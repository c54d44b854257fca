import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { type CourseStreamEvent, courseStream } from '#libs/treatment/src/streams.contract.js';
import { type MessageEvent, type MessageKind, messageStream } from '../message/message.events.js';
import { type KnownMessage, messageFold, type MessageState, type PlannedMessage } from '../message/message.state.js';
import { isAhead, isPlanned, type PlannedTimeline, timelineOf } from './course-timeline.js';
import { keyOf, messageIdOf } from './desired-message.js';
import { generationAhead } from './generation.js';
import type { PersonStanding } from './person-standing.js';

/** When and where a session takes place, as far as patients are told of it. */
export interface Booking {
  readonly at: ZonedTime;
  readonly siteId: Id;
}

/** What a patient may go by: a booking, or that there is none (any more). */
export type Belief = Booking | 'off';

type ReadEvents = <E extends NewEvent>(stream: string) => Promise<readonly RecordedEvent<E>[]>;

/** A session, and under how many generations messages ahead of it may have been planned. */
interface OfSession {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly sessionId: Id;
  readonly generations: number;
}

/** A message that may have gone, and where in the log it was planned. */
interface ToldMessage {
  readonly message: KnownMessage;
  readonly position: number;
}

/**
 * What a patient may believe of a session by the messages about it: the last that was sent, and whatever may have reached
 * them since. Empty where they were told nothing.
 *
 * The messages are found by their keys and not by what the planner has noted, since notes may be lost. What each of them
 * said is the booking as it was known when it was planned: it leaves only while that holds.
 * @param read a stream's events as they were recorded, corrections beside what they change
 * @param except a message that does not count, since it is about to say so itself
 */
export async function readBeliefs(
  read: ReadEvents,
  {
    timeline,
    sessionId,
    person,
  }: { readonly timeline: PlannedTimeline; readonly sessionId: Id; readonly person: PersonStanding },
  except?: Id,
): Promise<readonly Belief[]> {
  const { courseId, patientId } = timeline.course;
  const of = { courseId, patientId, sessionId, generations: generationAhead(timeline, sessionId, person) + 1 };
  const reminders = await readTold(read, of, ['session-reminder']);
  // Nobody is told that something has changed who was not told of it before.
  if (reminders.length === 0) return [];
  const notices = await readTold(read, of, ['session-moved', 'session-called-off']);
  const told = [...reminders, ...notices]
    .filter(({ message }) => message.planned.messageId !== except)
    .sort((a, b) => a.position - b.position);
  const events = await read<CourseStreamEvent>(courseStream(courseId));
  const lastSent = told.findLastIndex(({ message }) => message.status === 'sent');
  return told.slice(Math.max(0, lastSent)).map((each) => beliefOf(each, events, sessionId));
}

/**
 * The booking that a patient was told of last, for a message that says another, or that it is called off; undefined where
 * they know of none.
 * @param planned a message that tells of a change of a session
 */
export async function readFormerBooking(
  read: ReadEvents,
  { messageId, cause }: Pick<PlannedMessage, 'messageId' | 'cause'>,
  world: { readonly timeline: PlannedTimeline; readonly person: PersonStanding },
): Promise<Booking | undefined> {
  if (cause.kind !== 'session') return undefined;
  const beliefs = await readBeliefs(read, { ...world, sessionId: cause.sessionId }, messageId);
  const last = beliefs.at(-1);
  return last === 'off' ? undefined : last;
}

async function readTold(read: ReadEvents, of: OfSession, kinds: readonly MessageKind[]): Promise<ToldMessage[]> {
  const { courseId, patientId, sessionId, generations } = of;
  const cause = { kind: 'session', sessionId } as const;
  const ids = kinds.flatMap((kind) =>
    Array.from({ length: generations }, (_, generation) =>
      messageIdOf(courseId, keyOf({ kind, cause, generation }, patientId)),
    ),
  );
  const streams = await Promise.all(ids.map((id) => read<MessageEvent>(messageStream(id))));
  return streams.flatMap((events) => {
    const message = events.reduce(messageFold.evolve, messageFold.initial);
    return events[0] && mayHaveGone(message) ? [{ message, position: events[0].position }] : [];
  });
}

/** Whether a patient may go by what a message says. */
const mayHaveGone = (message: MessageState): message is KnownMessage =>
  message.status === 'sent' || message.status === 'unknown' || message.status === 'attempted';

function beliefOf(
  { message, position }: ToldMessage,
  events: readonly RecordedEvent<CourseStreamEvent>[],
  sessionId: Id,
): Belief {
  if (message.planned.kind === 'session-called-off') return 'off';
  const timeline = timelineOf(events.filter((event) => event.position < position));
  return isPlanned(timeline) ? (bookingOf(timeline, sessionId) ?? 'off') : 'off';
}

/** When and where a session takes place as the course stands; undefined where it does not. */
export function bookingOf({ course }: PlannedTimeline, sessionId: Id): Booking | undefined {
  const session = course.sessions.find((each) => each.sessionId === sessionId);
  if (!session?.bookedFor || !isAhead(course, session)) return undefined;
  return { at: session.bookedFor, siteId: session.siteId };
}
