import { parseIsoDuration, type IsoDuration } from './iso-duration.js';
import type { LocalDate } from './zoned-time.js';

/**
 * Calendar arithmetic on local dates (`YYYY-MM-DD`, years 0001 to 9999), with integers alone: no zone, no clock and no
 * `Date` can shift a day. Dates compare as strings.
 */

const LOCAL_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] as number);
}

function parse(date: LocalDate): CalendarDay {
  const match = LOCAL_DATE.exec(date);
  const [year, month, day] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])];
  const exists = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!exists) throw new RangeError(`Not a date of the calendar: ${date}`);
  return { year, month, day };
}

function format({ year, month, day }: CalendarDay): LocalDate {
  if (year < 1 || year > 9999) throw new RangeError(`Outside the years 0001 to 9999: ${year}`);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/**
 * Days since 1 March of the year 0. Years that begin in March end in the leap day, which makes the number of days
 * before a month the same in every year: 153 days in each five months.
 */
function dayNumber({ year, month, day }: CalendarDay): number {
  const marchYear = month > 2 ? year : year - 1;
  const monthFromMarch = (month + 9) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
}

const DAYS_IN_400_YEARS = 146_097;

function calendarDay(number: number): CalendarDay {
  const era = Math.floor(number / DAYS_IN_400_YEARS);
  const dayOfEra = number - era * DAYS_IN_400_YEARS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1 };
}

/** The date that lies a number of days after `date` (before it where negative). */
export function addDays(date: LocalDate, days: number): LocalDate {
  return format(calendarDay(dayNumber(parse(date)) + days));
}

/** Whole calendar days from one date to another; negative where `to` lies before `from`. */
export function daysBetween(from: LocalDate, to: LocalDate): number {
  return dayNumber(parse(to)) - dayNumber(parse(from));
}

/** Calendar months on (or back), clamped to the end of the month: 30 November + 3 months is 28 or 29 February. */
export function addMonths(date: LocalDate, months: number): LocalDate {
  const from = parse(date);
  const monthsSinceYear0 = from.year * 12 + (from.month - 1) + months;
  const year = Math.floor(monthsSinceYear0 / 12);
  const month = monthsSinceYear0 - year * 12 + 1;
  return format({ year, month, day: Math.min(from.day, daysInMonth(year, month)) });
}

/**
 * Moves a date by an ISO 8601 duration of years, months, weeks and days: months first, clamped, then days.
 * @throws RangeError for a duration with hours, minutes or seconds.
 */
export const addDateDuration = (date: LocalDate, duration: IsoDuration): LocalDate => shift(date, duration, 1);

/** As `addDateDuration`, backwards: the date on which one must act to be a duration ahead of `date`. */
export const subtractDateDuration = (date: LocalDate, duration: IsoDuration): LocalDate => shift(date, duration, -1);

function shift(date: LocalDate, duration: IsoDuration, direction: 1 | -1): LocalDate {
  const { years, months, weeks, days, hours, minutes, seconds } = parseIsoDuration(duration);
  if (hours + minutes + seconds > 0) throw new RangeError(`Not a duration of whole days: ${duration}`);
  return addDays(addMonths(date, direction * (years * 12 + months)), direction * (weeks * 7 + days));
}

export const laterDate = (a: LocalDate, b: LocalDate): LocalDate => (a > b ? a : b);
