import { addDays } from '#libs/kernel/src/local-date.js';
import {
  type Instant,
  type LocalDate,
  localDateAt,
  wallToInstant,
  type ZonedTime,
} from '#libs/kernel/src/zoned-time.js';
import type { OpeningHours } from '#libs/treatment/src/streams.contract.js';

/** A site that opens on none of so many days does not open. */
const DAYS_MAX = 400;

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** A time in which somebody is there: from `from` until before `to`. */
export interface OpenSpan {
  readonly from: ZonedTime;
  readonly to: ZonedTime;
}

/**
 * The spans of a day, in order, as instants. Where clocks are set forward over an end, it moves behind the gap; of an hour
 * that occurs twice the first counts for both ends, so that a span never grows by it.
 */
export function spansOf(date: LocalDate, zone: string, { weekly, closedOn }: OpeningHours): OpenSpan[] {
  if (closedOn.includes(date)) return [];
  const weekday = WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] as (typeof WEEKDAYS)[number];
  return [...weekly[weekday]]
    .sort((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ from, to }) => ({ from: wallToInstant(`${date}T${from}`, zone), to: wallToInstant(`${date}T${to}`, zone) }))
    .filter(({ from, to }) => from.instant < to.instant);
}

/** Whether somebody is there at an instant; if not, when somebody will be, which may be never. */
export type Opening =
  | { readonly kind: 'open' }
  | { readonly kind: 'opens'; readonly at: ZonedTime }
  | { readonly kind: 'never' };

export function openingAt(instant: Instant, zone: string, hours: OpeningHours): Opening {
  const today = localDateAt(instant, zone);
  for (let n = 0; n < DAYS_MAX; n += 1) {
    const span = spansOf(addDays(today, n), zone, hours).find(({ to }) => instant < to.instant);
    if (span) return span.from.instant <= instant ? { kind: 'open' } : { kind: 'opens', at: span.from };
  }
  return { kind: 'never' };
}
