import { type Instant, localDateAt, type LocalDate, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { aftercarePlan } from '#libs/protocols/src/aftercare.rule.js';
import type { MessageRule } from '#libs/protocols/src/message-rule.schema.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { groundsSchema } from '#libs/protocols/src/rule.schema.js';
import {
  type CourseSession,
  courseWindow,
  type OpenSession,
  performedSessions,
  type PlannedCourse,
} from '#libs/treatment/src/streams.contract.js';
import { type MessageKind, messageKindSchema } from '../message/message.events.js';
import { type Learned, type PlannedTimeline, timelineFold } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { desiredMessages } from './desired-messages.js';
import { maintenanceMessages } from './maintenance-messages.js';
import { HERE } from './person-standing.js';

/** A message that a course would have brought. */
export interface ReplayedMessage {
  readonly kind: MessageKind;
  /** The session, or the window by its ordinal, and what of it: the same under two protocols, whatever they say of it. */
  readonly about: string;
  readonly due: ZonedTime;
}

export interface ReplayPlace {
  /** Of the course's site. */
  readonly zone: string;
  /** The first day on which the course has no maintenance any more; null: nothing has ended it. */
  readonly endsOn: LocalDate | null;
}

const LONG_AGO: Instant = '0001-01-01T00:00:00.000Z';

/** As if everything had been known before it was due: nothing is left out for having been learned too late. */
const ALWAYS: Learned = { recordedAt: LONG_AGO, origin: 'live' };

/**
 * The messages that a course would have brought under a protocol, from its first session to its present window. Nothing
 * is planned by it. What was sent, suppressed or held in fact does not matter: the patient's own choices are the same
 * under every protocol.
 *
 * A session that was performed or missed counts as booked for its time, whether or not the booking is on record. A window
 * that a maintenance session has used up is told of until that session.
 * @param protocol its words do not matter (`ComparedMessages`)
 * @param pastWindows whether the windows before the present one are told of, which are known by a rhythm only (S1-M2)
 */
export function replayedMessages(
  course: PlannedCourse,
  protocol: Protocol,
  place: ReplayPlace,
  pastWindows = protocol.maintenance.kind === 'rhythm',
): ReplayedMessage[] {
  if (protocol.messages.length === 0) return [];
  const context: PlanContext = {
    protocol,
    zone: place.zone,
    importedMaintenanceReleasedAt: undefined,
    rhythmEnded: false,
    person: HERE,
    now: LONG_AGO,
  };
  const withoutWindow = { ...course, proposal: undefined };
  const ahead = { ...withoutWindow, status: 'active' as const, sessions: course.sessions.flatMap(asBooked) };
  return [
    ...[withoutWindow, ahead].flatMap((each) => desiredMessages(timelineOf(each), context)).map(ofSession),
    ...windowsOf(course, pastWindows).flatMap((window) => messagesOfWindow(window, protocol, context, place)),
  ];
}

/** A session that has taken place, or should have, as it stood before: what was said ahead of it. */
function asBooked(session: CourseSession): OpenSession[] {
  const bookedFor = session.bookedFor ?? (session.status === 'performed' ? session.at : undefined);
  const wasAhead = session.status === 'performed' || session.status === 'missed';
  return wasAhead && bookedFor ? [{ ...session, status: 'booked', bookedFor, bookings: 1 }] : [];
}

function ofSession({ kind, cause, precaution, due }: DesiredMessage): ReplayedMessage {
  const session = cause.kind === 'session' ? cause.sessionId : '';
  return { kind, about: precaution === undefined ? session : `${session} ${precaution}`, due };
}

/** A course as it stood while it had a window. */
interface WindowOfCourse {
  readonly course: PlannedCourse;
  readonly ordinal: number;
  /** When the session took place that it follows: nobody could have told of it before. */
  readonly since: Instant;
  /** When a maintenance session used it up; undefined: it is the present one. */
  readonly usedAt: Instant | undefined;
}

function windowsOf(course: PlannedCourse, pastWindows: boolean): WindowOfCourse[] {
  const last = performedSessions(course, 'course').at(-1);
  if (!last) return [];
  const maintenance = performedSessions(course, 'maintenance');
  const past = maintenance.map(({ at }, n): WindowOfCourse => {
    const before = new Set(maintenance.slice(0, n).map(({ sessionId }) => sessionId));
    const sessions = course.sessions.filter(({ kind, sessionId }) => kind === 'course' || before.has(sessionId));
    const stood = { ...course, status: 'completed' as const, maintenanceDeclined: false, scheduled: undefined };
    const since = (maintenance[n - 1] ?? last).at.instant;
    return { course: { ...stood, sessions }, ordinal: n + 1, since, usedAt: at.instant };
  });
  const since = (maintenance.at(-1) ?? last).at.instant;
  return [...(pastWindows ? past : []), { course, ordinal: maintenance.length + 1, since, usedAt: undefined }];
}

function messagesOfWindow(
  { course, ordinal, since, usedAt }: WindowOfCourse,
  protocol: Protocol,
  context: PlanContext,
  { zone, endsOn }: ReplayPlace,
): ReplayedMessage[] {
  const window = courseWindow(course, protocol);
  if (!window) return [];
  const proposal = { ordinal, opens: window.opens, closes: window.closes };
  const proposed: Learned = { recordedAt: since, origin: 'live' };
  return maintenanceMessages({ ...timelineOf({ ...course, proposal }), proposed }, context)
    .filter(({ due }) => usedAt === undefined || due.instant < usedAt)
    .filter(({ due }) => endsOn === null || localDateAt(due.instant, zone) < endsOn)
    .map(({ kind, due }) => ({ kind, about: `window ${ordinal}`, due }));
}

function timelineOf(course: PlannedCourse): PlannedTimeline {
  const learned = Object.fromEntries(course.sessions.map(({ sessionId }) => [sessionId, ALWAYS]));
  return { ...timelineFold.initial, course, booked: learned, performed: learned };
}

/** What of two protocols makes a difference in messages. */
export interface ComparedMessages {
  /** Each with only those rules for messages that the other does not have just so, and without words. */
  readonly before: Protocol;
  readonly after: Protocol;
  /** Kinds that would say something else, whenever they are due. */
  readonly reworded: ReadonlySet<MessageKind>;
}

/**
 * Compares the rules for messages of two protocols. What both say alike need not be replayed for any course, and
 * sentences need not be put together in every language for each session: both take longer than all else of a replay.
 */
export function compareMessages(before: Protocol, after: Protocol): ComparedMessages {
  const matters = [before, after].map(
    (protocol) => new Set(protocol.messages.map((rule) => said(matterOf(protocol, rule)))),
  );
  const differing = (protocol: Protocol, other: ReadonlySet<string> | undefined): Protocol => ({
    ...withoutWords(protocol),
    messages: protocol.messages.filter((rule) => !other?.has(said(matterOf(protocol, rule)))),
  });
  return {
    before: differing(before, matters[1]),
    after: differing(after, matters[0]),
    reworded: new Set(
      messageKindSchema.options.filter((kind) => said(wordsOf(before, kind)) !== said(wordsOf(after, kind))),
    ),
  };
}

/** Nothing is left of the aftercare but what says when messages are due. */
function withoutWords(protocol: Protocol): Protocol {
  const { lines, allClearAt } = aftercarePlan(protocol, LONG_AGO);
  const last = lines.find(({ endsAt }) => endsAt === allClearAt);
  const items = protocol.aftercare.filter(({ id }) => last?.itemIds.includes(id));
  return {
    ...protocol,
    aftercare: items.map((item) => ({ ...item, text: {}, ...('free' in item && { free: null }) })),
  };
}

/** All that a message follows from, times and words. */
function matterOf(protocol: Protocol, rule: MessageRule): object {
  const { durationMinutes, maintenance, intervalDays } = protocol;
  switch (rule.kind) {
    case 'aftercare':
    case 'all-clear':
    case 'check-in':
      return { rule, longest: durationMinutes.max, words: wordsOf(protocol, rule.kind) };
    case 'session-reminder':
    case 'precaution-notice':
      return { rule, words: wordsOf(protocol, rule.kind) };
    case 'maintenance-due-soon':
    case 'maintenance-due':
    case 'maintenance-overdue':
      return { rule, maintenance, intervalDays, words: wordsOf(protocol, rule.kind) };
  }
}

/** All that a message of a kind takes from the protocol. */
function wordsOf({ title, aftercare, preSession: { precautions } }: Protocol, kind: MessageKind): object {
  switch (kind) {
    case 'aftercare':
    case 'all-clear':
      return { title, precautions, aftercare };
    case 'session-reminder':
    case 'aspirin-notice':
    case 'precaution-notice':
      return { title, precautions };
    case 'check-in':
    case 'maintenance-due-soon':
    case 'maintenance-due':
    case 'maintenance-overdue':
      return { title };
  }
}

/** The same text for the same words, in whatever order their fields stand. Evidence is not told to patients. */
const said = (words: object): string =>
  JSON.stringify(words, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const told = Object.entries(value).filter(([name]) => !(name in groundsSchema.shape));
    return Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
