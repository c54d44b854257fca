import { type CourseRef, type LocalDate, type Person, pagesOf, type SiteRef, type Wall } from './common.js';

/** In the order of the due list; `unscheduled`: a physician is still to set the window. */
export const MAINTENANCE_STATES = ['overdue', 'due', 'upcoming', 'unscheduled'] as const;
export type MaintenanceListState = (typeof MAINTENANCE_STATES)[number];
/** Of a window that is set. */
export type MaintenanceState = Exclude<MaintenanceListState, 'unscheduled'>;

interface MaintenanceOfCourse {
  course: CourseRef;
  patient: Person;
  site: SiteRef;
  /** Counts the windows of the course from 1. */
  ordinal: number;
  booked: { sessionId: string; at: Wall } | null;
  /** It was overdue when an import brought it, and its first message still waits for staff of the site. */
  imported: boolean;
}

export interface SetMaintenance extends MaintenanceOfCourse {
  opens: LocalDate;
  closes: LocalDate;
  latest: null;
  state: MaintenanceState;
}

export interface UnsetMaintenance extends MaintenanceOfCourse {
  opens: null;
  closes: null;
  /** The day by which maintenance is to take place. */
  latest: LocalDate;
  state: 'unscheduled';
}

export type MaintenanceItem = SetMaintenance | UnsetMaintenance;

export const maintenanceQuery = (state: MaintenanceListState, site: string | undefined) =>
  pagesOf<MaintenanceItem>('maintenance', '/v1/maintenance', { state, site });
