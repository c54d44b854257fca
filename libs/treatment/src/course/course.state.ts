import type { Correctness } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import { dateOfWall, type Instant, type LocalDate, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Erased } from '#libs/event-store/src/personal-data.js';
import type {
  AcceptedDeviation,
  CourseEvent,
  PlannedProduct,
  SessionKind,
  StepDone,
  UsedProduct,
} from './course.events.js';
import { durationOf, hasComeBy } from './session-times.rules.js';

interface SessionOfCourse {
  readonly sessionId: string;
  readonly kind: SessionKind;
  readonly number: number;
  readonly siteId: string;
  readonly practitionerId: string;
  /** When it is, or was, booked for. */
  readonly bookedFor: ZonedTime | undefined;
  /** How often the booked time was set: raises the generation of what the patient is told about it. */
  readonly bookings: number;
  /** What it is planned with; undefined where nobody said. */
  readonly plannedProducts: readonly PlannedProduct[] | undefined;
  /** Why it waits, or waited, for a physician. */
  readonly hold: SessionHold | undefined;
}

/** What a physician decided on a hold, and when. */
export interface HoldDecision {
  readonly decision: 'proceed' | 'do-not-treat';
  readonly physicianId: string;
  readonly at: Instant;
  /** Of what was said at one instant, what was said last has the highest, in whichever course of the chain. */
  readonly turn: number;
}

/** A positive answer of the pre-treatment check, and what a physician decided. */
export interface SessionHold {
  /** Codes of the questions that were answered with yes; `Erased` where the box is not opened. */
  readonly positive: readonly string[] | Erased;
  /** The latest, and by whom. */
  readonly decision: HoldDecision['decision'] | undefined;
  readonly physicianId: string | undefined;
  /** All of them in their order: a session that is entered late is judged by the one that stood when it began. */
  readonly decisions: readonly HoldDecision[];
  /** As of a decision, of when it was asked. */
  readonly turn: number;
  /** True once the session was moved to another day after a physician had let it go on: that day asks anew. */
  readonly isAskedAnew: boolean;
  /** When, and by whom, the questions were asked. */
  readonly at: Instant;
  readonly practitionerId: string;
}

export interface PerformedSession extends SessionOfCourse {
  readonly status: 'performed';
  readonly at: ZonedTime;
  readonly durationMinutes: number | undefined;
  readonly areas: readonly string[];
  readonly device: string;
  readonly depthMm: number | undefined;
  readonly products: readonly UsedProduct[];
  readonly painScore: number | undefined;
  readonly reactions: readonly string[];
  readonly overridden: readonly AcceptedDeviation[];
  /** True for one that an import brought and nobody has said anew: it was reconciled by the rules of its import. */
  readonly isReconciled: boolean;
  readonly endedAt: ZonedTime | undefined;
  readonly orderedBy: string | undefined;
  readonly steps: readonly StepDone[] | undefined;
  /** True where a correction says of its check that it was treated on a yes without a physician's decision by then. */
  readonly checkUndecided: true | undefined;
  /** When it was entered: what became known later calls for a review. */
  readonly recordedAt: Instant;
  /** When it was last said anew; undefined: never. What was known before may speak against it as it reads since. */
  readonly correctedAt: Instant | undefined;
  /** When a physician last reviewed it; undefined: never. */
  readonly reviewedAt: Instant | undefined;
}

export interface OpenSession extends SessionOfCourse {
  readonly status: 'booked' | 'missed' | 'cancelled';
}

export type CourseSession = OpenSession | PerformedSession;

export interface FollowUp {
  readonly followUpId: string;
  readonly siteId: string;
  readonly at: ZonedTime;
  readonly kind: 'remote' | 'in-person';
  readonly reactions: readonly string[];
  readonly adverseEvent: { readonly kind: string; readonly severity?: string | undefined } | undefined;
  readonly outcomeScore: number | undefined;
  readonly resolvedReactions: readonly string[] | undefined;
  /** When it was entered, and whether an import brought it. */
  readonly recordedAt: Instant;
  readonly isImported: boolean;
  /** Lasting reactions that somebody has judged. */
  readonly judged: readonly string[] | undefined;
}

