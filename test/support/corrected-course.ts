import fc from 'fast-check';
import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { occurredAt, occurredNow } from '../../libs/kernel/src/occurred.js';
import {
  CourseCompleted,
  CourseEntryRetracted,
  CoursePlanChanged,
  CoursePlanned,
  CoursePlannedCorrected,
  FollowUpHeld,
  FollowUpHeldCorrected,
  MaintenanceDeclined,
  SessionBooked,
  SessionPerformed,
  SessionPerformedCorrected,
} from '../../libs/treatment/src/course/course.events.js';
import { zoned } from './treatment-history.js';

/**
 * What was recorded of one course under `facial` in Istanbul, one thing a day from 2031 on: entries of sessions and
 * follow-ups of 2024, most of them late, and corrections and retractions of earlier ones.
 */
export type Recorded =
  | { readonly what: 'plan' }
  | { readonly what: 'change-plan'; readonly sessions: number }
  | { readonly what: 'book'; readonly session: number }
  | { readonly what: 'perform'; readonly session: number; readonly day: number }
  | { readonly what: 'follow-up'; readonly day: number; readonly score: number }
  | { readonly what: 'complete' }
  | { readonly what: 'decline' }
  /** The receipt of the lot that every session uses. */
  | { readonly what: 'receive' }
  /** The credential of whoever performs every session. */
  | { readonly what: 'credential' }
  /** `entry` is the index of what is corrected: the plan (its time), a session or a follow-up. */
  | { readonly what: 'correct'; readonly entry: number; readonly day: number; readonly score: number }
  /** `entry` is the index of an entry, or of a correction. */
  | { readonly what: 'retract'; readonly entry: number };

/** Sessions 1 to 5 are of the course, 6 and 7 of maintenance. */
export const COURSE_SESSIONS = 5;
const SESSIONS = 7;
export const kindOf = (session: number) =>
  session <= COURSE_SESSIONS ? ('course' as const) : ('maintenance' as const);
export const numberOf = (session: number) => (session <= COURSE_SESSIONS ? session : session - COURSE_SESSIONS);

export const LOT_RECEIVED_ON = '2024-03-01';
export const CREDENTIAL_FROM = '2024-02-15';
export const PLANNED_AT = '2024-01-01T10:00';
const DAYS = 300;

const dateOf = (day: number): string => new Date(Date.UTC(2024, 0, 2 + day)).toISOString().slice(0, 10);
/** When a session or follow-up of a day began, on the clock at the site. */
export const wallOf = (day: number): string => `${dateOf(day)}T10:00`;
/** When the course was planned, where a correction says it of a day: in the month before `PLANNED_AT`. */
const plannedWallOf = (day: number): string => `2023-12-${String(1 + (day % 31)).padStart(2, '0')}T10:00`;
/** When something occurred that was entered, or said anew, with a day. */
export const saidWallOf = (entry: Recorded, day: number): string =>
  entry.what === 'plan' ? plannedWallOf(day) : wallOf(day);
/** When the nth thing was recorded. */
export const recordedAtOf = (n: number): string => new Date(Date.UTC(2031, 0, 1 + n, 9)).toISOString();

const day = fc.nat(DAYS);
const score = fc.integer({ min: 1, max: 5 });
const session = fc.integer({ min: 1, max: SESSIONS });
const wish = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('perform' as const), session, day }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('book' as const), session }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('follow-up' as const), day, score }) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('correct' as const), entry: fc.nat(40), day, score }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('retract' as const), entry: fc.nat(40) }) },
  fc.record({ what: fc.constant('change-plan' as const), sessions: fc.integer({ min: 2, max: 9 }) }),
  fc.record({
    what: fc.constantFrom('complete' as const, 'decline' as const, 'receive' as const, 'credential' as const),
  }),
);

/** A history as it could have been recorded: nothing is done twice, and only what is there is corrected. */
export const recordedCourse: fc.Arbitrary<Recorded[]> = fc
  .array(wish, { minLength: 5, maxLength: 30 })
  .map((wishes) =>
    wishes.reduce<Recorded[]>((before, each) => [...before, ...possible(before, each)], [{ what: 'plan' }]),
  );

