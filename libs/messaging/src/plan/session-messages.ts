import { type Instant, type ZonedTime, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { type AftercarePlan, aftercarePlan } from '#libs/protocols/src/aftercare.rule.js';
import { messageRuleOf, type Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { OpenSession, PerformedSession } from '#libs/treatment/src/streams.contract.js';
import type { Cause, MessageKind } from '../message/message.events.js';
import { isAhead, type PlannedTimeline } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { changedAfter, generationAfter, generationAhead, sinceAhead } from './generation.js';
import { addMinutes, shiftTime } from './shift-time.js';
import { later } from './told.js';

/** The instant from which aftercare counts. A session whose length is not on record counts with the longest expected. */
export const sessionEnd = (session: PerformedSession, protocol: Protocol): Instant =>
  session.endedAt?.instant ?? addMinutes(session.at.instant, session.durationMinutes ?? protocol.durationMinutes.max);

/** What a course's sessions ask for, those to come and those performed. */
export function sessionMessages(timeline: PlannedTimeline, context: PlanContext): DesiredMessage[] {
  return timeline.course.sessions.flatMap((session) => {
    if (session.status === 'performed') return afterSession(session, timeline, context);
    return isAhead(timeline.course, session) ? beforeSession(session, timeline, context) : [];
  });
}

/** Ahead of a booked session. The generation counts how often it was booked anew. */
function beforeSession(
  session: OpenSession,
  timeline: PlannedTimeline,
  { protocol, zone, person }: PlanContext,
): DesiredMessage[] {
  const since = sinceAhead(timeline, session.sessionId, person);
  if (!session.bookedFor || !since) return [];
  const start = session.bookedFor;
  const cause: Cause = { kind: 'session', sessionId: session.sessionId };
  const generation = generationAhead(timeline, session.sessionId, person);
  const ahead = (
    kind: MessageKind,
    before: string,
    usefulFor: string | null,
    facts: readonly string[],
    precaution?: string,
  ) => {
    const due = zonedTime(shiftTime(start, before, -1).instant, zone);
    const expiresAt = usefulFor === null ? start.instant : shiftTime(due, usefulFor, 1).instant;
    return { kind, cause, generation, precaution, due, expiresAt, facts };
  };
  return protocol.messages
    .flatMap((rule): DesiredMessage[] => {
      if (rule.kind === 'session-reminder') return [ahead('session-reminder', rule.before, rule.usefulFor, rule.facts)];
      if (rule.kind !== 'precaution-notice') return [];
      return [ahead(noticeOf(rule.precaution), rule.before, rule.usefulFor, rule.facts, rule.precaution)];
    })
    .filter(({ due }) => due.instant >= since);
}

/** The precaution that every built-in protocol has (S0-P1). */
const ASPIRIN = 'aspirin-or-nsaid';

/** The kind of message that tells of a precaution. */
export const noticeOf = (precaution: string): MessageKind =>
  precaution === ASPIRIN ? 'aspirin-notice' : 'precaution-notice';

/**
 * Until when it is of use to give the instructions: for as long as the protocol says, a month where it says nothing, and
 * not once the last of them has ended. It is counted from the end of the session, whenever that is entered.
 */
function instructsUntil(end: ZonedTime, { lines, allClearAt }: AftercarePlan, usefulFor: string | null): Instant {
  const limit = shiftTime(end, usefulFor ?? USEFUL_FOR_AT_MOST, 1).instant;
  const isEndless = allClearAt === null || lines.some(({ endsAt }) => endsAt === null);
  return isEndless || limit < allClearAt ? limit : allClearAt;
}

/** Without a limit of its own, what follows a session is of no use to anybody after a month. */
const USEFUL_FOR_AT_MOST = 'P1M';

/**
 * What follows from a performed session. It is told whatever becomes of the course. When a correction changes when the
 * session ended, what has not gone yet is told of the time as it reads now: at once where that has passed, live, while it
 * is still of use.
 */
function afterSession(
  session: PerformedSession,
  timeline: PlannedTimeline,
  { protocol, zone, person }: PlanContext,
): DesiredMessage[] {
  const learned = timeline.performed[session.sessionId];
  if (!learned) return [];
  const isLive = learned.origin === 'live';
  const generation = generationAfter(timeline, session.sessionId, person);
  const changedAt = changedAfter(timeline, session.sessionId, person);
  const since = later(learned.recordedAt, changedAt);
  const end = sessionEnd(session, protocol);
  const plan = aftercarePlan(protocol, end);
  const cause: Cause = { kind: 'session', sessionId: session.sessionId };
  const message = (
    kind: MessageKind,
    at: Instant,
    usefulFor: string | null,
    facts: readonly string[],
    expiresAt = shiftTime(zonedTime(at, zone), usefulFor ?? USEFUL_FOR_AT_MOST, 1).instant,
  ): DesiredMessage => {
    const due = zonedTime(isLive ? later(at, changedAt) : at, zone);
    return { kind, cause, generation, due, expiresAt, facts };
  };
  const lines = [...new Set(plan.lines.flatMap(({ facts }) => facts))];
  const aftercare = messageRuleOf(protocol, 'aftercare');
  const allClear = messageRuleOf(protocol, 'all-clear');
  const checkIn = messageRuleOf(protocol, 'check-in');
  const desired: DesiredMessage[] = [];
  if (aftercare && plan.lines.length > 0) {
    // Instructions are given as soon as we know of a session, unless it comes from an old history.
    const at = isLive ? later(end, since) : end;
    const until = instructsUntil(zonedTime(end, zone), plan, aftercare.usefulFor);
    desired.push(message('aftercare', at, aftercare.usefulFor, [...new Set([...aftercare.facts, ...lines])], until));
  }
  if (allClear && plan.allClearAt !== null) {
    desired.push(
      message('all-clear', plan.allClearAt, allClear.usefulFor, [...new Set([...allClear.facts, ...lines])]),
    );
  }
  if (checkIn) {
    const at = shiftTime(zonedTime(end, session.at.zone), checkIn.after, 1).instant;
    desired.push(message('check-in', at, checkIn.usefulFor, checkIn.facts));
  }
  return desired.filter(({ due, expiresAt }) => due.instant >= since && due.instant < expiresAt);
}
