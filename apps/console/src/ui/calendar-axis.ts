import { dateOfDay, dayNumber, monthShort } from './dates.js';

/** A stretch of days that all rows of a list share, so that their windows can be compared at a glance. */
export interface CalendarAxis {
  /** Day numbers; the end is exclusive. */
  start: number;
  end: number;
  today: number;
}

export interface MonthTick {
  /** 0 to 1. */
  at: number;
  label: string;
  /** January, or the first one: carries the year. */
  year: string | null;
}

export interface Bar {
  /** 0 to 1 both. */
  left: number;
  width: number;
  /** It begins before, or ends after, what the axis shows. */
  clippedStart: boolean;
  clippedEnd: boolean;
}

/** Whole months around today. */
export function axisAround(today: string, monthsBefore: number, monthsAfter: number): CalendarAxis {
  return {
    start: dayNumber(monthStart(today, -monthsBefore)),
    end: dayNumber(monthStart(today, monthsAfter + 1)),
    today: dayNumber(today),
  };
}

/** The first day of the month that lies so many months from that of `date`. */
export function monthStart(date: string, months: number): string {
  const index = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 + months;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01`;
}

/** Where a day begins, 0 to 1; outside the axis below 0 or above 1. */
export const placeOf = (axis: CalendarAxis, day: number): number => (day - axis.start) / (axis.end - axis.start);

/** A window of days, both included, cut to the axis; null where it lies outside. */
export function barOf(axis: CalendarAxis, opens: string, closes: string): Bar | null {
  const from = dayNumber(opens);
  const to = dayNumber(closes) + 1;
  if (to <= axis.start || from >= axis.end) return null;
  const left = placeOf(axis, Math.max(from, axis.start));
  return {
    left,
    width: placeOf(axis, Math.min(to, axis.end)) - left,
    clippedStart: from < axis.start,
    clippedEnd: to > axis.end,
  };
}

/** The first days of months inside the axis, every `step` months. */
export function monthTicks(axis: CalendarAxis, step = 1): MonthTick[] {
  const ticks: MonthTick[] = [];
  const first = dateOfDay(axis.start);
  for (let n = first.endsWith('-01') ? 0 : 1; ; n++) {
    const date = monthStart(first, n);
    const day = dayNumber(date);
    if (day >= axis.end) return ticks;
    const month = Number(date.slice(5, 7));
    if ((month - 1) % step !== 0) continue;
    const label = monthShort(month);
    ticks.push({ at: placeOf(axis, day), label, year: month === 1 || ticks.length === 0 ? date.slice(0, 4) : null });
  }
}
