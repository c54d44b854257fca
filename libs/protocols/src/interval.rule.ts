import { addDays, daysBetween } from '#libs/kernel/src/local-date.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from './protocol.schema.js';

export type IntervalDeviation = 'interval-short' | 'interval-long';

/**
 * Judges the whole calendar days between the local dates of two consecutive performed course sessions, each date in the
 * zone of the site where it took place (S0-N1, S1-N1). Null: inside the protocol's range.
 */
export function intervalDeviation(
  protocol: Pick<Protocol, 'intervalDays'>,
  previous: LocalDate,
  date: LocalDate,
): IntervalDeviation | null {
  const days = daysBetween(previous, date);
  if (days < protocol.intervalDays.min) return 'interval-short';
  if (days > protocol.intervalDays.max) return 'interval-long';
  return null;
}

/** The first date on which the next session is not too early (S0-N1, S1-N1). */
export const nextEarliest = (protocol: Pick<Protocol, 'intervalDays'>, last: LocalDate): LocalDate =>
  addDays(last, protocol.intervalDays.min);

/** The last date on which the next session is not too late (S0-N1, S1-N1). */
export const nextLatest = (protocol: Pick<Protocol, 'intervalDays'>, last: LocalDate): LocalDate =>
  addDays(last, protocol.intervalDays.max);
