/**
 * Dates as text. Wall times come from the server, which knows the zones; here a string is only written differently.
 * Nothing goes through the browser's zone or its tz database: both may be wrong for a site.
 */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const MONTHS_LONG = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const DAY_MS = 86_400_000;

interface Parts {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
}

function partsOf(text: string): Parts {
  const [year = 0, month = 1, day = 1] = text.slice(0, 10).split('-').map(Number);
  return { year, month, day };
}

/** Whole days since 1970-01-01 of the calendar date a string starts with. */
export function dayNumber(text: string): number {
  const { year, month, day } = partsOf(text);
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** The date of a day number, `YYYY-MM-DD`. */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export const addDays = (date: string, days: number): string => dateOfDay(dayNumber(date) + days);

/** Calendar days from one date to another; negative when the second is earlier. */
export const daysBetween = (from: string, to: string): number => dayNumber(to) - dayNumber(from);

/** `2026-01-08` or a wall time as `8 Jan 2026`. */
export function formatDate(text: string): string {
  const { year, month, day } = partsOf(text);
  return `${day} ${MONTHS[month - 1]} ${year}`;
}

/** `8 Jan`, with the year only where it is another than that of `near`. */
export function formatDateNear(text: string, near: string): string {
  const { year, month, day } = partsOf(text);
  return year === partsOf(near).year ? `${day} ${MONTHS[month - 1]}` : formatDate(text);
}

/** A span of days, both included: `13 Dec – 1 Jan 2026`; one day alone where both are the same. */
export const formatSpan = (from: string, to: string): string =>
  from.slice(0, 10) === to.slice(0, 10) ? formatDate(to) : `${formatDateNear(from, to)} – ${formatDate(to)}`;

/** `Thu 8 Jan 2026`. */
export function formatDay(text: string): string {
  const weekday = WEEKDAYS[(((dayNumber(text) + 4) % 7) + 7) % 7];
  return `${weekday} ${formatDate(text)}`;
}

/** `January 2026`. */
export function formatMonth(text: string): string {
  const { year, month } = partsOf(text);
  return `${MONTHS_LONG[month - 1]} ${year}`;
}

export const monthShort = (month: number): string => MONTHS[month - 1] ?? '';

/** The time of a wall time or an instant, `14:30`; empty for a bare date. */
export const formatTime = (text: string): string => text.slice(11, 16);

/** `8 Jan 2026, 14:30`, as written. */
export function formatWall(wall: string): string {
  const time = formatTime(wall);
  return time === '' ? formatDate(wall) : `${formatDate(wall)}, ${time}`;
}

/** An instant in UTC, and it says so: `8 Jan 2026, 14:30 UTC`. */
export const formatInstant = (instant: string): string => `${formatWall(instant)} UTC`;

const count = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? '' : 's'}`;

/** A length of days in the unit a person would use: `12 days`, `5 weeks`, `7 months`, `2 years`. */
export function formatDays(days: number): string {
  if (days < 21) return count(days, 'day');
  if (days < 60) return count(Math.round(days / 7), 'week');
  if (days < 700) return count(Math.round(days / 30.44), 'month');
  return count(Math.round(days / 365.25), 'year');
}

/** `today`, `tomorrow`, `in 5 weeks`, `3 months ago`. */
export function relativeDay(date: string, today: string): string {
  const days = daysBetween(today, date);
  if (days === 0) return 'today';
  if (days === 1) return 'tomorrow';
  if (days === -1) return 'yesterday';
  return days > 0 ? `in ${formatDays(days)}` : `${formatDays(-days)} ago`;
}

const UNITS: Record<string, string> = {
  Y: 'year',
  M: 'month',
  W: 'week',
  D: 'day',
  TH: 'hour',
  TM: 'minute',
  TS: 'second',
};

/** An ISO 8601 duration in words: `P3M` as `3 months`, `PT24H` as `24 hours`. */
export function formatDuration(iso: string): string {
  const [date = '', time = ''] = iso.replace(/^P/, '').split('T');
  const read = (text: string, prefix: string) =>
    [...text.matchAll(/(\d+(?:\.\d+)?)([A-Z])/g)].map(([, n, unit]) => count(Number(n), UNITS[prefix + unit] ?? ''));
  return [...read(date, ''), ...read(time, 'T')].join(' ') || iso;
}

/** Hours of an ISO 8601 duration of days, hours and minutes. */
export function hoursOf(iso: string): number {
  const n = (unit: RegExp): number => Number(unit.exec(iso)?.[1] ?? 0);
  return n(/P(\d+)D/) * 24 + n(/(\d+)H/) + n(/T.*?(\d+)M/) / 60;
}
