import { queryOptions } from '@tanstack/react-query';
import type { CourseRef, LocalDate, Page, Person, SiteRef, Wall } from './common.js';
import { getJson, ownRoles, postJson, putJson } from './http.js';
import { sitesOf } from './own-site.js';

export interface Site extends SiteRef {
  timeZone: string;
  language: string;
  quietHours: { from: string; to: string } | null;
  counts: { activeCourses: number; due: number; overdue: number; upcoming: number; unscheduled: number };
}

/** Times of a day, `HH:MM`. */
export interface ClockSpan {
  from: string;
  to: string;
}

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When somebody is there; a day without spans is closed. */
export interface OpeningHours {
  weekly: Record<Weekday, ClockSpan[]>;
  closedOn: LocalDate[];
}

/** How a site invites its patients to come again. */
export interface RecallRules {
  /** A patient gets no more invitations than `count` within `days`; null: as many as fall due. */
  cap: { count: number; days: number } | null;
  /** How times are proposed for maintenance; null: patients are asked to call. */
  proposals: {
    capacity: number;
    leadDays: number;
    holdHours: number;
    triesMax: number;
    confirmedBy: 'patient' | 'staff';
  } | null;
}

export interface MessageRules {
  /** Null where the site has said nothing. */
  openingHours: OpeningHours | null;
  recall: RecallRules;
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
  // Those that somebody works at: the others are no choice for them.
  queryFn: async ({ signal }) => {
    const [page, roles] = await Promise.all([getJson<Page<Site>>('/v1/sites', { limit: 500 }, signal), ownRoles()]);
    const own = sitesOf(roles);
    return own === null ? page.items : page.items.filter(({ id }) => own.has(id));
  },
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

const rulesOf = (site: string, path: string): string => `/v1/sites/${encodeURIComponent(site)}/${path}`;

export const messageRulesQuery = (site: string) =>
  queryOptions({
    queryKey: ['message-rules', site],
    queryFn: ({ signal }) => getJson<MessageRules>(rulesOf(site, 'message-rules'), {}, signal),
  });

export const setQuietHours = (site: string, hours: ClockSpan) => putJson(rulesOf(site, 'quiet-hours'), hours);

export const setOpeningHours = (site: string, hours: OpeningHours) => putJson(rulesOf(site, 'opening-hours'), hours);

export const setRecallRules = (site: string, rules: RecallRules) => putJson(rulesOf(site, 'recall-rules'), rules);
