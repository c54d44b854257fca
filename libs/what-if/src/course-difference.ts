import { dateOfWall, type LocalDate, localDateAt, wallAt, type WallTime } from '#libs/kernel/src/zoned-time.js';
import { addDays, laterDate } from '#libs/kernel/src/local-date.js';
import {
  compareMessages,
  type ComparedMessages,
  type MessageKind,
  type ReplayedMessage,
  replayedMessages,
  type ReplayPlace,
} from '#libs/messaging/src/plan.contract.js';
import { intervalDeviation, nextEarliest, nextLatest } from '#libs/protocols/src/interval.rule.js';
import { maintenanceWindow } from '#libs/protocols/src/maintenance.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { sessionCountDeviation } from '#libs/protocols/src/session-count.rule.js';
import {
  bookedSessions,
  type CourseWorld,
  courseWindow,
  dateOfSession,
  type DeviationKind,
  deviceFindings,
  intervalDaysOf,
  isSameJson,
  judgeCourse,
  type PerformedSession,
  performedSessions,
  type PlannedCourse,
  type SessionFacts,
  stepFindings,
  suggestedCourse,
  windowToBeSet,
} from '#libs/treatment/src/what-if.contract.js';

/** The days that a replay looks at, both included. */
export interface Period {
  readonly from: LocalDate;
  readonly to: LocalDate;
}

/** What a course is judged by, under the version that it was planned with. */
export type ReplayedWorld = CourseWorld & { readonly protocol: Protocol };

/** What a plan may need the physician's reason for. */
export type PlanDeviation = 'session-count' | 'interval' | 'device';

/** What would stand against a thing under the draft, and did not; and what did, and would not. */
interface Judged<Kind> {
  readonly blocked: readonly Kind[];
  readonly freed: readonly Kind[];
}

/** A session that the draft would have refused without a reason, or would not have. */
export interface SessionDifference extends Judged<DeviationKind> {
  readonly sessionId: string;
  /** A booked one is judged by the days since the session before it, and by nothing else. */
  readonly status: 'performed' | 'booked';
  readonly on: LocalDate;
}

/** Both days belong to it; `opens` is null where only the last day is known. */
export interface DueDates {
  readonly opens: LocalDate | null;
  readonly closes: LocalDate;
}

export type DueKind = 'next-session' | 'maintenance' | 'new-course' | 'check-up';

/** Something that fell due on other days, or would be due only before or only under the draft. */
export interface DueDifference {
  readonly kind: DueKind;
  /** The performed session that it follows. */
  readonly sessionId: string;
  readonly before: DueDates | null;
  readonly after: DueDates | null;
}

export interface MessageDifference {
  readonly kind: MessageKind;
  /** When it was due, by the clock at the course's site; null: it would be new. */
  readonly before: WallTime | null;
  /** When it would be due; null: there would be none. The same as before: it would say something else. */
  readonly after: WallTime | null;
}

/** What would differ in a course under the draft. */
export interface CourseDifference {
  readonly courseId: string;
  /** Null where the plan was not made in the period, or would have been judged alike. */
  readonly plan: Judged<PlanDeviation> | null;
  readonly sessions: readonly SessionDifference[];
  readonly due: readonly DueDifference[];
  readonly messages: readonly MessageDifference[];
}

/** A course with something in the period: a plan, a session, a due date, or a message that would differ. */
export interface ReplayedCourse {
  /** How many sessions of it were performed in the period. */
  readonly sessions: number;
  /** Undefined where nothing would differ. */
  readonly difference: CourseDifference | undefined;
}

export type CourseReplay = (
  course: PlannedCourse,
  world: ReplayedWorld,
  place: ReplayPlace,
) => ReplayedCourse | undefined;

/**
 * Replays courses under a draft: what would differ in each if it had been planned with it. Undefined for a course of which
 * nothing lies in the period.
 *
 * A course is judged by all that is on record by now. What the patient was never asked (other questions, tests first) is
 * not on record, and is not replayed. What the physician chose inside the protocol's ranges stays chosen: the plan is what
 * would have needed a reason then, and the sessions are judged by the choice.
 */
