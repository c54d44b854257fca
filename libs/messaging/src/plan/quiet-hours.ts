import { addDays } from '#libs/kernel/src/local-date.js';
import { type Instant, resolveWall, wallToInstant, zonedTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { QuietHours } from '#libs/treatment/src/streams.contract.js';

/**
 * When the quiet hours that hold at an instant are over; null where none hold. They are hours of the clock on the wall
 * in `zone`: from `from` until before `to`, past midnight where `to` is the earlier one. The same hour twice means that
 * there are none.
 *
 * Where clocks are set back, an hour that occurs twice is quiet both times; where they are set forward over the end, the
 * quiet hours end with the gap.
 */
export function quietUntil(instant: Instant, zone: string, { from, to }: QuietHours): ZonedTime | null {
  const local = zonedTime(instant, zone);
  const [date, hour] = [local.wall.slice(0, 10), local.wall.slice(11, 16)];
  const pastMidnight = from > to;
  const quiet = pastMidnight ? hour >= from || hour < to : hour >= from && hour < to;
  if (!quiet) return null;
  const endDate = pastMidnight && hour >= from ? addDays(date, 1) : date;
  const end = resolveWall(`${endDate}T${to}`, zone);
  switch (end.kind) {
    case 'unique':
      return end.time;
    case 'twice':
      // In the hour that is lived through a second time the earlier end is over already.
      return end.time.instant > instant ? end.time : end.later;
    case 'skipped':
      return wallToInstant(`${endDate}T${to}`, zone);
  }
}
