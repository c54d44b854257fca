import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { TaskSeverity } from '../task/task.events.js';

const HOUR_MS = 60 * 60 * 1000;

/** By when somebody should have seen to it: the same half day, by tomorrow, within three days. */
const HOURS: Readonly<Record<TaskSeverity, number>> = { urgent: 4, high: 24, normal: 72 };

/** @param since when its cause came about */
export const dueByOf = (severity: TaskSeverity, since: Instant): Instant => after(since, HOURS[severity]);

export const after = (instant: Instant, hours: number): Instant =>
  new Date(Date.parse(instant) + hours * HOUR_MS).toISOString();

export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);
export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);
