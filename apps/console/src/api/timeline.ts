import type { CourseRef, Instant, Person, SiteRef, Wall } from './common.js';

export type TimelineDetails = Record<string, string | number | string[]>;
export type Precision = 'instant' | 'day' | 'derived' | 'unknown';

/** One entry of a record, as it reads now. */
export interface TimelineItem {
  eventId: string;
  position: number;
  type: string;
  occurredAt: Instant;
  precision: Precision;
  wall: Wall | null;
  zone: string | null;
  recordedAt: Instant;
  origin: 'live' | 'import';
  /** Who was signed in, or which part of the system it was. */
  actor: string;
  /** The registration that it is about. */
  patientId: string;
  site: SiteRef | null;
  course: CourseRef | null;
  practitioner: Person | null;
  /** An English sentence without personal data. */
  title: string;
  details: TimelineDetails;
  /** What corrected it, in the order in which it was recorded. */
  corrections: Correction[];
  /** As it was entered; null where nothing has corrected it. */
  entered: Pick<TimelineItem, 'occurredAt' | 'precision' | 'wall' | 'title' | 'details'> | null;
  /** What took it back: it never happened. Null: it stands. */
  retracted: Retraction | null;
}

export interface Retraction {
  eventId: string;
  recordedAt: Instant;
  actor: string;
  /** Null where it was erased. */
  reason: string | null;
}

export interface Correction extends Retraction {
  changed: FieldChange[];
  /** Null: it stands. */
  retracted: Retraction | null;
}

/** A value is null where nothing was said, or where it was erased. */
export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}
