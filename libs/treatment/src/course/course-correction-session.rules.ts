import { isErased } from '#libs/event-store/src/personal-data.js';
import { type Instant, type ZonedTime, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { type Answers, answerFields, answersWith, undecidedIn } from './course-correction-check.rules.js';
import { CorrectionRefused, type CourseRefusal } from './course.errors.js';
import type { AcceptedDeviation, CourseEvent } from './course.events.js';
import type { PlannedCourse } from './course.state.js';
import type { SessionWorld } from './session-finding.js';
import { identifierFields } from './session-check.rules.js';
import { personGone } from './session-person.rules.js';
import { placeFields } from './session-place.rules.js';
import { intervals } from './session-protocol.rules.js';
import { minutesBetween, timeFields } from './session-times.rules.js';

/** What a session's record is held to where some of it is said anew. What happened is not refused, but may not contradict. */

export type PerformedData = Extract<CourseEvent, { type: 'SessionPerformed' }>['data'];

/** A correction of a session. */
interface SessionSaidAnew {
  /** Fields with their right values. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly world: Pick<SessionWorld, 'protocol' | 'otherCourses' | 'person'>;
}

/** What of a session follows from what is said anew: its duration, the answers that stay, identifiers that are the same. */
export function followingOf(
  before: PerformedData,
  data: PerformedData,
  changes: Readonly<Record<string, unknown>>,
): Partial<PerformedData> {
  const { identifiers, check } = before;
  return {
    ...durationAnew(before, data, changes),
    ...(changes.check === undefined ? {} : { check: answersWith(check, changes.check as Answers) }),
    ...(isSameSet(identifiers, changes.identifiers) ? { identifiers } : {}),
  };
}

/**
 * Judges a session as it is said anew.
 * @returns what stands in its entry of what is accepted, and of whether it waits for a review
 * @throws CorrectionRefused
 */
export function judgedSession(
  said: SessionSaidAnew,
  state: PlannedCourse,
  before: PerformedData,
  data: PerformedData,
  now: Instant,
): Partial<PerformedData> {
  requireAfterPlan(state, data.at, before.at);
  requireAlive(said.world, data.at, before.at);
  requirePlace(state, data, before.at);
  const waits = recognised(said, state, before, data);
  if (TIMES.some((name) => said.changes[name] !== undefined)) requireOneLength(data, now);
  return { ...accepted(said, state, data), ...waits };
}

/** What is moved stays in its course; an old history may hold something that was before the plan already. */
export function requireAfterPlan(
  { plannedAt }: PlannedCourse,
  at: ZonedTime | undefined,
  before: ZonedTime,
  rule: 'session.before-plan' | 'follow-up.after-plan' = 'session.before-plan',
): void {
  if (!at || at.instant === before.instant || at.instant >= plannedAt) return;
  throw new CorrectionRefused({
    field: 'data.at',
    message: `${at.wall} was before the course was planned.`,
    rule,
    facts: [],
    seen: at.wall,
    accepted: `${plannedAt} or later`,
  });
}

/** What is moved neither becomes another session of the course, nor stands on the wrong side of its end. */
function requirePlace(state: PlannedCourse, session: PerformedData, before: ZonedTime): void {
  if (session.at.instant === before.instant) return;
  const [field] = [...placeFields(state, session), ...pastTheEnd(state, session, before)];
  if (field) throw new CorrectionRefused({ ...field, field: 'data.at' });
}

/** No course ended before its last session; where an old history says so already, it may stay. */
export function pastTheEnd(
  { status, endedAt }: PlannedCourse,
  { kind, at }: Pick<PerformedData, 'kind' | 'at'>,
  before: ZonedTime,
): CourseRefusal[] {
  const isPast = (time: ZonedTime) => endedAt !== undefined && time.instant > endedAt;
  if (kind !== 'course' || endedAt === undefined || !isPast(at) || isPast(before)) return [];
  const ended = zonedTime(endedAt, at.zone).wall;
  return [
    {
      field: 'at',
      message: `The course was ${status} at ${ended}, before that: take back its end first, or say when it ended.`,
      rule: 'course.entered-late',
      facts: [],
      seen: at.wall,
      accepted: `${ended} or earlier`,
    },
  ];
}

/** Nobody was treated after they died: one of the two is wrong, and is said anew first. */
function requireAlive(world: Pick<SessionWorld, 'person'>, at: ZonedTime | undefined, before: ZonedTime): void {
  if (!at || at.instant === before.instant) return;
  const [gone] = personGone(world, { at });
  if (!gone) return;
  const { message, rule, facts, seen, accepted } = gone;
  throw new CorrectionRefused({ field: 'data.at', message, rule, facts, seen, accepted });
}

/** What is said anew of whom was treated and what they answered, and whether it waits for a review by that. */
function recognised(
  { changes, world: { protocol } }: SessionSaidAnew,
  { sessions }: PlannedCourse,
  before: PerformedData,
  data: PerformedData,
): Pick<PerformedData, 'checkUndecided'> {
  const anew = changes.check as Answers | undefined;
  const hold = sessions.find(({ sessionId }) => sessionId === data.sessionId)?.hold;
  const [field] = [
    ...(changes.identifiers === undefined ? [] : identifierFields(data)),
    ...(anew === undefined ? [] : answerFields(hold, protocol, before, anew, data.at)),
  ];
  if (field) throw new CorrectionRefused({ ...field, field: `data.${field.field}` });
  if (anew === undefined && data.at.instant === before.at.instant) return {};
  return { checkUndecided: undecidedIn(hold, protocol, data) };
}

/** The fields that say when a session was, and how long it took. */
const TIMES = ['at', 'endedAt', 'durationMinutes', 'steps'] as const;

/** A duration follows from the start and the end, also where one of these is said anew. */
function durationAnew(
  before: Readonly<Record<string, unknown>>,
  data: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): { durationMinutes?: number } {
  const isMoved = (['at', 'endedAt'] as const).some(
    (name) => (before[name] as ZonedTime | undefined)?.instant !== (data[name] as ZonedTime | undefined)?.instant,
  );
  if (!isMoved || changes.durationMinutes !== undefined) return {};
  const durationMinutes = minutesBetween(data.at as ZonedTime, data.endedAt as ZonedTime | undefined);
  return durationMinutes === undefined ? {} : { durationMinutes };
}

/** What its times say may lie outside the protocol, but not contradict each other. */
function requireOneLength(data: PerformedData, now: Instant): void {
  const [field] = timeFields(data, now);
  if (field) throw new CorrectionRefused({ ...field, field: `data.${field.field}` });
}

/** The order in which identifiers are named says nothing. */
const isSameSet = (before: readonly unknown[] | undefined, anew: unknown): boolean =>
  Array.isArray(anew) &&
  before !== undefined &&
  new Set([...before, ...anew]).size === new Set(before).size &&
  new Set(anew).size === new Set(before).size;

/** What was accepted for a value that is said anew is no longer: whether that value deviates is judged by itself. */
const stillOverridden = (
  overridden: readonly AcceptedDeviation[],
  changes: Readonly<Record<string, unknown>>,
): AcceptedDeviation[] =>
  overridden.filter((kind) => !(ABOUT[kind] ?? []).some((field) => changes[field] !== undefined));

/**
 * What is accepted of a session as it is said anew. That it is too close to one of another course shows nowhere but here:
 * the reason is that of the correction.
 */
function accepted(
  { changes, world, reason }: SessionSaidAnew,
  state: PlannedCourse,
  data: PerformedData,
): Pick<PerformedData, 'overridden' | 'overrideReasons'> {
  const overridden = stillOverridden(data.overridden, changes);
  const { overrideReasons } = data;
  const elsewhere = intervals({ ...state, sessions: [] }, world, data);
  const isClose = elsewhere.some(({ deviation }) => deviation === 'interval-short');
  if (!isClose || overridden.includes('interval-short')) return { overridden, overrideReasons };
  return {
    overridden: [...overridden, 'interval-short'],
    overrideReasons: isErased(overrideReasons) ? overrideReasons : { ...overrideReasons, 'interval-short': reason },
  };
}

const ABOUT: Readonly<Record<string, readonly string[]>> = {
  'interval-short': ['at'],
  'interval-long': ['at'],
  depth: ['depthMm', 'products', 'device'],
  duration: ['durationMinutes', 'endedAt', 'at'],
  device: ['device'],
  steps: ['steps'],
  'lot-volume': ['products', 'siteId'],
};
