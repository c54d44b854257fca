import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { MessageState } from '../message/message.state.js';

/** No call to a provider takes longer: before that, whoever made it may still have the answer. */
const CALL_MS_MAX = 45_000;
const FIRST_REPEAT_MS = 45_000;
const LONGEST_REPEAT_MS = 60 * 60_000;
/** A provider's clock, and how it counts, are its own: the last tenth of the time is not relied on. */
const RELIED_ON = 0.9;

type Attempted = Extract<MessageState, { readonly status: 'attempted' }>;

/**
 * What to do about an attempt whose answer nobody has, with a provider that cannot be asked: wait, since the answer may
 * still be on its way or the last repeat was not long ago; repeat it, while the provider knows a repeat for what it is; or
 * leave it to a person. Repeats come after 45 seconds, then after twice as long each time, up to an hour.
 */
export function afterLostAnswer(
  { attempts, attemptedAt, firstAttemptAt }: Pick<Attempted, 'attempts' | 'attemptedAt' | 'firstAttemptAt'>,
  now: Instant,
  deduplicatesForMs: number,
): 'wait' | 'repeat' | 'unknown' {
  const since = Date.parse(now) - Date.parse(attemptedAt);
  if (since < CALL_MS_MAX) return 'wait';
  const isKnown = Date.parse(now) - Date.parse(firstAttemptAt) < deduplicatesForMs * RELIED_ON;
  if (!isKnown) return 'unknown';
  return since < Math.min(FIRST_REPEAT_MS * 2 ** (attempts - 1), LONGEST_REPEAT_MS) ? 'wait' : 'repeat';
}
