import { type Instant, zonedTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';

/** A provider that has not taken a message so often does not take it. */
export const REFUSALS_MAX = 8;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 60 * 60_000;

/**
 * When a provider is asked again that did not take a message: after a minute, then after twice as long each time, up to an
 * hour; later where the provider says so.
 * @param refusals how often it has not taken the message before
 * @returns null where it is not asked again: it has been asked often enough, or the message would be of no use by then
 */
export function retryAt(
  { now, refusals, retryAfterMs = 0 }: { now: Instant; refusals: number; retryAfterMs?: number | undefined },
  { expiresAt, zone }: { expiresAt: Instant; zone: string },
): ZonedTime | null {
  if (refusals + 1 >= REFUSALS_MAX) return null;
  const wait = Math.max(retryAfterMs, Math.min(FIRST_WAIT_MS * 2 ** refusals, LONGEST_WAIT_MS));
  const at = new Date(Date.parse(now) + wait).toISOString();
  return at < expiresAt ? zonedTime(at, zone) : null;
}
