import { queryOptions } from '@tanstack/react-query';
import { type LocalDate, type Page, type Person, pagesOf, type SiteRef } from './common.js';
import { getJson } from './http.js';

export interface AdverseEvent {
  id: string;
  state: 'open' | 'closed';
  /** `follow-up`: a follow-up found it. */
  source: 'report' | 'follow-up';
  patient: Person;
  site: SiteRef;
  courseId: string | null;
  sessionId: string | null;
  followUpId: string | null;
  kind: string;
  severity: string | null;
  /** WHO-UMC; null until somebody has judged it. */
  causality: string | null;
  /** Who sees to it. */
  owner: Person;
  onsetOn: LocalDate;
  /** The last day for the report to the authority. */
  reportBy: LocalDate;
  /** Days since `reportBy`, where it is open and was not reported; else 0. */
  daysOverdue: number;
  reportedToAuthority: { on: LocalDate; reference: string } | null;
  closure: { physician: Person; outcome: string } | null;
  /** Null where it was erased, or where a follow-up found it. */
  description: string | null;
}

/** Those that are to be reported first in front. */
export const adverseEventsQuery = (filter: { state?: AdverseEvent['state']; site?: string; patient?: string }) =>
  pagesOf<AdverseEvent>('adverse-events', '/v1/adverse-events', filter);

/** The most that a page of a list has; nobody has so many. */
const OF_PATIENT_MAX = 500;

/** All of one registration, closed ones included. */
export const adverseEventsOfQuery = (patient: string) =>
  queryOptions({
    queryKey: ['adverse-events-of', patient],
    queryFn: async ({ signal }) =>
      (await getJson<Page<AdverseEvent>>('/v1/adverse-events', { patient, limit: OF_PATIENT_MAX }, signal)).items,
  });