function possible(before: readonly Recorded[], wished: Recorded): Recorded[] {
  const has = (what: Recorded['what'], of?: number) =>
    before.some((each) => each.what === what && (of === undefined || (each as { session?: number }).session === of));
  const retracted = (n: number) => before.some((each) => each.what === 'retract' && each.entry === n);
  switch (wished.what) {
    case 'perform':
      return has('perform', wished.session) ? [] : [wished];
    case 'book':
      return has('book', wished.session) || has('perform', wished.session) ? [] : [wished];
    case 'complete':
    case 'decline':
    case 'receive':
    case 'credential':
      return has(wished.what) ? [] : [wished];
    case 'correct': {
      const open = before.flatMap(({ what }, n) =>
        (what === 'plan' || what === 'perform' || what === 'follow-up') && !retracted(n) ? [n] : [],
      );
      return open.length === 0 ? [] : [{ ...wished, entry: open[wished.entry % open.length] as number }];
    }
    case 'retract': {
      const open = before.flatMap((each, n) => (isRetractable(before, each) && !retracted(n) ? [n] : []));
      return open.length === 0 ? [] : [{ ...wished, entry: open[wished.entry % open.length] as number }];
    }
    default:
      return [wished];
  }
}

const NEVER_RETRACTED: ReadonlySet<Recorded['what']> = new Set(['plan', 'retract', 'receive', 'credential']);

/** A correction of what was taken back itself is as good as gone. */
function isRetractable(before: readonly Recorded[], each: Recorded): boolean {
  const isGone =
    each.what === 'correct' && before.some((other) => other.what === 'retract' && other.entry === each.entry);
  return !NEVER_RETRACTED.has(each.what) && !isGone;
}

/** Of whom and what the course is. */
export interface CourseIds {
  readonly courseId: string;
  readonly patientId: string;
  readonly siteId: string;
  readonly practitionerId: string;
  readonly consultationId: string;
  /** Of sessions, from 1 on, and of follow-ups. */
  readonly idOf: (name: string) => string;
}

/**
 * The event of the nth thing that was recorded in the stream of the course.
 * @param eventIdOf the id that the event of an earlier one has
 */
export function eventOf(
  history: readonly Recorded[],
  n: number,
  ids: CourseIds,
  eventIdOf: (n: number) => string,
): NewEvent {
  const { courseId, patientId, siteId, practitionerId, consultationId, idOf } = ids;
  const of = { courseId, patientId };
  const now = occurredNow(recordedAtOf(n));
  const each = history[n] as Recorded;
  const sessionData = (k: number, on: number) => ({
    ...of,
    sessionId: idOf(`session ${k}`),
    kind: kindOf(k),
    number: numberOf(k),
    siteId,
    practitionerId,
    at: zoned(wallOf(on)),
    durationMinutes: 45,
    areas: ['face'],
    device: 'needle' as const,
    depthMm: 2,
    products: [{ product: 'GlowMeso', lotNumber: 'L1' }],
    reactions: [],
    overridden: [],
    overrideReasons: {},
  });
  const followUpData = (of_: number, on: number, outcomeScore: number) => ({
    ...of,
    followUpId: idOf(`follow-up ${of_}`),
    siteId,
    kind: 'remote' as const,
    at: zoned(wallOf(on)),
    reactions: [],
    outcomeScore,
  });
  const protocol = { code: 'facial', version: 1 };
  const planData = { ...of, siteId, practitionerId, consultationId, protocol, plannedSessions: 4 };
  switch (each.what) {
    case 'plan':
      return CoursePlanned(occurredAt(zoned(PLANNED_AT)), planData);
    case 'change-plan':
      return CoursePlanChanged(now, { ...of, plannedSessions: each.sessions, practitionerId, reason: 'as it goes' });
    case 'book': {
      const { session: k } = each;
      const at = zoned('2033-01-01T10:00');
      const booked = { ...of, sessionId: idOf(`session ${k}`), kind: kindOf(k), number: numberOf(k) };
      return SessionBooked(now, { ...booked, siteId, practitionerId, at });
    }
    case 'perform':
      return SessionPerformed(occurredAt(zoned(wallOf(each.day))), sessionData(each.session, each.day));
    case 'follow-up':
      return FollowUpHeld(occurredAt(zoned(wallOf(each.day))), followUpData(n, each.day, each.score));
    case 'complete':
      return CourseCompleted(now, of);
    case 'decline':
      return MaintenanceDeclined(now, of);
    case 'correct': {
      const entry = history[each.entry] as Recorded;
      const said = { corrects: eventIdOf(each.entry), correctionReason: `correction ${n}` };
      const at = occurredAt(zoned(saidWallOf(entry, each.day)));
      if (entry.what === 'plan') return CoursePlannedCorrected(at, { ...planData, ...said });
      return entry.what === 'perform'
        ? SessionPerformedCorrected(at, { ...sessionData(entry.session, each.day), ...said })
        : FollowUpHeldCorrected(at, { ...followUpData(each.entry, each.day, each.score), ...said });
    }
    case 'retract':
      return CourseEntryRetracted(now, { ...of, retracts: eventIdOf(each.entry), retractionReason: `retraction ${n}` });
    default:
      throw new Error(`${each.what} is no event of the course`);
  }
}