export function replayUnder(draft: Protocol, period: Period): CourseReplay {
  const versions = new Map<Protocol, Versions>();
  return (course, world, place) => {
    const known = versions.get(world.protocol) ?? versionsOf(world.protocol, draft);
    versions.set(world.protocol, known);
    return replay(course, world, known, place, period);
  };
}

/** The version that courses were planned with, beside the draft. */
interface Versions {
  readonly before: Protocol;
  readonly after: Protocol;
  readonly messages: ComparedMessages;
  /** Whether both have a rhythm, so that windows of the past can be compared. */
  readonly rhythms: boolean;
  /** Whether both ask for the same contraindications: comparing what patients say with every list takes its time. */
  readonly sameScreening: boolean;
}

const versionsOf = (before: Protocol, after: Protocol): Versions => ({
  before,
  after,
  messages: compareMessages(before, after),
  rhythms: [before, after].every(({ maintenance }) => maintenance.kind === 'rhythm'),
  sameScreening: isSameJson(before.screening, after.screening),
});

function replay(
  course: PlannedCourse,
  world: ReplayedWorld,
  versions: Versions,
  place: ReplayPlace,
  period: Period,
): ReplayedCourse | undefined {
  const outcome = (version: 'before' | 'after', alike?: JudgedSessions): Outcome => {
    const protocol = versions[version];
    return {
      plan: planDeviations(course, protocol),
      sessions: judgedSessions(course, { ...world, protocol }, alike),
      due: dueDates(course, protocol, place.endsOn, versions.rhythms),
      messages: replayedMessages(course, versions.messages[version], place, versions.rhythms),
    };
  };
  const before = outcome('before');
  const after = outcome('after', versions.sameScreening ? before.sessions : undefined);

  const isPlanned = isWithin(localDateAt(course.plannedAt, place.zone), period);
  const sessions = [...before.sessions].filter(([, { on }]) => isWithin(on, period));
  const due = paired(before.due, after.due, ({ key }) => key).filter((each) => overlaps(each, period));
  const messages = paired(before.messages, after.messages, nameOf)
    .flatMap((pair) => messageDifference(pair, versions.messages.reworded, place.zone))
    .filter((each) => [each.before, each.after].some((wall) => wall !== null && isWithin(dateOfWall(wall), period)));
  if (!isPlanned && sessions.length + due.length + messages.length === 0) return undefined;

  const plan = isPlanned ? compared(before.plan, after.plan) : null;
  const difference: CourseDifference = {
    courseId: course.courseId,
    plan: plan && isJudgedAlike(plan) ? null : plan,
    sessions: sessions.flatMap(([sessionId, { status, on, kinds }]) => {
      const judged = compared(kinds, after.sessions.get(sessionId)?.kinds ?? []);
      return isJudgedAlike(judged) ? [] : [{ sessionId, status, on, ...judged }];
    }),
    due: due.flatMap(dueDifference),
    messages,
  };
  const { length } = [...difference.sessions, ...difference.due, ...difference.messages];
  return {
    sessions: sessions.filter(([, { status }]) => status === 'performed').length,
    difference: difference.plan !== null || length > 0 ? difference : undefined,
  };
}

interface Outcome {
  readonly plan: readonly PlanDeviation[];
  readonly sessions: JudgedSessions;
  readonly due: readonly DueItem[];
  readonly messages: readonly ReplayedMessage[];
}

const isWithin = (date: LocalDate, { from, to }: Period): boolean => from <= date && date <= to;

function compared<Kind>(before: readonly Kind[], after: readonly Kind[]): Judged<Kind> {
  return {
    blocked: after.filter((kind) => !before.includes(kind)),
    freed: before.filter((kind) => !after.includes(kind)),
  };
}

const isJudgedAlike = ({ blocked, freed }: Judged<unknown>): boolean => blocked.length + freed.length === 0;

/** What of the plan needs the physician's reason: the number of sessions, the days between them (S0-N1, S1-N1), the device. */
function planDeviations({ plannedSessions, choices }: PlannedCourse, protocol: Protocol): PlanDeviation[] {
  const { intervalDays: range, devices } = protocol;
  const days = choices?.intervalDays;
  const device = choices?.device as Protocol['devices']['codes'][number] | undefined;
  const found: PlanDeviation[] = [];
  if (sessionCountDeviation(protocol, plannedSessions)) found.push('session-count');
  if (days && (days.min < range.min || days.max > range.max)) found.push('interval');
  if (device !== undefined && !devices.codes.includes(device)) found.push('device');
  return found;
}

