import { assertNever } from '#libs/kernel/src/assert-never.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import {
  type DeferralReason,
  MessageAttempted,
  MessageDeferred,
  MessageDeliveryReported,
  type MessageEvent,
  MessageExpired,
  MessageFailed,
  MessageHeld,
  MessageOutcomeUnknown,
  MessagePlanned,
  MessageRefused,
  MessageReleased,
  MessageReopened,
  MessageReplanned,
  MessageReplied,
  MessageSent,
  MessageSuppressed,
  type ReplyMeaning,
  type SuppressionReason,
} from './message.events.js';
import type { Attempt, KnownMessage, MessageState, PlannedMessage } from './message.state.js';

export type MessageCommand =
  | { readonly kind: 'plan'; readonly planned: PlannedMessage }
  | { readonly kind: 'suppress'; readonly reason: SuppressionReason }
  | { readonly kind: 'expire' }
  | { readonly kind: 'defer'; readonly until: ZonedTime; readonly reason: DeferralReason }
  /** Rules of a zone have changed since it was planned: sooner or later, and of use until another instant. */
  | { readonly kind: 're-plan'; readonly due: ZonedTime; readonly expiresAt: Instant }
  /** Something stands against the session that it is about; `reasons` are ids of rules, in order. */
  | { readonly kind: 'hold'; readonly reasons: readonly string[] }
  /** `after` is the number of attempts that the caller has seen: who has seen fewer than there are is too late. */
  | { readonly kind: 'attempt'; readonly after: number; readonly by: Omit<Attempt, 'attempt'> }
  /** `by` is who says so, for a message of which no attempt is on record here (after a restored backup). */
  | {
      readonly kind: 'record-sent';
      readonly attempt: number;
      readonly providerReference: string;
      readonly by?: Pick<Attempt, 'transport' | 'channel'> | undefined;
    }
  /** The provider has certainly not taken it, and is to be asked again. */
  | {
      readonly kind: 'record-refused';
      readonly attempt: number;
      readonly problem: string;
      readonly retryAt: ZonedTime;
    }
  | { readonly kind: 'record-failed'; readonly attempt: number; readonly problem: string }
  | { readonly kind: 'record-unknown'; readonly attempt: number; readonly problem: string }
  /** It may have been sent by a system that remembers more than this one: after a backup was restored. */
  | { readonly kind: 'doubt'; readonly problem: string }
  /** Somebody lets a message go again whose fate is unknown, or that was given up. */
  | { readonly kind: 'reopen' }
  | {
      readonly kind: 'report-delivery';
      readonly reference: string;
      readonly status: 'delivered' | 'undelivered';
      readonly problem?: string | undefined;
    }
  | {
      readonly kind: 'reply';
      readonly meaning: ReplyMeaning;
      readonly via: 'sms' | 'link';
      readonly text: string | null;
    };

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
  if (state.status === 'none') return [];
  switch (command.kind) {
    case 'record-sent':
      return recordSent(command, state, now);
    case 'record-refused':
    case 'record-failed':
      return recordNotTaken(command, state, now);
    case 'reopen':
    case 'report-delivery':
    case 'reply':
      return decideOnceSettled(command, state, now);
    default:
      return decideOpen(command, state, now);
  }
}

/** What is decided of a message until its fate is on record. */
type OpenCommand = Exclude<
  MessageCommand,
  {
    readonly kind: 'plan' | 'record-sent' | 'record-refused' | 'record-failed' | 'reopen' | 'report-delivery' | 'reply';
  }
>;