/** What the physician chose inside the protocol's ranges; undefined where it was left to the protocol. */
export interface PlanChoices {
  readonly areas: readonly string[] | undefined;
  readonly products: readonly string[] | undefined;
  readonly device: string | undefined;
  readonly intervalDays: { readonly min: number; readonly max: number } | undefined;
}

/** The days between sessions as one plan of a course has them. */
export interface DaysPlanned {
  /** When it was planned so. */
  readonly since: Instant;
  /** Undefined where it was left to the protocol. */
  readonly intervalDays: PlanChoices['intervalDays'];
}

export interface PlannedCourse {
  readonly status: 'active' | 'completed' | 'stopped' | 'lapsed';
  readonly courseId: string;
  readonly patientId: string;
  readonly siteId: string;
  readonly practitionerId: string;
  /** The latest that the course rests on. */
  readonly consultationId: string;
  /** Those before it, oldest first; undefined where there is only one. */
  readonly formerConsultationIds: readonly string[] | undefined;
  readonly protocol: { readonly code: string; readonly version: number };
  readonly plannedSessions: number;
  readonly choices: PlanChoices | undefined;
  /** Of each plan that the course had, in the order of their times; undefined where it was never changed. */
  readonly daysPlanned: readonly DaysPlanned[] | undefined;
  readonly plannedAt: Instant;
  /** When it was completed, was stopped or lapsed. */
  readonly endedAt: Instant | undefined;
  readonly origin: 'live' | 'import';
  readonly sessions: readonly CourseSession[];
  readonly followUps: readonly FollowUp[];
  /** The latest window that was proposed for maintenance. */
  readonly proposal: { readonly ordinal: number; readonly opens: LocalDate; readonly closes: LocalDate } | undefined;
  readonly maintenanceDeclined: boolean;
  /** The window that the physician has set for the next maintenance session; one that began after that uses it up. */
  readonly scheduled: { readonly opens: LocalDate; readonly closes: LocalDate; readonly since: Instant } | undefined;
}

/** JSON throughout, so that read models can keep it as it is. Holds no personal data. */
export type CourseState = { readonly status: 'none' } | PlannedCourse;

export const courseFold = { initial: { status: 'none' } as CourseState, evolve };

/** A course that nobody else has seen yet: changed in place. What is in its lists is replaced, never changed. */
type Draft = { -readonly [Name in Exclude<keyof PlannedCourse, 'sessions' | 'followUps'>]: PlannedCourse[Name] } & {
  readonly sessions: CourseSession[];
  readonly followUps: FollowUp[];
};

/** The course after several events; the same as evolving it by each in turn, and copied once. */
export function foldCourse(state: CourseState, events: Iterable<RecordedEvent<CourseEvent>>): CourseState {
  let draft: Draft | undefined;
  for (const event of events) {
    if (event.type === 'CoursePlanned') draft = planned(event);
    else {
      if (!draft && state.status !== 'none') draft = draftOf(state);
      if (draft) change(draft, event);
    }
  }
  return draft ?? state;
}

function evolve(state: CourseState, event: RecordedEvent<CourseEvent>): CourseState {
  if (event.type === 'CoursePlanned') return planned(event);
  if (state.status === 'none') return state;
  const draft = draftOf(state);
  change(draft, event);
  return draft;
}

const draftOf = (state: PlannedCourse): Draft => ({
  ...state,
  sessions: [...state.sessions],
  followUps: [...state.followUps],
});

function planned(event: RecordedEvent<Extract<CourseEvent, { type: 'CoursePlanned' }>>): Draft {
  const { courseId, patientId, siteId, practitionerId, consultationId, protocol, plannedSessions } = event.data;
  return {
    status: 'active',
    choices: choicesOf(event.data),
    daysPlanned: undefined,
    scheduled: undefined,
    courseId,
    patientId,
    siteId,
    practitionerId,
    consultationId,
    formerConsultationIds: undefined,
    protocol,
    plannedSessions,
    plannedAt: event.occurredAt.instant,
    endedAt: undefined,
    origin: event.header.origin,
    sessions: [],
    followUps: [],
    proposal: undefined,
    maintenanceDeclined: false,
  };
}

