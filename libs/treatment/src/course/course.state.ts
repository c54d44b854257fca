import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, LocalDate, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Erased } from '#libs/event-store/src/personal-data.js';
import type {
  CourseEvent,
  DeviationKind,
  PlannedProduct,
  SessionKind,
  StepDone,
  UsedProduct,
} from './course.events.js';

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

/** A positive answer of the pre-treatment check, and what a physician decided. */
export interface SessionHold {
  /** Codes of the questions that were answered with yes; `Erased` where the box is not opened. */
  readonly positive: readonly string[] | Erased;
  readonly decision: 'proceed' | 'do-not-treat' | undefined;
  readonly physicianId: string | undefined;
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
  readonly overridden: readonly DeviationKind[];
  readonly endedAt: ZonedTime | undefined;
  readonly orderedBy: string | undefined;
  readonly steps: readonly StepDone[] | undefined;
  /** When it was entered: what became known later calls for a review. */
  readonly recordedAt: Instant;
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
  readonly plannedAt: Instant;
  readonly origin: 'live' | 'import';
  readonly sessions: readonly CourseSession[];
  readonly followUps: readonly FollowUp[];
  /** The latest window that was proposed for maintenance. */
  readonly proposal: { readonly ordinal: number; readonly opens: LocalDate; readonly closes: LocalDate } | undefined;
  readonly maintenanceDeclined: boolean;
  /** The window that the physician has set for the next maintenance session; one that was performed uses it up. */
  readonly scheduled: { readonly opens: LocalDate; readonly closes: LocalDate } | undefined;
}

/** JSON throughout, so that read models can keep it as it is. Holds no personal data. */
export type CourseState = { readonly status: 'none' } | PlannedCourse;

export const courseFold = { initial: { status: 'none' } as CourseState, evolve };

function evolve(state: CourseState, event: RecordedEvent<CourseEvent>): CourseState {
  if (event.type === 'CoursePlanned') {
    const { courseId, patientId, siteId, practitionerId, consultationId, protocol, plannedSessions } = event.data;
    return {
      status: 'active',
      choices: choicesOf(event.data),
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
      origin: event.header.origin,
      sessions: [],
      followUps: [],
      proposal: undefined,
      maintenanceDeclined: false,
    };
  }
  return state.status === 'none' ? state : evolvePlanned(state, event);
}