interface JudgedSession {
  readonly status: SessionDifference['status'];
  readonly on: LocalDate;
  readonly kinds: readonly DeviationKind[];
}

type JudgedSessions = ReadonlyMap<string, JudgedSession>;

/** @param alike the same sessions, judged under the same contraindications */
function judgedSessions(course: PlannedCourse, world: ReplayedWorld, alike?: JudgedSessions): JudgedSessions {
  const { protocol } = world;
  const healthAt = alike ? () => undefined : world.healthAt;
  const { sessionDeviations } = judgeCourse(course, { ...world, healthAt });
  const judged = new Map<string, JudgedSession>();
  for (const kind of ['course', 'maintenance'] as const) {
    for (const session of performedSessions(course, kind)) {
      const { sessionId } = session;
      // What was entered here is judged by both: each kind counts once.
      const kinds = [...new Set([...(sessionDeviations[sessionId] ?? []), ...ofProcedure(session, protocol)])];
      if (alike?.get(sessionId)?.kinds.includes('contraindication')) kinds.push('contraindication');
      judged.set(sessionId, { status: 'performed', on: dateOfSession(session), kinds });
    }
  }
  for (const [sessionId, booked] of judgedBookings(course, protocol)) judged.set(sessionId, booked);
  return judged;
}

/** A device that the protocol names, and its steps in their order (S1-S1, S3-S1). */
function ofProcedure(session: PerformedSession, protocol: Protocol): DeviationKind[] {
  const facts = session as unknown as SessionFacts;
  return [...deviceFindings({ protocol }, facts), ...stepFindings({ protocol }, facts)].flatMap(
    ({ deviation }) => deviation ?? [],
  );
}

/** Sessions still to come, by the days since the one before, whether that is performed or booked itself (S0-N1, S1-N1). */
function judgedBookings(course: PlannedCourse, protocol: Protocol): [string, JudgedSession][] {
  if (course.status !== 'active') return [];
  const performed = performedSessions(course, 'course').map(({ sessionId, at }) => ({
    sessionId,
    at,
    isBooked: false,
  }));
  const booked = bookedSessions(course).flatMap(({ sessionId, kind, bookedFor: at }) =>
    kind === 'course' && at ? [{ sessionId, at, isBooked: true }] : [],
  );
  const chosen = { intervalDays: intervalDaysOf(course, protocol) };
  const inOrder = [...performed, ...booked].sort((a, b) => (a.at.instant < b.at.instant ? -1 : 1));
  return inOrder.flatMap(({ sessionId, at, isBooked }, n): [string, JudgedSession][] => {
    const last = inOrder[n - 1];
    if (!isBooked) return [];
    const on = dateOfWall(at.wall);
    const kind = last ? intervalDeviation(chosen, dateOfWall(last.at.wall), on) : null;
    return [[sessionId, { status: 'booked', on, kinds: kind ? [kind] : [] }]];
  });
}

interface DueItem extends DueDates {
  readonly key: string;
  readonly kind: DueKind;
  readonly sessionId: string;
}

