import { queryOptions } from '@tanstack/react-query';
import { type Instant, type LocalDate, type Person, pagesOf, type SiteRef, type Wall } from './common.js';
import { getJson, type ProblemField } from './http.js';
import type { MaintenanceState } from './maintenance.js';
import type { TimelineItem } from './timeline.js';

export const COURSE_STATUSES = ['active', 'completed', 'stopped', 'lapsed'] as const;
export type CourseStatus = (typeof COURSE_STATUSES)[number];

export const DEVIATIONS = [
  'session-count',
  'interval-short',
  'interval-long',
  'depth',
  'duration',
  'lot-expired',
  'lot-not-received',
  'credential',
  'consent',
  'contraindication',
  'device',
  'steps',
  'lot-volume',
  'lot-recalled',
  'order',
] as const;
export type Deviation = (typeof DEVIATIONS)[number];

export interface CourseProgress {
  id: string;
  course: string | null;
  patient: Person;
  site: SiteRef;
  practitioner: Person;
  protocol: string;
  protocolVersion: number;
  planned: number;
  performed: number;
  maintenancePerformed: number;
  status: CourseStatus;
  first: LocalDate | null;
  last: LocalDate | null;
  nextEarliest: LocalDate | null;
  maintenance: { opens: LocalDate; closes: LocalDate; state: MaintenanceState } | null;
  /** A whole new course, suggested after a completed one. */
  suggestedCourse: { opens: LocalDate; closes: LocalDate; state: 'upcoming' | 'open' | 'over' } | null;
  deviations: Partial<Record<Deviation, number>>;
  /** Performed sessions that wait for a physician's review. */
  reviews: number;
  /** Reactions that lasted longer than expected, and that nobody has judged. */
  lastingReactions: number;
  /** The last day on which a session would have been in time; null where the course is not late. */
  lapsingSince: LocalDate | null;
  booked: { sessionId: string; at: Wall; site: SiteRef } | null;
}

/** A product as it went into an area in a session. */
export interface UsedProduct {
  product: string;
  lotNumber: string;
  volumeMl: number | null;
  /** Null where one record covers all areas of the session. */
  area: string | null;
  depthMm: number | null;
  vialId: string | null;
  purpose: 'treatment' | 'anaesthetic';
}

export interface Session {
  id: string;
  kind: 'course' | 'maintenance';
  number: number;
  status: 'booked' | 'performed' | 'missed' | 'cancelled';
  /** When it took place; else when it is, or was, booked for. */
  at: Wall | null;
  zone: string | null;
  instant: Instant | null;
  localDate: LocalDate | null;
  site: SiteRef;
  practitioner: Person;
  durationMinutes: number | null;
  areas: string[];
  device: string | null;
  depthMm: number | null;
  products: UsedProduct[];
  endedAt: Wall | null;
  /** The physician on whose order a nurse treated. */
  orderedBy: Person | null;
  /** In the order in which they were done; null where they were not recorded. */
  steps: { code: string; practitioner: Person; at: Wall | null }[] | null;
  plannedProducts: { product: string; lotNumber: string | null }[];
  /** Whether the check before it found something, and what a physician decided. */
  hold: 'undecided' | 'proceed' | 'do-not-treat' | null;
  needsReview: boolean;
  /** Its check was said anew with a yes on which no physician had decided by then. */
  checkUndecided: boolean;
  reviewedAt: Instant | null;
  painScore: number | null;
  reactions: string[];
  deviations: Deviation[];
}

export interface FollowUp {
  id: string;
  at: Wall;
  kind: 'remote' | 'in-person';
  site: SiteRef;
  reactions: string[];
  adverseEvent: { kind: string; severity: string | null } | null;
  outcomeScore: number | null;
  resolvedReactions: string[];
  /** Of its reactions, those that lasted longer than the protocol expects and wait for somebody to judge. */
  lasting: LastingReaction[];
}

export interface LastingReaction {
  reaction: string;
  sessionId: string;
  /** Whole days since the session. */
  days: number;
  /** Null: the protocol does not expect it at all. */
  withinDays: number | null;
}

interface IntervalDays {
  min: number;
  max: number;
}

export interface CourseDetail extends CourseProgress {
  revision: number;
  consent: { signedOn: LocalDate } | null;
  /** By the protocol: whole calendar days between the local dates of two consecutive course sessions; null while it is not known. */
  intervalDays: IntervalDays | null;
  /** What the physician chose; null where it was left to the protocol. */
  plan: {
    areas: string[] | null;
    products: string[] | null;
    device: string | null;
    intervalDays: IntervalDays | null;
  };
  sessions: Session[];
  followUps: FollowUp[];
}

export interface CourseFilter {
  site?: string;
  status?: string;
  deviation?: string;
  patient?: string;
  /** Only courses that wait for a person. */
  waiting?: Waiting;
}

/** For a physician's review, for somebody to judge a reaction, or for a decision whether the course has lapsed. */
export type Waiting = 'review' | 'reaction' | 'lapse';

/** Which history is asked for: what had occurred by `asOf`, as far as it was on record by `knownAt`. */
export interface HistoryAt {
  /** A date at the site of the course, or an instant. */
  asOf?: string;
  knownAt?: Instant;
}

/** What stands against the sessions that are booked. */
export interface CourseStanding {
  sessions: {
    id: string;
    kind: Session['kind'];
    number: number;
    at: Wall | null;
    /** It cannot be performed as things stand, and its messages are held. */
    blocked: boolean;
    fields: ProblemField[];
  }[];
}

export const coursesQuery = (filter: CourseFilter) => pagesOf<CourseProgress>('courses', '/v1/courses', { ...filter });

export const courseQuery = (course: string, at: HistoryAt = {}) =>
  queryOptions({
    queryKey: ['course', course, at],
    queryFn: ({ signal }) => getJson<CourseDetail>(`/v1/courses/${encodeURIComponent(course)}`, { ...at }, signal),
  });

export const standingQuery = (course: string) =>
  queryOptions({
    queryKey: ['course-standing', course],
    queryFn: ({ signal }) => getJson<CourseStanding>(`/v1/courses/${encodeURIComponent(course)}/standing`, {}, signal),
  });

/** Every entry of a course in the order in which they occurred, with what was corrected and taken back. */
export const courseHistoryQuery = (course: string, at: HistoryAt = {}) =>
  queryOptions({
    queryKey: ['course-history', course, at],
    queryFn: ({ signal }) =>
      getJson<{ items: TimelineItem[] }>(`/v1/courses/${encodeURIComponent(course)}/history`, { ...at }, signal),
  });

/** The code people know a course by, else the head of its id. */
export const courseName = (course: { id: string; code?: string | null; course?: string | null }): string =>
  course.code ?? course.course ?? course.id.slice(0, 8);

export const courseKey = (course: { id: string; code?: string | null; course?: string | null }): string =>
  course.code ?? course.course ?? course.id;