function evolvePlanned(state: PlannedCourse, event: RecordedEvent<CourseEvent>): PlannedCourse {
  switch (event.type) {
    case 'CoursePlanned':
      return state;
    case 'CoursePlanChanged':
      return { ...state, plannedSessions: event.data.plannedSessions, choices: choicesOf(event.data) };
    case 'CourseConsultationRenewed': {
      const formerConsultationIds = [...(state.formerConsultationIds ?? []), state.consultationId];
      return { ...state, consultationId: event.data.consultationId, formerConsultationIds };
    }
    case 'SessionBooked': {
      const { sessionId, kind, number, siteId, practitionerId, at, products } = event.data;
      const booked = { sessionId, kind, number, siteId, practitionerId, bookedFor: at, bookings: 1 };
      const session: OpenSession = { ...booked, status: 'booked', plannedProducts: products, hold: undefined };
      return { ...state, sessions: [...state.sessions, session] };
    }
    case 'SessionProductsPlanned': {
      const { sessionId, products } = event.data;
      return withSession(state, sessionId, (session) => ({ ...session, plannedProducts: products }));
    }
    case 'SessionHeld': {
      const hold: SessionHold = { positive: event.data.positive, decision: undefined, physicianId: undefined };
      return withSession(state, event.data.sessionId, (session) => ({ ...session, hold }));
    }
    case 'SessionHoldDecided': {
      const { sessionId, decision, physicianId } = event.data;
      return withSession(state, sessionId, (session) =>
        session.hold ? { ...session, hold: { ...session.hold, decision, physicianId } } : session,
      );
    }
    case 'SessionRescheduled': {
      const { sessionId, siteId, practitionerId, at } = event.data;
      return withSession(state, sessionId, (session) => ({
        ...session,
        status: 'booked',
        siteId,
        practitionerId,
        bookedFor: at,
        bookings: session.bookings + 1,
        // On another day everything is asked anew.
        hold: session.bookedFor?.wall.slice(0, 10) === at.wall.slice(0, 10) ? session.hold : undefined,
      }));
    }
    case 'SessionPerformed':
      return performed(state, event);
    case 'SessionReviewed':
      return {
        ...state,
        sessions: state.sessions.map((session) =>
          session.sessionId === event.data.sessionId && session.status === 'performed'
            ? { ...session, reviewedAt: event.recordedAt }
            : session,
        ),
      };
    case 'SessionMissed':
      return withSession(state, event.data.sessionId, (session) => ({ ...session, status: 'missed' }));
    case 'SessionCancelled':
      return withSession(state, event.data.sessionId, (session) => ({ ...session, status: 'cancelled' }));
    case 'FollowUpHeld': {
      const { followUpId, siteId, at, kind, reactions, adverseEvent, outcomeScore, resolvedReactions } = event.data;
      const found = { reactions, adverseEvent, outcomeScore, resolvedReactions, judged: undefined };
      return { ...state, followUps: [...state.followUps, { followUpId, siteId, at, kind, ...found }] };
    }
    case 'LastingReactionJudged': {
      const { followUpId, reaction } = event.data;
      return {
        ...state,
        followUps: state.followUps.map((each) =>
          each.followUpId === followUpId ? { ...each, judged: [...(each.judged ?? []), reaction] } : each,
        ),
      };
    }
    case 'CourseCompleted':
      return { ...state, status: 'completed' };
    case 'CourseStopped':
      return { ...state, status: 'stopped' };
    case 'CourseLapsed':
      return { ...state, status: 'lapsed' };
    case 'MaintenanceScheduled': {
      const { opens, closes } = event.data;
      return { ...state, scheduled: { opens, closes } };
    }
    case 'MaintenanceProposed': {
      const { ordinal, opens, closes } = event.data;
      return { ...state, proposal: { ordinal, opens, closes } };
    }
    case 'MaintenanceDeclined':
      return { ...state, maintenanceDeclined: true };
    case 'MaintenanceResumed':
      return { ...state, maintenanceDeclined: false };
    default:
      return assertNever(event, 'course event');
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

function performed(
  state: PlannedCourse,
  { data, recordedAt }: RecordedEvent<Extract<CourseEvent, { type: 'SessionPerformed' }>>,
): PlannedCourse {
  const known = state.sessions.find((session) => session.sessionId === data.sessionId);
  const session: PerformedSession = {
    status: 'performed',
    sessionId: data.sessionId,
    kind: data.kind,
    number: data.number,
    siteId: data.siteId,
    practitionerId: data.practitionerId,
    bookedFor: known?.bookedFor,
    bookings: known?.bookings ?? 0,
    at: data.at,
    durationMinutes: data.durationMinutes,
    areas: data.areas,
    device: data.device,
    depthMm: data.depthMm,
    products: data.products,
    painScore: data.painScore,
    reactions: data.reactions,
    overridden: data.overridden,
    plannedProducts: known?.plannedProducts,
    hold: known?.hold,
    endedAt: data.endedAt,
    orderedBy: data.orderedBy,
    steps: data.steps,
    recordedAt,
    reviewedAt: undefined,
  };
  const others = state.sessions.filter((each) => each !== known);
  const isMaintenance = data.kind === 'maintenance';
  return { ...state, sessions: [...others, session], scheduled: isMaintenance ? undefined : state.scheduled };
}

function withSession(
  state: PlannedCourse,
  sessionId: string,
  change: (session: OpenSession) => CourseSession,
): PlannedCourse {
  return {
    ...state,
    sessions: state.sessions.map((session) =>
      session.sessionId === sessionId && session.status !== 'performed' ? change(session) : session,
    ),
  };
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