/** Everything that fell due in a course, and what is due in it now. */
function dueDates(
  course: PlannedCourse,
  protocol: Protocol,
  endsOn: LocalDate | null,
  pastWindows: boolean,
): DueItem[] {
  const sessions = performedSessions(course, 'course');
  const found: DueItem[] = [];
  const add = (kind: DueKind, { sessionId }: PerformedSession, dates: DueDates, n = 0) =>
    found.push({ key: `${kind} ${sessionId} ${n}`, kind, sessionId, opens: dates.opens, closes: dates.closes });
  const beforeTheEnd = ({ opens, closes }: DueDates) => endsOn === null || (opens ?? closes) < endsOn;

  const sessionsLeft = course.status === 'active' && sessions.length < course.plannedSessions;
  for (const [n, session] of (sessionsLeft ? sessions : sessions.slice(0, -1)).entries()) {
    const on = dateOfSession(session);
    // By the plan that held when the next one began; the one that is still to come goes by today's.
    const chosen = { intervalDays: intervalDaysOf(course, protocol, sessions[n + 1]?.at.instant) };
    add('next-session', session, { opens: nextEarliest(chosen, on), closes: nextLatest(chosen, on) });
  }
  for (const [session, n, day] of checkUps(course, sessions, protocol)) {
    add('check-up', session, { opens: day, closes: day }, n);
  }
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (!first || !last) return found;
  const maintenance = performedSessions(course, 'maintenance');
  if (pastWindows) {
    maintenance.forEach((_, n) => {
      const window = maintenanceWindow({
        protocol,
        firstCourseSession: dateOfSession(first),
        lastCourseSession: dateOfSession(last),
        maintenanceSessions: maintenance.slice(0, n).map(dateOfSession),
      });
      if (window) add('maintenance', maintenance[n - 1] ?? last, window);
    });
  }
  const present = courseWindow(course, protocol) ?? toBeSet(course, protocol);
  if (present && beforeTheEnd(present)) add('maintenance', maintenance.at(-1) ?? last, present);
  const suggested = suggestedCourse(course, protocol);
  if (suggested && beforeTheEnd(suggested)) add('new-course', last, suggested);
  return found;
}

/** A physician sets the window, at the latest until then (S4-E1). */
function toBeSet(course: PlannedCourse, protocol: Protocol): DueDates | null {
  const window = protocol.maintenance.kind === 'physician' ? windowToBeSet(course, protocol) : null;
  return window && { opens: null, closes: window.latest };
}

type CheckUp = [session: PerformedSession, n: number, day: LocalDate];

/** Check-ups (S2-F1, S3-F1), each with its number among those after the same session. */
function checkUps({ status }: PlannedCourse, sessions: readonly PerformedSession[], protocol: Protocol): CheckUp[] {
  return protocol.checkUps.flatMap(({ kind, afterDays }, n) => {
    const followed = kind === 'after-each-session' ? sessions : status === 'completed' ? sessions.slice(-1) : [];
    return followed.map((session): CheckUp => [session, n, addDays(dateOfSession(session), afterDays)]);
  });
}

type Pair<T> = readonly [before: T | undefined, after: T | undefined];

/** Things of the same name beside each other; of several of one name, the first beside the first. */
function paired<T>(before: readonly T[], after: readonly T[], nameOfOne: (one: T) => string): Pair<T>[] {
  const left = new Map<string, T[]>();
  for (const one of before) {
    const same = left.get(nameOfOne(one));
    if (same) same.push(one);
    else left.set(nameOfOne(one), [one]);
  }
  const pairs = after.map((one): Pair<T> => [left.get(nameOfOne(one))?.shift(), one]);
  return [...pairs, ...[...left.values()].flat().map((one): Pair<T> => [one, undefined])];
}

const overlaps = (pair: Pair<DueDates>, { from, to }: Period): boolean =>
  pair.some((dates) => dates !== undefined && (dates.opens ?? dates.closes) <= to && from <= lastDay(dates));

/** A window that closes before it opens is due from its opening day on. */
const lastDay = ({ opens, closes }: DueDates): LocalDate => (opens === null ? closes : laterDate(opens, closes));

function dueDifference([before, after]: Pair<DueItem>): DueDifference[] {
  if (before?.opens === after?.opens && before?.closes === after?.closes) return [];
  const { kind, sessionId } = (before ?? after) as DueItem;
  return [{ kind, sessionId, before: datesOf(before), after: datesOf(after) }];
}

const datesOf = (item: DueItem | undefined): DueDates | null =>
  item ? { opens: item.opens, closes: item.closes } : null;

const nameOf = ({ kind, about }: ReplayedMessage): string => `${kind} ${about}`;

function messageDifference(
  [before, after]: Pair<ReplayedMessage>,
  reworded: ReadonlySet<MessageKind>,
  zone: string,
): MessageDifference[] {
  const { kind } = (before ?? after) as ReplayedMessage;
  if (before?.due === after?.due && !reworded.has(kind)) return [];
  const wallOf = (message: ReplayedMessage | undefined) => (message ? wallAt(message.due, zone) : null);
  return [{ kind, before: wallOf(before), after: wallOf(after) }];
}
