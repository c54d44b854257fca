import type { CodeKind } from '#libs/event-store/src/external-codes.js';
import type { StreamAppend } from '#libs/event-store/src/event-store.js';
import type { PersonalClass } from '#libs/event-store/src/personal-data.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { HistoryFile } from './history-file.js';
import type { Check } from './line-checks.js';

/** The fields of a line by column: without outer blanks, in Unicode's composed form. */
export type Values = Readonly<Record<string, string>>;

/** Files whose lines other lines refer to, by their code. */
export type ReferableFile = 'sites' | 'practitioners' | 'patients' | 'courses';

/** What an accepted line holds for those that refer to it. Never personal data: it stands open. */
export interface LineInfo {
  /** Of a site. */
  readonly zone?: string;
  /** Of a course. */
  readonly patientId?: Id;
}

export interface Reference {
  readonly id: Id;
  readonly info: LineInfo;
}

export interface Column {
  readonly name: string;
  /** Whether the field must not be empty, where that depends on the line: why it must not. */
  readonly required?: boolean | ((values: Values) => string | undefined);
  readonly check?: Check;
  /** Of an identity column: the one spelling of values that mean the same. */
  readonly canonical?: (value: string) => string;
  /** The file whose code stands in this column. */
  readonly refersTo?: ReferableFile;
  /** A wall time at the site in `site_code`. */
  readonly wallTime?: true;
  /** Something to tell about a value that is accepted. */
  readonly note?: (value: string, values: Values) => string | undefined;
}

/** A line that can be recorded. */
export interface UnderstoodLine {
  readonly line: number;
  readonly values: Values;
  /** By column. */
  readonly refs: Readonly<Record<string, Reference>>;
  /** By column; columns that are empty are missing. */
  readonly times: Readonly<Record<string, ZonedTime>>;
}

/** The end of a course, which waits for its sessions. */
export interface CourseEnd {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly siteId: Id;
  readonly status: 'completed' | 'stopped';
  /** In words; personal. */
  readonly reason: string;
  readonly consultedAt: ZonedTime;
}

/** What becomes of a line: one append, and what the import itself keeps. */
export interface Recording {
  readonly streams: readonly StreamAppend[];
  readonly site?: Id;
  /** Whose keys close the boxes of these events, so that the keys of a batch can be fetched together. */
  readonly person?: { readonly id: Id; readonly classes: readonly PersonalClass[] };
  readonly courseEnd?: CourseEnd;
  /** A performed session of a course, which may turn out to be its last. */
  readonly performed?: { readonly courseId: Id; readonly at: ZonedTime };
}

/** How one file is read and what becomes of its lines. */
export interface FileFormat {
  readonly file: HistoryFile;
  readonly columns: readonly Column[];
  /** What tells the thing from all others of its file. The first named column is told where it is taken already. */
  readonly identity: readonly string[];
  /** The thing's code in the table of codes, or its id where that follows from another thing's. */
  readonly identify: (line: UnderstoodLine) => { readonly kind: CodeKind; readonly code: string } | Id;
  readonly infoOf?: (line: UnderstoodLine) => LineInfo;
  readonly record: (line: UnderstoodLine, id: Id, now: Instant) => Recording;
}

// What a checked line must have; that it is missing is a mistake in a format, not in the line.

export function columnOf(line: UnderstoodLine, column: string): string {
  const value = line.values[column];
  if (value === undefined) throw new Error(`No column ${column}`);
  return value;
}

export function refOf(line: UnderstoodLine, column: string): Reference {
  const reference = line.refs[column];
  if (!reference) throw new Error(`${column} was not resolved`);
  return reference;
}

export function timeOf(line: UnderstoodLine, column: string): ZonedTime {
  const time = line.times[column];
  if (!time) throw new Error(`${column} was not resolved`);
  return time;
}

/** The zone of the site in `site_code`. */
export function zoneOf(line: UnderstoodLine): string {
  const { zone } = refOf(line, 'site_code').info;
  if (zone === undefined) throw new Error('A site without a zone');
  return zone;
}

/** The patient of the course in `course_code`. */
export function patientOf(line: UnderstoodLine): Id {
  const { patientId } = refOf(line, 'course_code').info;
  if (patientId === undefined) throw new Error('A course without a patient');
  return patientId;
}
