import { queryOptions } from '@tanstack/react-query';
import type { CourseRef, LocalDate, Page, Person, SiteRef, Wall } from './common.js';
import { getJson, postJson } from './http.js';

export interface Site extends SiteRef {
  timeZone: string;
  language: string;
  quietHours: { from: string; to: string } | null;
  counts: { activeCourses: number; due: number; overdue: number; upcoming: number; unscheduled: number };
}

export interface DayItem {
  sessionId: string;
  course: CourseRef;
  patient: Person;
  practitioner: Person;
  kind: 'course' | 'maintenance';
  number: number;
  status: 'booked' | 'performed' | 'missed' | 'cancelled';
  at: Wall;
  durationMinutes: number | null;
}

export interface SiteDay {
  site: SiteRef & { timeZone?: string };
  date: LocalDate;
  items: DayItem[];
}

/** A chain has at most some hundred sites: one page holds them. */
export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: async ({ signal }) => (await getJson<Page<Site>>('/v1/sites', { limit: 500 }, signal)).items,
});

/** Without a date: today at the site. */
export const siteDayQuery = (site: string, date: LocalDate | undefined) =>
  queryOptions({
    queryKey: ['site-day', site, date ?? null],
    queryFn: ({ signal }) => getJson<SiteDay>(`/v1/sites/${encodeURIComponent(site)}/day`, { date }, signal),
  });

/** Lets the first messages of imported overdue maintenance go. */
export const releaseImportedMaintenance = (site: string) =>
  postJson(`/v1/sites/${encodeURIComponent(site)}/release-imported-maintenance`);
