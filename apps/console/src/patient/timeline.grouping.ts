import type { TimelineItem } from '../api/timeline.js';
import { daysBetween, formatDate, formatInstant, formatTime, formatWall } from '../ui/dates.js';
import { channelName, languageName, words } from '../ui/labels.js';

export interface TimelineMonth {
  /** `YYYY-MM`. */
  month: string;
  items: TimelineItem[];
}

/** The date a thing is filed under: the site's wall date where there is one. */
export const dateOf = (item: Pick<TimelineItem, 'wall' | 'occurredAt'>): string =>
  (item.wall ?? item.occurredAt).slice(0, 10);

/** Neighbours of one month together, in the order they came. */
export function byMonth(items: readonly TimelineItem[]): TimelineMonth[] {
  const months: TimelineMonth[] = [];
  for (const item of items) {
    const month = dateOf(item).slice(0, 7);
    const last = months.at(-1);
    if (last?.month === month) last.items.push(item);
    else months.push({ month, items: [item] });
  }
  return months;
}

/** When it happened, no more exactly than it is known. */
export function occurredText(item: Pick<TimelineItem, 'wall' | 'occurredAt' | 'precision'>): string {
  if (item.precision === 'unknown') return 'time unknown';
  if (item.precision === 'day' || item.precision === 'derived') return formatDate(dateOf(item));
  return item.wall ? formatWall(item.wall) : formatInstant(item.occurredAt);
}

/** The time of day, where it is known to that precision. */
export const timeText = (item: Pick<TimelineItem, 'wall' | 'occurredAt' | 'precision'>): string =>
  item.precision === 'instant' ? (item.wall ? formatTime(item.wall) : `${formatTime(item.occurredAt)} UTC`) : '';

/**
 * When the system learned of it, where that tells the reader something: not for what was recorded within a day of
 * happening. An unknown time is the time of recording and says so by itself.
 */
export function recordedText(item: Pick<TimelineItem, 'occurredAt' | 'recordedAt' | 'precision'>): string | null {
  if (item.precision === 'unknown') return `recorded ${formatInstant(item.recordedAt)}`;
  if (Math.abs(daysBetween(item.occurredAt, item.recordedAt)) <= 1) return null;
  return `recorded ${formatInstant(item.recordedAt)}`;
}

const DATE_OR_WALL = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/;
const CODE = /^[a-z]+(-[a-z]+)+$/;

/** What an event says about itself, as a person would write it: dates, languages, channels and codes in words. */
export function detailText(label: string, value: string | number | string[]): string {
  if (Array.isArray(value)) return value.map((one) => detailText(label, one)).join(', ');
  if (typeof value === 'number') return String(value);
  if (label === 'language') return languageName(value);
  if (label === 'channel') return channelName(value);
  if (DATE_OR_WALL.test(value)) return formatWall(value);
  return CODE.test(value) ? words(value).toLowerCase() : value;
}
