import moment from 'moment-timezone';
import { z } from 'zod';

/**
 * Zone rules come from a pinned package and never from the machine: the tz database inside Node is older than some
 * zones' present rules, and two machines of one chain must agree.
 */
export const TZDB_VERSION: string = moment.tz.dataVersion;

/** `YYYY-MM-DDTHH:MM`, with optional seconds: what a clock on the wall of a site shows. */
export type WallTime = string;
/** An ISO 8601 instant in UTC with milliseconds, `2026-01-31T09:00:00.000Z`. */
export type Instant = string;
/** `YYYY-MM-DD`. */
export type LocalDate = string;

const WALL = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/;

export const localDateSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'a date as YYYY-MM-DD')
  .refine(isLocalDate, 'a date that exists in the calendar');

export const wallTimeSchema = z
  .string()
  .regex(WALL, 'a wall time as YYYY-MM-DDTHH:MM')
  .refine((value) => wallAsUtcMs(value) !== undefined, 'a time that exists in the calendar');

export const instantSchema = z.iso.datetime({ precision: 3, offset: false });

export const zoneSchema = z.string().refine(isZone, 'an IANA time zone such as Europe/Istanbul');

/** A moment at a site: what its clock showed, in which zone, by which rules, and which instant that was. */
export const zonedTimeSchema = z.strictObject({
  wall: wallTimeSchema,
  zone: zoneSchema,
  /** Version of the tz database that turned the wall time into the instant, for example `2026f`. */
  tzdb: z.string().min(1),
  instant: instantSchema,
});
export type ZonedTime = z.infer<typeof zonedTimeSchema>;

export type ResolvedWall =
  | { readonly kind: 'unique'; readonly time: ZonedTime }
  /** The clocks were set back: the wall time occurred twice. `time` is the earlier instant. */
  | { readonly kind: 'twice'; readonly time: ZonedTime; readonly later: ZonedTime }
  /** The clocks were set forward: the wall time did not occur. */
  | { readonly kind: 'skipped' };

/** Zones that were asked for and exist: looking one up takes longer than all else of reading a time. */
const knownZones = new Set<string>();

export function isZone(zone: string): boolean {
  if (knownZones.has(zone)) return true;
  // Names are found in any letter case; only the name itself is understood by everybody.
  const exists = moment.tz.zone(zone)?.name === zone;
  if (exists) knownZones.add(zone);
  return exists;
}

export function isLocalDate(value: string): boolean {
  return wallAsUtcMs(`${value}T00:00`) !== undefined;
}

/** The wall time read as if it were UTC, in ms; undefined where the calendar has no such day or the day no such time. */
function wallAsUtcMs(wall: WallTime): number | undefined {
  if (!WALL.test(wall)) return undefined;
  const [year, month, day] = [digits(wall, 0, 4), digits(wall, 5, 7), digits(wall, 8, 10)];
  const [hour, minute, second] = [digits(wall, 11, 13), digits(wall, 14, 16), digits(wall, 17, 19)];
  // Two digits are a slip of the hand, which `Date` would take for the last century.
  if (year < 100 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return day <= SHORTEST_MONTH_DAYS || new Date(ms).getUTCDate() === day ? ms : undefined;
}

const SHORTEST_MONTH_DAYS = 28;

/** The number that stands in a part of a text; 0 where the text is shorter. Every stored time is read with it. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to && at < text.length; at += 1) number = number * 10 + text.charCodeAt(at) - 48;
  return number;
}

/** By the name that was asked for: finding one takes longer than all else of a conversion. Its rules never change. */
const zones = new Map<string, NonNullable<ReturnType<typeof moment.tz.zone>>>();

function zoneOf(zone: string) {
  const known = zones.get(zone);
  if (known) return known;
  const found = moment.tz.zone(zone);
  if (!found) throw new RangeError(`Unknown time zone ${zone}`);
  zones.set(zone, found);
  return found;
}

/** Minutes to add to the wall time to get UTC, at an instant. */
const offsetMinutes = (zone: string, ms: number): number => zoneOf(zone).utcOffset(ms);

const MINUTE_MS = 60_000;
/** No zone changes its offset twice within a day and a half, so the offsets on both sides are all that can apply. */
const PROBE_MS = 36 * 60 * MINUTE_MS;

/**
 * Finds the instant of a wall time in a zone.
 * @throws RangeError for an unknown zone or a wall time that is not in the calendar (validate with the schemas first).
 */
export function resolveWall(wall: WallTime, zone: string): ResolvedWall {
  const asUtc = wallAsUtcMs(wall);
  if (asUtc === undefined) throw new RangeError(`Not a wall time: ${wall}`);
  const offsets = new Set([asUtc - PROBE_MS, asUtc, asUtc + PROBE_MS].map((ms) => offsetMinutes(zone, ms)));
  const instants = [...offsets]
    .map((offset) => ({ offset, ms: asUtc + offset * MINUTE_MS }))
    .filter(({ offset, ms }) => offsetMinutes(zone, ms) === offset)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  const at = (ms: number): ZonedTime => ({ wall, zone, tzdb: TZDB_VERSION, instant: new Date(ms).toISOString() });
  if (instants[0] === undefined) return { kind: 'skipped' };
  if (instants[1] === undefined) return { kind: 'unique', time: at(instants[0]) };
  return { kind: 'twice', time: at(instants[0]), later: at(instants[1]) };
}

/**
 * As `resolveWall`, for times that we choose ourselves (due instants, start of a day): a skipped wall time moves to
 * the first instant after the gap, one that occurs twice takes the earlier.
 */
export function wallToInstant(wall: WallTime, zone: string): ZonedTime {
  const resolved = resolveWall(wall, zone);
  if (resolved.kind !== 'skipped') return resolved.time;
  const asUtc = wallAsUtcMs(wall) as number;
  // The offset before the gap carries the wall time to an instant after it, as far past the gap as it lay inside.
  const before = offsetMinutes(zone, asUtc - PROBE_MS);
  return zonedTime(new Date(asUtc + before * MINUTE_MS).toISOString(), zone);
}

/** The wall time that `zone` shows at an instant. */
export function zonedTime(instant: Instant, zone: string): ZonedTime {
  const ms = Date.parse(instant);
  return { wall: wallAtMs(ms, zone), zone, tzdb: TZDB_VERSION, instant: new Date(ms).toISOString() };
}

/** What a clock on the wall shows in `zone` at an instant. */
export const wallAt = (instant: Instant, zone: string): WallTime => wallAtMs(Date.parse(instant), zone);

function wallAtMs(ms: number, zone: string): WallTime {
  const wall = new Date(ms - offsetMinutes(zone, ms) * MINUTE_MS).toISOString();
  const seconds = wall.slice(17, 19) === '00' ? 16 : 19;
  return wall.slice(0, seconds);
}

/** The calendar date in `zone` at an instant. */
export const localDateAt = (instant: Instant, zone: string): LocalDate => wallAt(instant, zone).slice(0, 10);

export const dateOfWall = (wall: WallTime): LocalDate => wall.slice(0, 10);
