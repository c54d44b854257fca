import type { CourseDetail, Session } from '../api/courses.js';
import { addDays } from '../ui/dates.js';
import { plural } from '../ui/labels.js';

export interface IntervalWindow {
  earliest: string;
  latest: string;
}

export interface IntervalWindows {
  /** For each performed course session after the first: the days on which the one before it allowed it. */
  performed: (IntervalWindow & { sessionId: string })[];
  /** The same for the session that comes next; null where none does. */
  next: IntervalWindow | null;
}

type Input = Pick<CourseDetail, 'sessions' | 'intervalDays' | 'plan' | 'status' | 'planned' | 'performed'>;

/** The days that the physician chose, else the protocol's; null while the protocol is not known. */
export const intervalOf = ({
  plan,
  intervalDays,
}: Pick<Input, 'plan' | 'intervalDays'>): CourseDetail['intervalDays'] => plan.intervalDays ?? intervalDays;

/** `7–10 days`, `1 day`. */
export const daysText = ({ min, max }: NonNullable<CourseDetail['intervalDays']>): string =>
  min === max ? plural(min, 'day') : `${min}–${max} days`;

/** The interval counts whole days between the local dates of consecutive performed course sessions. */
export function intervalWindows(course: Input): IntervalWindows {
  const { sessions, status, planned, performed } = course;
  const intervalDays = intervalOf(course);
  if (!intervalDays) return { performed: [], next: null };
  const done = sessions.filter(isPerformedCourseSession).sort(byInstantThenNumber);
  const after = (date: string): IntervalWindow => ({
    earliest: addDays(date, intervalDays.min),
    latest: addDays(date, intervalDays.max),
  });
  const last = done.at(-1);
  return {
    performed: done.slice(1).map((session, n) => ({ sessionId: session.id, ...after(done[n]?.localDate ?? '') })),
    next: last && status === 'active' && performed < planned ? after(last.localDate) : null,
  };
}

const isPerformedCourseSession = (session: Session): session is Session & { localDate: string } =>
  session.kind === 'course' && session.status === 'performed' && session.localDate !== null;

function byInstantThenNumber(a: Session & { localDate: string }, b: Session & { localDate: string }): number {
  const [first, second] = [a.instant ?? a.localDate, b.instant ?? b.localDate];
  if (first !== second) return first < second ? -1 : 1;
  return a.number - b.number;
}
