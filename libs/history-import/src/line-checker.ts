import { resolveWall, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Column, FileFormat, ReferableFile, Reference, UnderstoodLine } from './file-format.js';
import type { RawLine } from './line-reader.js';

/** What is known of a code that a line refers to: the thing, or the line that would have been it and was refused. */
export type Found = Reference | { readonly refusedOnLine: number } | undefined;

export type Lookup = (file: ReferableFile, code: string) => Found;

export interface Fault {
  readonly column: string;
  readonly value: string;
  /** What to mend, as a sentence. */
  readonly reason: string;
}

export interface LineNote {
  readonly column: string;
  readonly value: string;
  readonly note: string;
}

/** Checks one line, column by column in the order of the format, up to the first that cannot be understood. */
export function checkLine(
  format: FileFormat,
  line: RawLine,
  lookup: Lookup,
): { readonly fault: Fault } | { readonly understood: UnderstoodLine; readonly notes: readonly LineNote[] } {
  const refs = references(format, line, lookup);
  const times: Record<string, ZonedTime> = {};
  const notes: LineNote[] = [];
  for (const column of format.columns) {
    const { name } = column;
    const raw = line.raw[name] as string;
    const reason = faultOf(column, line, lookup) ?? timeFault(column, line, refs, times, notes);
    if (reason !== undefined) return { fault: { column: name, value: raw, reason } };
    const value = line.values[name] as string;
    const note = value === '' ? undefined : column.note?.(value, line.values);
    if (note !== undefined) notes.push({ column: name, value: raw, note });
  }
  return { understood: { line: line.line, values: line.values, refs, times }, notes };
}

function references(format: FileFormat, line: RawLine, lookup: Lookup): Record<string, Reference> {
  const refs: Record<string, Reference> = {};
  for (const { name, refersTo } of format.columns) {
    const found = refersTo && lookup(refersTo, line.values[name] as string);
    if (found && 'id' in found) refs[name] = found;
  }
  return refs;
}

function faultOf(column: Column, line: RawLine, lookup: Lookup): string | undefined {
  const value = line.values[column.name] as string;
  if (value === '') {
    if (column.required === true) return 'Fill it in: it is required.';
    return column.required ? column.required(line.values) : undefined;
  }
  return column.check?.(value) ?? (column.refersTo && referenceFault(column.refersTo, value, lookup));
}

const NOUNS: Record<ReferableFile, string> = {
  sites: 'site',
  practitioners: 'practitioner',
  patients: 'patient',
  courses: 'course',
};

function referenceFault(file: ReferableFile, code: string, lookup: Lookup): string | undefined {
  const found = lookup(file, code);
  if (found === undefined) return `There is no ${NOUNS[file]} ${code}: add it to ${file}.csv, or correct the code.`;
  if ('id' in found) return undefined;
  return `The ${NOUNS[file]} ${code} was refused: mend line ${found.refusedOnLine} of ${file}.csv first.`;
}

/** Finds the instant of a wall time, into `times`; tells why there is none. */
function timeFault(
  { name, wallTime }: Column,
  line: RawLine,
  refs: Readonly<Record<string, Reference>>,
  times: Record<string, ZonedTime>,
  notes: LineNote[],
): string | undefined {
  const wall = line.values[name] as string;
  const zone = refs.site_code?.info.zone;
  // Without its site, the line is refused for that.
  if (!wallTime || wall === '' || zone === undefined) return undefined;
  // Most sessions took place when they were planned; a time that occurred twice is looked up again, to be noted again.
  const same = Object.values(times).find((time) => time.wall === wall);
  if (same && notes.length === 0) {
    times[name] = same;
    return undefined;
  }
  const resolved = resolveWall(wall, zone);
  if (resolved.kind === 'skipped') {
    return `Correct the time: clocks in ${zone} were set forward over ${wall}, so it did not exist there.`;
  }
  if (resolved.kind === 'twice') {
    const note = `Clocks in ${zone} showed this time twice; the earlier instant, ${resolved.time.instant}, was taken.`;
    notes.push({ column: name, value: line.raw[name] as string, note });
  }
  times[name] = resolved.time;
  return undefined;
}
