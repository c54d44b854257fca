import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { CourseRefusal } from './course.errors.js';

/** When a session began and ended, how long it took and when its steps were done: four sayings of one thing. */
export interface SessionTimes {
  readonly at: ZonedTime;
  readonly endedAt?: ZonedTime | undefined;
  readonly durationMinutes?: number | undefined;
  readonly steps?: readonly { readonly at?: ZonedTime | undefined }[] | undefined;
}

/** A session is over within a day, as its duration is, in minutes. */
const LONGEST_MINUTES = 1_440;
const MINUTE_MS = 60_000;

/** Whole minutes between two moments; undefined where the second is not known. */
export const minutesBetween = (from: ZonedTime, to: ZonedTime | undefined): number | undefined =>
  to && Math.round((Date.parse(to.instant) - Date.parse(from.instant)) / MINUTE_MS);

/** Whether something had come when a session began: a wall time has minutes, and what came in its minute had come. */
export const hasComeBy = (instant: Instant, began: Instant): boolean =>
  instant.slice(0, TO_THE_MINUTE) <= began.slice(0, TO_THE_MINUTE);
const TO_THE_MINUTE = 'yyyy-mm-ddThh:mm'.length;

/** How long a session took, in minutes: between its start and its end where both are known, else as it was said. */
export const durationOf = ({ at, endedAt, durationMinutes }: SessionTimes): number | undefined =>
  minutesBetween(at, endedAt) ?? durationMinutes;

/**
 * What its times say against each other. That it took longer or shorter than the protocol expects is no matter of this: a
 * length that is outside is a deviation, two lengths at once are a mistake.
 */
export function timeFields(times: SessionTimes, now: Instant): CourseRefusal[] {
  return [...endFields(times, now), ...durationFields(times), ...stepFields(times, now)];
}

function endFields({ at, endedAt }: SessionTimes, now: Instant): CourseRefusal[] {
  const took = minutesBetween(at, endedAt);
  if (!endedAt || took === undefined) return [];
  if (endedAt.instant >= at.instant && endedAt.instant <= now && took <= LONGEST_MINUTES) return [];
  return [
    {
      field: 'endedAt',
      message: `${endedAt.wall} is before the start, more than a day after it, or still to come.`,
      rule: 'session.ends-after-start',
      facts: [],
      seen: endedAt.wall,
      accepted: 'a time between the start and now, on the day of the session',
    },
  ];
}

function durationFields({ at, endedAt, durationMinutes }: SessionTimes): CourseRefusal[] {
  const took = minutesBetween(at, endedAt);
  if (took === undefined || durationMinutes === undefined || took === durationMinutes) return [];
  return [
    {
      field: 'durationMinutes',
      message: `Between its start and its end lie ${took} minutes, not ${durationMinutes}.`,
      rule: 'session.duration-agrees',
      facts: [],
      seen: durationMinutes,
      accepted: `${took}, or none: it follows from the start and the end`,
    },
  ];
}

/** Steps are named in the order in which they were done, while the session went on. */
function stepFields(times: SessionTimes, now: Instant): CourseRefusal[] {
  const from = Date.parse(times.at.instant);
  const minutes = durationOf(times);
  const until = minutes === undefined ? Date.parse(now) : from + minutes * MINUTE_MS;
  const fields: CourseRefusal[] = [];
  let last = from;
  for (const [n, { at }] of (times.steps ?? []).entries()) {
    if (!at) continue;
    const done = Date.parse(at.instant);
    if (done >= last && done <= until) {
      last = done;
      continue;
    }
    fields.push({
      field: `steps.${n}.at`,
      message: `${at.wall} is before the step that it follows, or outside the session.`,
      rule: 'session.steps-within',
      facts: [],
      seen: at.wall,
      accepted: 'times between the start and the end of the session, in the order of the steps',
    });
  }
  return fields;
}
