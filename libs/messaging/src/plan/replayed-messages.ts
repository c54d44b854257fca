import type { IsoDuration } from '#libs/kernel/src/iso-duration.js';
import { type Instant, localDateAt, type LocalDate, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { aftercarePlan } from '#libs/protocols/src/aftercare.rule.js';
import type { MessageRule } from '#libs/protocols/src/message-rule.schema.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { groundsSchema } from '#libs/protocols/src/rule.schema.js';
import {
  type CourseSession,
  courseWindow,
  type PerformedSession,
  performedSessions,
  type PlannedCourse,
} from '#libs/treatment/src/streams.contract.js';
import { type MessageKind, messageKindSchema } from '../message/message.events.js';
import { isAhead, type Learned, NO_TIMELINE } from './course-timeline.js';
import type { PlanContext } from './desired-message.js';
import { maintenanceMessages } from './maintenance-messages.js';
import { HERE } from './person-standing.js';
import { noticeOf, sessionEnd } from './session-messages.js';
import { shiftTime } from './shift-time.js';

/** A message that a course would have brought. */
export interface ReplayedMessage {
  readonly kind: MessageKind;
  /** The session, or the window by its ordinal, and what of it: the same under two protocols, whatever they say of it. */
  readonly about: string;
  readonly due: Instant;
}

export interface ReplayPlace {
  /** Of the course's site. */
  readonly zone: string;
  /** The first day on which the course has no maintenance any more; null: nothing has ended it. */
  readonly endsOn: LocalDate | null;
}

const EPOCH: Instant = '1970-01-01T00:00:00.000Z';

/** The rules of a protocol for messages, made ready for any number of courses (`compareMessages`). */
export interface ReplayedRules {
  readonly protocol: Protocol;
  /** Whether there is anything to instruct. */
  readonly instructs: boolean;
  /** From the end of a session to its all-clear; null: nothing ever ends. */
  readonly clearAfterMs: number | null;
}

export function replayedRules(protocol: Protocol): ReplayedRules {
  const { lines, allClearAt } = aftercarePlan(protocol, EPOCH);
  return { protocol, instructs: lines.length > 0, clearAfterMs: allClearAt === null ? null : Date.parse(allClearAt) };
}

/**
 * The messages that a course would have brought under a protocol, from its first session to its present window: those
 * that the planner plans for a course that is recorded as it happens. Nothing is planned by it. What was sent, suppressed
 * or held in fact does not matter: the patient's own choices are the same under every protocol.
 *
 * A session that was performed or missed counts as booked for its time, whether or not the booking is on record. A window
 * that a maintenance session has used up is told of until that session.
 * @param pastWindows whether the windows before the present one are told of, which are known by a rhythm only (S1-M2)
 */
export function replayedMessages(
  course: PlannedCourse,
  rules: ReplayedRules,
  place: ReplayPlace,
  pastWindows = rules.protocol.maintenance.kind === 'rhythm',
): ReplayedMessage[] {
  if (rules.protocol.messages.length === 0) return [];
  return [
    ...course.sessions.flatMap((session) => [
      ...aheadOf(course, session, rules.protocol),
      ...(session.status === 'performed' ? afterOf(session, rules) : []),
    ]),
    ...windowsOf(course, pastWindows).flatMap((window) => messagesOfWindow(window, rules.protocol, place)),
  ];
}

/** What was said ahead of a session that has taken place, or should have; and what is said of one to come. */
function aheadOf(course: PlannedCourse, session: CourseSession, protocol: Protocol): ReplayedMessage[] {
  const wasAhead = session.status === 'performed' || session.status === 'missed' || isAhead(course, session);
  const start = session.bookedFor ?? (session.status === 'performed' ? session.at : undefined);
  if (!wasAhead || !start) return [];
  const due = (before: IsoDuration): Instant => shiftTime(start, before, -1).instant;
  return protocol.messages.flatMap((rule): ReplayedMessage[] => {
    if (rule.kind === 'session-reminder') {
      return [{ kind: rule.kind, about: session.sessionId, due: due(rule.before) }];
    }
    if (rule.kind !== 'precaution-notice') return [];
    const about = `${session.sessionId} ${rule.precaution}`;
    return [{ kind: noticeOf(rule.precaution), about, due: due(rule.before) }];
  });
}

function afterOf(session: PerformedSession, { protocol, instructs, clearAfterMs }: ReplayedRules): ReplayedMessage[] {
  const end = sessionEnd(session, protocol);
  const about = session.sessionId;
  return protocol.messages.flatMap(({ kind, ...rule }): ReplayedMessage[] => {
    if (kind === 'aftercare') return instructs ? [{ kind, about, due: end }] : [];
    if (kind === 'all-clear') {
      return clearAfterMs === null
        ? []
        : [{ kind, about, due: new Date(Date.parse(end) + clearAfterMs).toISOString() }];
    }
    if (kind !== 'check-in') return [];
    const { after } = rule as { readonly after: IsoDuration };
    return [{ kind, about, due: shiftTime(zonedTime(end, session.at.zone), after, 1).instant }];
  });
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
  { zone, endsOn }: ReplayPlace,
): ReplayedMessage[] {
  const window = courseWindow(course, protocol);
  if (!window) return [];
  const proposal = { ordinal, opens: window.opens, closes: window.closes };
  const proposed: Learned = { recordedAt: since, origin: 'live' };
  const timeline = { ...NO_TIMELINE, course: { ...course, proposal }, proposed };
  const context: PlanContext = {
    ...{ protocol, zone, person: HERE, now: since },
    importedMaintenanceReleasedAt: undefined,
    rhythmEnded: false,
  };
  return maintenanceMessages(timeline, context)
    .filter(({ due }) => usedAt === undefined || due.instant < usedAt)
    .filter(({ due }) => endsOn === null || localDateAt(due.instant, zone) < endsOn)
    .map(({ kind, due }) => ({ kind, about: `window ${ordinal}`, due: due.instant }));
}

/** What of two protocols makes a difference in messages. */
export interface ComparedMessages {
  /** Each with only those rules for messages that the other does not have just so. */
  readonly before: ReplayedRules;
  readonly after: ReplayedRules;
  /** Kinds that would say something else, whenever they are due. */
  readonly reworded: ReadonlySet<MessageKind>;
}

/** Compares the rules for messages of two protocols. What both say alike need not be replayed for any course. */
export function compareMessages(before: Protocol, after: Protocol): ComparedMessages {
  const matters = [before, after].map(
    (protocol) => new Set(protocol.messages.map((rule) => said(matterOf(protocol, rule)))),
  );
  const differing = (protocol: Protocol, other: ReadonlySet<string> | undefined): ReplayedRules => {
    const messages = protocol.messages.filter((rule) => !other?.has(said(matterOf(protocol, rule))));
    return replayedRules({ ...protocol, messages });
  };
  return {
    before: differing(before, matters[1]),
    after: differing(after, matters[0]),
    reworded: new Set(
      messageKindSchema.options.filter((kind) => said(wordsOf(before, kind)) !== said(wordsOf(after, kind))),
    ),
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
    case 'session-moved':
    case 'session-called-off':
    case 'maintenance-proposal':
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
