import type { RetriedKey } from '../api/projections.js';
import { plural } from '../ui/labels.js';

/** What trying parked keys again came to, in a sentence. */
export function retryOutcome(items: readonly RetriedKey[]): string {
  const done = `${plural(
    items.reduce((sum, { applied }) => sum + applied, 0),
    'event',
  )} applied`;
  const [failed, ...others] = items.filter(({ left }) => left > 0);
  if (!failed) return `${done}, nothing is left.`;
  return others.length === 0
    ? `${done}. Still set aside: ${failed.key}, ${plural(failed.left, 'event')}.`
    : `${done}. ${plural(others.length + 1, 'key')} could not be applied again.`;
}
