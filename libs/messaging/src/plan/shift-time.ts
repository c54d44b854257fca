import { type IsoDuration, parseIsoDuration } from '#libs/kernel/src/iso-duration.js';
import { addDays, addMonths } from '#libs/kernel/src/local-date.js';
import { type Instant, type LocalDate, wallToInstant, zonedTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';

/** When the day's messages leave that have no hour of their own. */
const MESSAGE_HOUR = '09:00';

/**
 * Moves a time by a duration: years, months, weeks and days on the calendar (the clock on the wall shows the same hour,
 * whatever the clocks were set to between), hours and less by the clock that is never set.
 */
export function shiftTime(time: ZonedTime, duration: IsoDuration, direction: 1 | -1): ZonedTime {
  const { years, months, weeks, days, hours, minutes, seconds } = parseIsoDuration(duration);
  const calendarMonths = direction * (years * 12 + months);
  const calendarDays = direction * (weeks * 7 + days);
  const ms = direction * ((hours * 60 + minutes) * 60 + seconds) * 1000;
  const date = addDays(addMonths(time.wall.slice(0, 10), calendarMonths), calendarDays);
  const moved =
    calendarMonths === 0 && calendarDays === 0 ? time : wallToInstant(`${date}${time.wall.slice(10)}`, time.zone);
  return ms === 0 ? moved : zonedTime(new Date(Date.parse(moved.instant) + ms).toISOString(), time.zone);
}

/** Nine in the morning of a local date. */
export const morningOf = (date: LocalDate, zone: string): ZonedTime => wallToInstant(`${date}T${MESSAGE_HOUR}`, zone);

/** The first instant of a local date. */
export const startOf = (date: LocalDate, zone: string): ZonedTime => wallToInstant(`${date}T00:00`, zone);

export const addMinutes = (instant: Instant, minutes: number): Instant =>
  new Date(Date.parse(instant) + minutes * 60_000).toISOString();