function decideOpen(command: OpenCommand, state: KnownMessage, now: Instant): MessageEvent[] {
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
      const { until, reason } = command;
      return until.instant > state.due.instant ? [...released, MessageDeferred(at, { messageId, until, reason })] : [];
    }
    case 're-plan': {
      const { due, expiresAt } = command;
      const isSo = [state.due.instant, state.planned.due.instant].includes(due.instant);
      // Whoever is sending it at this moment has decided by the rules that they know.
      if (state.status !== 'pending' || (isSo && state.planned.expiresAt === expiresAt)) return [];
      return [MessageReplanned(at, { messageId, due, expiresAt, reason: 'zone-rules' })];
    }
    case 'attempt':
      return state.attempts === command.after
        ? [...released, MessageAttempted(at, { messageId, attempt: command.after + 1, ...command.by })]
        : [];
    case 'record-unknown':
      return state.status === 'attempted' && state.attempts === command.attempt
        ? [MessageOutcomeUnknown(at, { messageId, attempt: command.attempt, problem: command.problem })]
        : [];
    case 'doubt':
      return [MessageOutcomeUnknown(at, { messageId, attempt: Math.max(1, state.attempts), problem: command.problem })];
    default:
      return assertNever(command, 'message command');
  }
}

/**
 * The answer of the provider, or what came after: a receipt for a call whose answer was lost, or somebody who knows. It
 * counts as long as a provider may have the message, whatever was decided meanwhile.
 */
function recordSent(
  { attempt, providerReference, by }: Extract<MessageCommand, { readonly kind: 'record-sent' }>,
  state: KnownMessage,
  now: Instant,
): MessageEvent[] {
  if (state.attempts !== attempt || !mayHaveBeenTaken(state)) return [];
  // Only after a restored backup is it unknown with no attempt on record.
  const known = state.openAttempt ?? (state.status === 'unknown' ? by : undefined);
  if (!known) return [];
  const { transport, channel } = known;
  const { messageId } = state.planned;
  const sent = { messageId, attempt: Math.max(1, attempt), transport, channel, providerReference };
  return [MessageSent(occurredNow(now), sent)];
}

const mayHaveBeenTaken = ({ status }: KnownMessage): boolean =>
  status === 'attempted' || status === 'unknown' || status === 'pending';

/** The provider has certainly not taken it. Whoever took over meanwhile, without knowing that, is set right. */
function recordNotTaken(
  command: Extract<MessageCommand, { readonly kind: 'record-refused' | 'record-failed' }>,
  state: KnownMessage,
  now: Instant,
): MessageEvent[] {
  const { attempt, problem } = command;
  const { messageId } = state.planned;
  const at = occurredNow(now);
  if (state.attempts !== attempt) return [];
  const isOpen = state.status === 'attempted' || (state.status === 'unknown' && state.openAttempt !== undefined);
  if (command.kind === 'record-refused') {
    return isOpen ? [MessageRefused(at, { messageId, attempt, problem, retryAt: command.retryAt })] : [];
  }
  // What cannot be written is given up without an attempt.
  if (!isOpen && state.status !== 'pending') return [];
  return [MessageFailed(at, { messageId, attempt: Math.max(1, attempt), problem })];
}

function decideOnceSettled(
  command: Extract<MessageCommand, { readonly kind: 'reopen' | 'report-delivery' | 'reply' }>,
  state: KnownMessage,
  now: Instant,
): MessageEvent[] {
  const { messageId, patientId } = state.planned;
  const at = occurredNow(now);
  switch (command.kind) {
    case 'reopen':
      return state.status === 'unknown' || state.status === 'failed' ? [MessageReopened(at, { messageId })] : [];
    case 'report-delivery': {
      const { reference, status, problem } = command;
      // A receipt for a call before the one that counts says nothing of it.
      const isOfIt = state.status === 'sent' && state.reference === reference;
      const isKnown = !isOfIt || state.delivery === 'delivered' || state.delivery === status;
      return isKnown
        ? []
        : [MessageDeliveryReported(at, { messageId, reference, status, ...(problem && { problem }) })];
    }
    case 'reply': {
      const { meaning, via, text } = command;
      // A link is often followed twice, by programs that look for viruses among others; what is new is said once.
      const isSaid = via === 'link' && state.replies.at(-1) === meaning;
      return isSaid ? [] : [MessageReplied(at, { messageId, patientId, meaning, via, text })];
    }
    default:
      return assertNever(command, 'message command');
  }
}
