import { exactDurationMs, type IsoDuration, parseIsoDuration } from '#libs/kernel/src/iso-duration.js';
import { addDateDuration, addDays } from '#libs/kernel/src/local-date.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '../protocol.schema.js';
import { objectsIn, valuesIn } from './objects-in.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

export const DAY_MS = 86_400_000;

/** No rule of a clinic reaches further, and the calendar ends with the year 9999. */
const DAYS_MAX = 36_600;

/** The fields that hold an ISO 8601 duration. */
const DURATION_FIELDS = new Set([
  ...['lasts', 'min', 'max', 'before', 'after', 'usefulFor', 'opens', 'closes'],
  ...['firstOpens', 'firstCloses', 'thenOpens', 'thenCloses', 'latest'],
]);

/** How long a duration is at the least and at the most: months and years have no one length. */
export function lengthsOf(duration: IsoDuration): { readonly minMs: number; readonly maxMs: number } {
  const { years, months, weeks, days, hours, minutes, seconds } = parseIsoDuration(duration);
  const exactMs = (weeks * 7 + days) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return {
    minMs: (years * 365 + months * 28) * DAY_MS + exactMs,
    maxMs: (years * 366 + months * 31) * DAY_MS + exactMs,
  };
}

export const isZero = (duration: IsoDuration): boolean => lengthsOf(duration).maxMs === 0;

/** Whether a duration can be counted on the calendar without leaving it. */
export const isCountable = (duration: IsoDuration): boolean => lengthsOf(duration).maxMs <= DAYS_MAX * DAY_MS;

/** Whether one duration is longer than another wherever they start. */
export const isSurelyLonger = (a: IsoDuration, b: IsoDuration): boolean => lengthsOf(a).minMs > lengthsOf(b).maxMs;

/** Durations that lead out of the calendar, those that are nothing, and ranges that end before they begin. */
export function durationFindings(protocol: Protocol): ProtocolFinding[] {
  return [...tooLong(protocol), ...zero(protocol), ...rangeFindings(protocol)];
}

function tooLong(protocol: Protocol): ProtocolFinding[] {
  return [...valuesIn(protocol)].flatMap(([path, value]) =>
    DURATION_FIELDS.has(lastOf(path)) && typeof value === 'string' && !isCountable(value)
      ? [finding('duration-too-long', path, `${value} is longer than a hundred years.`)]
      : [],
  );
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** What lasts no time at all does nothing, and a window that opens at once is due again without a pause. */
function zero({ aftercare, preSession, messages, maintenance }: Protocol): ProtocolFinding[] {
  const durations: (readonly [path: string, duration: IsoDuration | null])[] = [
    ...aftercare.flatMap((item, index) =>
      'lasts' in item ? [[`aftercare.${index}.lasts`, longerSide(item.lasts)] as const] : [],
    ),
    ...preSession.precautions.map(({ before }, index) => [`preSession.precautions.${index}.before`, before] as const),
    ...messages.flatMap((message, index) =>
      (['before', 'after', 'usefulFor'] as const).flatMap((field) =>
        field in message ? [[`messages.${index}.${field}`, message[field as 'usefulFor']] as const] : [],
      ),
    ),
    ...(maintenance.kind === 'rhythm' ? [['maintenance.thenOpens', maintenance.thenOpens] as const] : []),
  ];
  return durations.flatMap(([path, duration]) =>
    duration !== null && isZero(duration) ? [finding('duration-zero', path, `${duration} is no time at all.`)] : [],
  );
}

function longerSide(lasts: string | { readonly min: string; readonly max: string } | null): string | null {
  if (lasts === null || typeof lasts === 'string') return lasts;
  return exactDurationMs(lasts.min) > exactDurationMs(lasts.max) ? lasts.min : lasts.max;
}

function rangeFindings(protocol: Protocol): ProtocolFinding[] {
  return [...objectsIn(protocol)]
    .filter(([, { min, max }]) => isReversed(min, max))
    .map(([path, { min, max }]) =>
      finding('range-reversed', path, `The range ends (${max}) before it begins (${min}).`),
    );
}

function isReversed(min: unknown, max: unknown): boolean {
  if (typeof min === 'number' && typeof max === 'number') return min > max;
  return typeof min === 'string' && typeof max === 'string' && exactDurationMs(min) > exactDurationMs(max);
}

/** Every day of a leap year and of a common one: no other day moves in another way. */
const ANCHORS: readonly LocalDate[] = Array.from({ length: 2 * 366 }, (_, day) => addDays('2024-01-01', day));

/** How a window's opening or closing day follows from the day it is counted from. */
interface Shift {
  readonly from: (anchor: LocalDate) => LocalDate;
  readonly minMs: number;
  readonly maxMs: number;
}

export const byDuration = (duration: IsoDuration): Shift => ({
  from: (anchor) => addDateDuration(anchor, duration),
  ...lengthsOf(duration),
});

export function byDays(days: number): Shift {
  const counted = Math.min(days, DAYS_MAX);
  return { from: (anchor) => addDays(anchor, counted), minMs: counted * DAY_MS, maxMs: counted * DAY_MS };
}

/** Months have no fixed length: a window from P30D to P1M fails only over February, so every anchor is tried. */
export const mayCloseBeforeItOpens = (opens: Shift, closes: Shift): boolean =>
  closes.minMs < opens.maxMs && ANCHORS.some((anchor) => closes.from(anchor) < opens.from(anchor));

/** Whether a window closes before it opens whenever it is counted. */
export const closesBeforeItOpens = (opens: Shift, closes: Shift): boolean =>
  closes.minMs < opens.maxMs && ANCHORS.every((anchor) => closes.from(anchor) < opens.from(anchor));
