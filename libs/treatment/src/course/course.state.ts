import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, LocalDate, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { CourseEvent, DeviationKind, SessionKind, UsedProduct } from './course.events.js';

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
}

export interface PlannedCourse {
  readonly status: 'active' | 'completed' | 'stopped';
  readonly courseId: string;
  readonly patientId: string;
  readonly siteId: string;
  readonly practitionerId: string;
  readonly consultationId: string;
  readonly protocol: { readonly code: string; readonly version: number };
  readonly plannedSessions: number;
  readonly plannedAt: Instant;
  readonly origin: 'live' | 'import';
  readonly sessions: readonly CourseSession[];
  readonly followUps: readonly FollowUp[];
  /** The latest window that was proposed for maintenance. */
  readonly proposal: { readonly ordinal: number; readonly opens: LocalDate; readonly closes: LocalDate } | undefined;
  readonly maintenanceDeclined: boolean;
}

/** JSON throughout, so that read models can keep it as it is. Holds no personal data. */
export type CourseState = { readonly status: 'none' } | PlannedCourse;

export const courseFold = { initial: { status: 'none' } as CourseState, evolve };

function evolve(state: CourseState, event: RecordedEvent<CourseEvent>): CourseState {
  if (event.type === 'CoursePlanned') {
    const { courseId, patientId, siteId, practitionerId, consultationId, protocol, plannedSessions } = event.data;
    return {
      status: 'active',
      courseId,
      patientId,
      siteId,
      practitionerId,
      consultationId,
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
    case 'SessionBooked': {
      const { sessionId, kind, number, siteId, practitionerId, at } = event.data;
      const booked = { sessionId, kind, number, siteId, practitionerId, bookedFor: at, bookings: 1 };
      return { ...state, sessions: [...state.sessions, { ...booked, status: 'booked' }] };
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
      }));
    }
    case 'SessionPerformed':
      return performed(state, event.data);
    case 'SessionMissed':
      return withSession(state, event.data.sessionId, (session) => ({ ...session, status: 'missed' }));
    case 'SessionCancelled':
      return withSession(state, event.data.sessionId, (session) => ({ ...session, status: 'cancelled' }));
    case 'FollowUpHeld': {
      const { followUpId, siteId, at, kind, reactions, adverseEvent, outcomeScore } = event.data;
      const followUp = { followUpId, siteId, at, kind, reactions, adverseEvent, outcomeScore };
      return { ...state, followUps: [...state.followUps, followUp] };
    }
    case 'CourseCompleted':
      return { ...state, status: 'completed' };
    case 'CourseStopped':
      return { ...state, status: 'stopped' };
    case 'MaintenanceProposed': {
      const { ordinal, opens, closes } = event.data;
      return { ...state, proposal: { ordinal, opens, closes } };
    }
    case 'MaintenanceDeclined':
      return { ...state, maintenanceDeclined: true };
    default:
      return assertNever(event, 'course event');
  }
}

function performed(
  state: PlannedCourse,
  data: Extract<CourseEvent, { type: 'SessionPerformed' }>['data'],
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
  };
  const others = state.sessions.filter((each) => each !== known);
  return { ...state, sessions: [...others, session] };
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
