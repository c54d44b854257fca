import { queryOptions } from '@tanstack/react-query';
import { type Instant, type LocalDate, type Person, pagesOf, type SiteRef, type Wall } from './common.js';
import { getJson } from './http.js';
import type { MaintenanceState } from './maintenance.js';

export const COURSE_STATUSES = ['active', 'completed', 'stopped'] as const;
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
  deviations: Partial<Record<Deviation, number>>;
  booked: { sessionId: string; at: Wall; site: SiteRef } | null;
}

export interface Session {
  id: string;
  kind: 'course' | 'maintenance';
  number: number;
  status: 'planned' | 'performed' | 'missed' | 'cancelled';
  at: Wall | null;
  zone: string;
  instant: Instant | null;
  localDate: LocalDate | null;
  site: SiteRef;
  practitioner: Person;
  durationMinutes: number | null;
  areas: string[];
  device: string | null;
  depthMm: number | null;
  products: { product: string; lotNumber: string; volumeMl: number | null }[];
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
}

export interface CourseDetail extends CourseProgress {
  revision: number;
  consent: { signedOn: LocalDate } | null;
  /** Whole calendar days between the local dates of two consecutive course sessions. */
  intervalDays: { min: number; max: number };
  sessions: Session[];
  followUps: FollowUp[];
}

export interface CourseFilter {
  site?: string;
  status?: string;
  deviation?: string;
  patient?: string;
}

export const coursesQuery = (filter: CourseFilter) => pagesOf<CourseProgress>('courses', '/v1/courses', { ...filter });

export const courseQuery = (course: string) =>
  queryOptions({
    queryKey: ['course', course],
    queryFn: ({ signal }) => getJson<CourseDetail>(`/v1/courses/${encodeURIComponent(course)}`, {}, signal),
  });

/** The code people know a course by, else the head of its id. */
export const courseName = (course: { id: string; code?: string | null; course?: string | null }): string =>
  course.code ?? course.course ?? course.id.slice(0, 8);

export const courseKey = (course: { id: string; code?: string | null; course?: string | null }): string =>
  course.code ?? course.course ?? course.id;
