import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import {
  type CourseRef,
  type Instant,
  type LocalDate,
  type Page,
  type Person,
  pagesOf,
  type SiteRef,
  type Wall,
} from './common.js';
import { getJson } from './http.js';

export interface PatientSummary extends Person {
  language: string | null;
  channel: string | null;
  contactConsent: boolean | null;
  courses: number;
}

/** What stands in boxes is null where it was erased. */
export interface Patient extends Person {
  familyName: string | null;
  givenName: string | null;
  birthDate: LocalDate | null;
  sex: string | null;
  phone: string | null;
  email: string | null;
  preference: { language: string; channel: string; contactConsent: boolean } | null;
  health: { allergies: string[]; conditions: string[]; medications: string[] } | null;
  revision: number;
}

export interface TimelineItem {
  position: number;
  type: string;
  occurredAt: Instant;
  precision: 'instant' | 'day' | 'derived' | 'unknown';
  wall: Wall | null;
  zone: string | null;
  recordedAt: Instant;
  origin: 'live' | 'import';
  site: SiteRef | null;
  course: CourseRef | null;
  practitioner: Person | null;
  /** An English sentence without personal data. */
  title: string;
  details: Record<string, string | number | string[]>;
}

export interface TimelinePage extends Page<TimelineItem> {
  patient: Person;
}

/** `search`: an exact code or an exact family name, whatever the case. */
export const patientsQuery = (search: string | undefined) =>
  pagesOf<PatientSummary>('patients', '/v1/patients', { search });

export const patientQuery = (patient: string) =>
  queryOptions({
    queryKey: ['patient', patient],
    queryFn: ({ signal }) => getJson<Patient>(`/v1/patients/${encodeURIComponent(patient)}`, {}, signal),
  });

/** Newest first. */
export const timelineQuery = (patient: string) =>
  infiniteQueryOptions({
    queryKey: ['timeline', patient],
    queryFn: ({ pageParam, signal }) =>
      getJson<TimelinePage>(
        `/v1/patients/${encodeURIComponent(patient)}/timeline`,
        { limit: 60, cursor: pageParam ?? undefined },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