function change(course: Draft, event: RecordedEvent<Exclude<CourseEvent, { type: 'CoursePlanned' }>>): void {
  switch (event.type) {
    case 'CoursePlanChanged':
      course.plannedSessions = event.data.plannedSessions;
      course.daysPlanned = daysWith(course, event);
      course.choices = choicesOf(event.data);
      break;
    case 'CourseConsultationRenewed':
      course.formerConsultationIds = [...(course.formerConsultationIds ?? []), course.consultationId];
      course.consultationId = event.data.consultationId;
      break;
    case 'SessionBooked': {
      const { sessionId, kind, number, siteId, practitionerId, at, products } = event.data;
      const booked = { sessionId, kind, number, siteId, practitionerId, bookedFor: at, bookings: 1 };
      course.sessions.push({ ...booked, status: 'booked', plannedProducts: products, hold: undefined });
      break;
    }
    case 'SessionProductsPlanned': {
      const { sessionId, products } = event.data;
      changeSession(course, sessionId, (session) => ({ ...session, plannedProducts: products }));
      break;
    }
    case 'SessionHeld': {
      const { positive, practitionerId } = event.data;
      const by = { at: event.occurredAt.instant, practitionerId };
      const undecided = { decision: undefined, physicianId: undefined, decisions: [], isAskedAnew: false };
      const hold: SessionHold = { positive, ...undecided, ...by, turn: event.position };
      changeSession(course, event.data.sessionId, (session) => ({ ...session, hold }));
      break;
    }
    case 'SessionHoldDecided': {
      const { sessionId, decision, physicianId } = event.data;
      const change = { decision, physicianId, at: event.occurredAt.instant, turn: event.position };
      changeSession(course, sessionId, (session) =>
        session.hold ? { ...session, hold: decided(session.hold, change) } : session,
      );
      break;
    }
    case 'SessionRescheduled': {
      const { sessionId, siteId, practitionerId, at } = event.data;
      changeSession(course, sessionId, (session) => ({
        ...session,
        status: 'booked',
        siteId,
        practitionerId,
        bookedFor: at,
        bookings: session.bookings + 1,
        hold: holdAfterMove(session, at),
      }));
      break;
    }
    case 'SessionZoneRulesApplied': {
      const { sessionId, at } = event.data;
      changeSession(course, sessionId, (session) => ({ ...session, bookedFor: at }));
      break;
    }
    case 'SessionPerformed':
      perform(course, event);
      break;
    case 'SessionReviewed':
      course.sessions.forEach((session, n) => {
        if (session.sessionId === event.data.sessionId && session.status === 'performed')
          course.sessions[n] = { ...session, reviewedAt: event.recordedAt };
      });
      break;
    case 'SessionMissed':
      changeSession(course, event.data.sessionId, (session) => ({ ...session, status: 'missed' }));
      break;
    case 'SessionCancelled':
      changeSession(course, event.data.sessionId, (session) => ({ ...session, status: 'cancelled' }));
      break;
    case 'FollowUpHeld': {
      const { followUpId, siteId, at, kind, reactions, adverseEvent, outcomeScore, resolvedReactions } = event.data;
      const found = { reactions, adverseEvent, outcomeScore, resolvedReactions, judged: undefined };
      const entered = { recordedAt: event.recordedAt, isImported: event.header.origin === 'import' };
      course.followUps.push({ followUpId, siteId, at, kind, ...found, ...entered });
      break;
    }
    case 'LastingReactionJudged': {
      const { followUpId, reaction } = event.data;
      course.followUps.forEach((each, n) => {
        if (each.followUpId === followUpId)
          course.followUps[n] = { ...each, judged: [...(each.judged ?? []), reaction] };
      });
      break;
    }
    case 'CourseCompleted':
      end(course, 'completed', event.occurredAt.instant);
      break;
    case 'CourseStopped':
      end(course, 'stopped', event.occurredAt.instant);
      break;
    case 'CourseLapsed':
      end(course, 'lapsed', event.occurredAt.instant);
      break;
    case 'MaintenanceScheduled':
      schedule(course, event);
      break;
    case 'MaintenanceProposed': {
      const { ordinal, opens, closes } = event.data;
      course.proposal = { ordinal, opens, closes };
      break;
    }
    case 'MaintenanceDeclined':
      course.maintenanceDeclined = true;
      break;
    case 'MaintenanceResumed':
      course.maintenanceDeclined = false;
      break;
    default:
      assertNever(event, 'course event');
  }
}

