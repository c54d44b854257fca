import { assertNever } from '#libs/kernel/src/assert-never.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import {
  MessageAttempted,
  MessageDeferred,
  type MessageEvent,
  MessageExpired,
  MessageFailed,
  MessageHeld,
  MessageOutcomeUnknown,
  MessagePlanned,
  MessageReleased,
  MessageSent,
  MessageSuppressed,
  type SuppressionReason,
} from './message.events.js';
import type { Attempt, MessageState, PlannedMessage } from './message.state.js';

export type MessageCommand =
  | { readonly kind: 'plan'; readonly planned: PlannedMessage }
  | { readonly kind: 'suppress'; readonly reason: SuppressionReason }
  | { readonly kind: 'expire' }
  | { readonly kind: 'defer'; readonly until: ZonedTime }
  /** Something stands against the session that it is about; `reasons` are ids of rules, in order. */
  | { readonly kind: 'hold'; readonly reasons: readonly string[] }
  /** `after` is the number of attempts that the caller has seen: who has seen fewer than there are is too late. */
  | { readonly kind: 'attempt'; readonly after: number; readonly by: Omit<Attempt, 'attempt'> }
  | { readonly kind: 'record-sent'; readonly attempt: number; readonly providerReference: string }
  | { readonly kind: 'record-failed'; readonly attempt: number; readonly problem: string }
  | { readonly kind: 'record-unknown'; readonly attempt: number; readonly problem: string };

/**
 * Decides what a command means to a message. A command that was done before, or whose time is over, adds nothing: what
 * happens to messages is certain to be tried more than once, by several processes.
 *
 * A message that was attempted may be suppressed, expired or attempted again only by somebody who knows that the
 * provider has not accepted it and refuses the former attempt from now on (see `Channel.claim`).
 */
export function decide(command: MessageCommand, state: MessageState, now: Instant): MessageEvent[] {
  if (command.kind === 'plan') {
    return state.status === 'none' ? [MessagePlanned(occurredNow(now), command.planned)] : [];
  }
  if (state.status !== 'pending' && state.status !== 'attempted') return [];
  const { messageId } = state.planned;
  const at = occurredNow(now);
  // What goes on is no longer held.
  const released = state.heldFor ? [MessageReleased(at, { messageId })] : [];
  switch (command.kind) {
    case 'suppress':
      return [MessageSuppressed(at, { messageId, reason: command.reason })];
    case 'expire':
      return [MessageExpired(at, { messageId, ...(state.heldFor && { heldFor: [...state.heldFor] }) })];
    case 'hold': {
      const isHeldForThat = state.heldFor?.join(' ') === command.reasons.join(' ');
      return isHeldForThat ? [] : [MessageHeld(at, { messageId, reasons: [...command.reasons] })];
    }
    case 'defer': {
      const later = command.until.instant > state.due.instant;
      if (!later) return [];
      return [...released, MessageDeferred(at, { messageId, until: command.until, reason: 'quiet-hours' })];
    }
    case 'attempt':
      return state.attempts === command.after
        ? [...released, MessageAttempted(at, { messageId, attempt: command.after + 1, ...command.by })]
        : [];
    case 'record-sent': {
      if (state.status !== 'attempted' || state.attempts !== command.attempt) return [];
      const { attempt, transport, channel } = state.attempt;
      return [
        MessageSent(at, { messageId, attempt, transport, channel, providerReference: command.providerReference }),
      ];
    }
    case 'record-failed':
      return state.attempts === command.attempt
        ? [MessageFailed(at, { messageId, attempt: Math.max(1, command.attempt), problem: command.problem })]
        : [];
    case 'record-unknown':
      return state.status === 'attempted' && state.attempts === command.attempt
        ? [MessageOutcomeUnknown(at, { messageId, attempt: command.attempt, problem: command.problem })]
        : [];
    default:
      return assertNever(command, 'message command');
  }
}
