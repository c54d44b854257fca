import { z } from 'zod';
import type { Instant } from './zoned-time.js';

/** An ISO 8601 duration of whole units, for example `P3M`, `P1Y6M`, `P7D` or `PT24H`. Never negative. */
export type IsoDuration = string;

export interface DurationParts {
  readonly years: number;
  readonly months: number;
  readonly weeks: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

/** Four digits a unit reach past any clinical horizon and keep every sum an exact integer. */
const DURATION =
  /^P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,4})S)?)?$/;

function tryParse(text: string): DurationParts | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const unit = (group: number): number => Number(match[group] ?? 0);
  return {
    years: unit(1),
    months: unit(2),
    weeks: unit(3),
    days: unit(4),
    hours: unit(5),
    minutes: unit(6),
    seconds: unit(7),
  };
}

/** @throws RangeError for anything but an ISO 8601 duration of whole units. */
export function parseIsoDuration(text: IsoDuration): DurationParts {
  const parts = tryParse(text);
  if (!parts) throw new RangeError(`Not an ISO 8601 duration: ${text}`);
  return parts;
}

const hasTimePart = (parts: DurationParts): boolean => parts.hours + parts.minutes + parts.seconds > 0;
const hasMonths = (parts: DurationParts): boolean => parts.years + parts.months > 0;

/** Whether the duration counts calendar days or longer units only, so that a date can be moved by it. */
export function isDateDuration(text: string): boolean {
  const parts = tryParse(text);
  return parts !== undefined && !hasTimePart(parts);
}

/** Whether the duration has one length wherever it starts: no months and no years. */
export function isExactDuration(text: string): boolean {
  const parts = tryParse(text);
  return parts !== undefined && !hasMonths(parts);
}

export const isoDurationSchema = z
  .string()
  .refine((text) => tryParse(text) !== undefined, 'an ISO 8601 duration such as P7D or PT24H');

export const dateDurationSchema = z.string().refine(isDateDuration, 'an ISO 8601 duration of days or longer units');

/** Days and weeks alone: moves a date, and has one length as well. */
export const dayDurationSchema = z
  .string()
  .refine(
    (text) => isDateDuration(text) && isExactDuration(text),
    'an ISO 8601 duration of days or weeks, such as P7D',
  );

export const exactDurationSchema = z
  .string()
  .refine(isExactDuration, 'an ISO 8601 duration without months and years, such as PT24H');

const SECOND_MS = 1000;
const DAY_S = 86_400;

/**
 * Length of a duration without months and years. A day counts 24 hours here, since such durations run from an instant
 * and not from a midnight.
 * @throws RangeError for a duration with months or years: their length depends on where they start.
 */
export function exactDurationMs(text: IsoDuration): number {
  const parts = parseIsoDuration(text);
  if (hasMonths(parts)) throw new RangeError(`No exact length: ${text}`);
  const days = parts.weeks * 7 + parts.days;
  return (days * DAY_S + parts.hours * 3600 + parts.minutes * 60 + parts.seconds) * SECOND_MS;
}

/** The instant that lies an exact duration after another. */
export const addExactDuration = (instant: Instant, duration: IsoDuration): Instant =>
  new Date(Date.parse(instant) + exactDurationMs(duration)).toISOString();

/** The instant that lies an exact duration before another. */
export const subtractExactDuration = (instant: Instant, duration: IsoDuration): Instant =>
  new Date(Date.parse(instant) - exactDurationMs(duration)).toISOString();
