import { type CourseRef, type LocalDate, type Person, pagesOf, type SiteRef, type Wall } from './common.js';

export const MAINTENANCE_STATES = ['overdue', 'due', 'upcoming'] as const;
export type MaintenanceState = (typeof MAINTENANCE_STATES)[number];

export interface MaintenanceItem {
  course: CourseRef;
  patient: Person;
  site: SiteRef;
  /** Counts the windows of the course from 1. */
  ordinal: number;
  opens: LocalDate;
  closes: LocalDate;
  state: MaintenanceState;
  booked: { sessionId: string; at: Wall } | null;
  /** It was overdue when an import brought it, and its first message still waits for staff of the site. */
  imported: boolean;
}

export const maintenanceQuery = (state: MaintenanceState, site: string | undefined) =>
  pagesOf<MaintenanceItem>('maintenance', '/v1/maintenance', { state, site });
