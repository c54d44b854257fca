import { type Instant, zonedTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';

/** An outage of some days is outlived; what is refused for longer is for people to look at. */
export const REFUSALS_MAX = 100;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 60 * 60_000;

/**
 * When a provider is asked again that did not take a message: after a minute, then after twice as long each time, up to an
 * hour; later where the provider says so. A refusal mostly says something of the provider and not of the message, so it is
 * the deadline that ends it.
 * @param refusals how often it has not taken the message before
 * @returns at the latest when the message is of no use any more, and expires; null where it has been asked often enough
 */
export function retryAt(
  { now, refusals, retryAfterMs = 0 }: { now: Instant; refusals: number; retryAfterMs?: number | undefined },
  { expiresAt, zone }: { expiresAt: Instant; zone: string },
): ZonedTime | null {
  if (refusals + 1 >= REFUSALS_MAX) return null;
  const wait = Math.max(retryAfterMs, Math.min(FIRST_WAIT_MS * 2 ** refusals, LONGEST_WAIT_MS));
  const at = new Date(Date.parse(now) + wait).toISOString();
  return zonedTime(at < expiresAt ? at : expiresAt, zone);
}
