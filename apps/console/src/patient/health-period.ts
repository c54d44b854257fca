import type { HealthFact } from '../api/patients.js';
import { formatDate } from '../ui/dates.js';

/**
 * From when to when something of a person's health holds; both days belong to it.
 * @param on the day in question
 */
export function periodText({ since, until }: Pick<HealthFact, 'since' | 'until'>, on: string): string {
  const from = since ? `since ${formatDate(since)}` : 'since nobody knows when';
  if (until === null) return from;
  return `${from}, ${until < on ? 'was over after' : 'until'} ${formatDate(until)}`;
}