/** Undefined where nothing was chosen, as in a course from an old history. */
function choicesOf(plan: {
  areas?: string[] | undefined;
  products?: string[] | undefined;
  device?: string | undefined;
  intervalDays?: { min: number; max: number } | undefined;
}): PlanChoices | undefined {
  const { areas, products, device, intervalDays } = plan;
  const isChosen = [areas, products, device, intervalDays].some((choice) => choice !== undefined);
  return isChosen ? { areas, products, device, intervalDays } : undefined;
}

/** Sorted, since an earlier plan may be entered, or its time corrected, after a later one. */
function daysWith(
  { daysPlanned, choices, plannedAt }: Draft,
  { data, occurredAt }: RecordedEvent<Extract<CourseEvent, { type: 'CoursePlanChanged' }>>,
): DaysPlanned[] {
  const before = daysPlanned ?? [{ since: plannedAt, intervalDays: choices?.intervalDays }];
  const changed = { since: occurredAt.instant, intervalDays: data.intervalDays };
  return [...before, changed].sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

/** One that was corrected to a time after it has used it up, though it was entered before. */
function schedule(
  course: Draft,
  { data, occurredAt }: RecordedEvent<Extract<CourseEvent, { type: 'MaintenanceScheduled' }>>,
): void {
  const { opens, closes } = data;
  const since = occurredAt.instant;
  const isUsedUp = course.sessions.some(
    (session) =>
      session.status === 'performed' && session.kind === 'maintenance' && !hasComeBy(session.at.instant, since),
  );
  course.scheduled = isUsedUp ? undefined : { opens, closes, since };
}

function perform(
  course: Draft,
  event: RecordedEvent<Extract<CourseEvent, { type: 'SessionPerformed' }>> & { readonly correctness?: Correctness },
): void {
  const { data, recordedAt, header, correctness } = event;
  const at = course.sessions.findIndex((session) => session.sessionId === data.sessionId);
  const known = course.sessions[at];
  if (known) course.sessions.splice(at, 1);
  course.sessions.push({
    status: 'performed',
    sessionId: data.sessionId,
    kind: data.kind,
    number: data.number,
    siteId: data.siteId,
    practitionerId: data.practitionerId,
    bookedFor: known?.bookedFor,
    bookings: known?.bookings ?? 0,
    at: data.at,
    durationMinutes: durationOf(data),
    areas: data.areas,
    device: data.device,
    depthMm: data.depthMm,
    products: data.products,
    painScore: data.painScore,
    reactions: data.reactions,
    overridden: data.overridden,
    isReconciled: header.origin === 'import' && correctness === undefined,
    plannedProducts: known?.plannedProducts,
    hold: known?.hold,
    endedAt: data.endedAt,
    orderedBy: data.orderedBy,
    steps: data.steps,
    checkUndecided: data.checkUndecided,
    recordedAt,
    correctedAt: correctness?.correctedBy.at(-1)?.recordedAt,
    reviewedAt: undefined,
  });
  // One that took place before the window was set is entered late: the window is for the next.
  const since = data.kind === 'maintenance' ? course.scheduled?.since : undefined;
  if (since !== undefined && hasComeBy(since, data.at.instant)) course.scheduled = undefined;
}

function end(course: Draft, status: PlannedCourse['status'], endedAt: Instant): void {
  course.status = status;
  course.endedAt = endedAt;
}

const decided = (hold: SessionHold, decision: HoldDecision): SessionHold => ({
  ...hold,
  decision: decision.decision,
  physicianId: decision.physicianId,
  decisions: [...hold.decisions, decision],
});

/** What a physician let pass is asked anew on another day; a hold that nobody has lifted goes along. */
const holdAfterMove = ({ hold, bookedFor }: OpenSession, to: ZonedTime): SessionHold | undefined =>
  hold?.decision === 'proceed' && bookedFor?.wall.slice(0, 10) !== to.wall.slice(0, 10)
    ? { ...hold, isAskedAnew: true }
    : hold;

const isBy = (instant: Instant, by: ZonedTime | undefined): boolean =>
  by === undefined || hasComeBy(instant, by.instant);

const decisionBy = ({ decisions }: SessionHold, by: ZonedTime | undefined): HoldDecision | undefined =>
  decisions.findLast(({ at }) => isBy(at, by));

/**
 * Whether a physician had decided to go on, and had not taken that back.
 * @param by when the session began; left out: by now
 */
export const isLifted = (hold: SessionHold, by?: ZonedTime): boolean => decisionBy(hold, by)?.decision === 'proceed';

/**
 * Whether a hold was said later than another: decided on by then, or asked where nobody had decided.
 * @param by when a session began; left out: by now
 */
export function isSaidAfter(a: SessionHold, b: SessionHold, by?: ZonedTime): boolean {
  const [of, other] = [decisionBy(a, by) ?? a, decisionBy(b, by) ?? b];
  return of.at === other.at ? of.turn > other.turn : of.at > other.at;
}

/**
 * The latest hold of a course, while no physician has let its session go on; one that was performed is past it.
 * @param by when a session began: what was found on its day or before, and what had been decided or performed by then.
 *   By the day, since who enters a session late may say any time of it. Left out: by now
 */
export function standingHold({ sessions }: PlannedCourse, by?: ZonedTime): SessionHold | undefined {
  const held = sessions.filter(
    ({ hold }) => hold && (by === undefined || localDateAt(hold.at, by.zone) <= dateOfWall(by.wall)),
  );
  const latest = held.reduce<CourseSession | undefined>(
    (last, each) => (isAfter(last, each, by) ? last : each),
    undefined,
  );
  if (!latest?.hold || isLifted(latest.hold, by)) return undefined;
  return latest.status === 'performed' && isBy(latest.at.instant, by) ? undefined : latest.hold;
}

/** Of what was found at one time, and stands with two sessions, the one that was asked or decided about last. */
const isAfter = (a: CourseSession | undefined, { hold: b }: CourseSession, by: ZonedTime | undefined): boolean => {
  if (!a?.hold || !b) return false;
  return a.hold.at === b.at ? turnBy(a.hold, by) > turnBy(b, by) : a.hold.at > b.at;
};

const turnBy = (hold: SessionHold, by: ZonedTime | undefined): number => (decisionBy(hold, by) ?? hold).turn;

function changeSession(course: Draft, sessionId: string, changed: (session: OpenSession) => CourseSession): void {
  course.sessions.forEach((session, n) => {
    if (session.sessionId === sessionId && session.status !== 'performed') course.sessions[n] = changed(session);
  });
}

/** Performed sessions of a kind in the order of their instants, then numbers. */
export function performedSessions(state: PlannedCourse, kind: SessionKind): PerformedSession[] {
  return state.sessions
    .filter((session): session is PerformedSession => session.status === 'performed' && session.kind === kind)
    .sort((a, b) => (a.at.instant < b.at.instant ? -1 : a.at.instant > b.at.instant ? 1 : a.number - b.number));
}

/** Sessions that are booked and still to come. */
export const bookedSessions = (state: PlannedCourse): OpenSession[] =>
  state.sessions.filter((session): session is OpenSession => session.status === 'booked');
