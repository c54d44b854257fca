import { addDays, laterDate } from '#libs/kernel/src/local-date.js';
import {
  type Instant,
  type LocalDate,
  localDateAt,
  wallToInstant,
  type ZonedTime,
  zonedTime,
} from '#libs/kernel/src/zoned-time.js';
import { spansOf } from '#libs/messaging/src/proposals.contract.js';
import { nextEarliest } from '#libs/protocols/src/interval.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { lastSessionDate, type PlannedCourse } from '#libs/treatment/src/booking.contract.js';
import type { OpeningHours } from '#libs/treatment/src/streams.contract.js';
import { fullestIn, type Taken } from '../diary/diary.state.js';

const MINUTE_MS = 60_000;
/** Times are proposed at the quarters of an hour, counted from when the site opens. */
const STEP_MINUTES = 15;

export const after = (instant: Instant, minutes: number): Instant =>
  new Date(Date.parse(instant) + minutes * MINUTE_MS).toISOString();

/**
 * The times of a day at which a session may begin so that it ends within the same span of the opening hours (S4-U1). Of an
 * hour that the clock shows twice only the first has times: what is told to a patient must name one moment.
 */
export function startsOn(date: LocalDate, zone: string, hours: OpeningHours, minutes: number): ZonedTime[] {
  return spansOf(date, zone, hours).flatMap(({ from, to }) => {
    const starts: ZonedTime[] = [];
    for (let at = from.instant; after(at, minutes) <= to.instant; at = after(at, STEP_MINUTES)) {
      const start = zonedTime(at, zone);
      if (wallToInstant(start.wall, zone).instant === at) starts.push(start);
    }
    return starts;
  });
}

/** Whether the site is still open all the while. */
export function isOpenFor(at: ZonedTime, minutes: number, hours: OpeningHours | null): boolean {
  if (!hours) return true;
  const [from, to] = [at.instant, after(at.instant, minutes)];
  return spansOf(at.wall.slice(0, 10), at.zone, hours).some(
    (span) => span.from.instant <= from && to <= span.to.instant,
  );
}

/** The first of some times at which so many are not treated at once already; undefined where there is none. */
export const firstFree = (
  starts: readonly ZonedTime[],
  minutes: number,
  taken: readonly Taken[],
  capacity: number,
): ZonedTime | undefined =>
  starts.find(({ instant }) => fullestIn({ from: instant, to: after(instant, minutes) }, taken) < capacity);

/** The days on which a session may be proposed; empty where the window is over by then. */
export function daysOf(wish: {
  readonly window: { readonly opens: LocalDate; readonly closes: LocalDate };
  readonly course: PlannedCourse;
  readonly protocol: Pick<Protocol, 'intervalDays'>;
  readonly zone: string;
  /** No time before it. */
  readonly notBefore: Instant;
  /** Days on which the patient was offered a time before. */
  readonly except: readonly LocalDate[];
}): LocalDate[] {
  const { window, course, protocol, zone, notBefore, except } = wish;
  const last = lastSessionDate(course);
  const intervalDays = { ...protocol.intervalDays, ...course.choices?.intervalDays };
  const rested = last === undefined ? window.opens : nextEarliest({ intervalDays }, last);
  const days: LocalDate[] = [];
  const first = [window.opens, rested, localDateAt(notBefore, zone)].reduce(laterDate);
  for (let day = first; day <= window.closes && days.length < DAYS_MAX; day = addDays(day, 1)) {
    if (!except.includes(day)) days.push(day);
  }
  return days;
}

/** Windows of the built-in protocols are some months long. */
const DAYS_MAX = 400;
