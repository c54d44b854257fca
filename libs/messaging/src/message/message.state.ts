import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { MessageEvent, ReplyMeaning, SuppressionReason } from './message.events.js';

type DataOf<Type extends MessageEvent['type']> = Extract<MessageEvent, { type: Type }>['data'];

/** What was planned, and under which key. It never changes. */
export type PlannedMessage = DataOf<'MessagePlanned'>;

/** The last attempt that was committed. */
export type Attempt = Omit<DataOf<'MessageAttempted'>, 'messageId'>;

interface Known {
  readonly planned: PlannedMessage;
  /** When it may leave now: `planned.due`, or the end of the quiet hours it was deferred to. */
  readonly due: ZonedTime;
  readonly deferrals: number;
  /** What stands against the session that it is about, where it is held for that. */
  readonly heldFor: readonly string[] | undefined;
  /** Attempts that were committed so far; the number of the last one tells its owner from a later one's. */
  readonly attempts: number;
  /** How often a provider did not take it and may later. */
  readonly refusals: number;
  /** In which it was written last; undefined before the first attempt. */
  readonly language: string | undefined;
  /** What the patient answered, in order. */
  readonly replies: readonly ReplyMeaning[];
}

/** What the provider has said since it took the message. That it arrived outweighs that it did not. */
export type Delivery = 'not-reported' | 'delivered' | 'undelivered';

export type MessageState =
  | { readonly status: 'none' }
  | (Known & { readonly status: 'pending' })
  /** A provider was, or is being, called, and what came of it is not on record yet. */
  | (Known & {
      readonly status: 'attempted';
      readonly attempt: Attempt;
      readonly attemptedAt: Instant;
      /** When a provider was first called that may have taken it: from then on it knows a repeat. */
      readonly firstAttemptAt: Instant;
    })
  | (Known & { readonly status: 'sent'; readonly sentAt: Instant; readonly delivery: Delivery })
  | (Known & { readonly status: 'suppressed'; readonly reason: SuppressionReason })
  | (Known & { readonly status: 'expired' })
  | (Known & { readonly status: 'failed'; readonly problem: string })
  | (Known & {
      readonly status: 'unknown';
      readonly problem: string;
      /** The attempt that nobody knows the outcome of; undefined where none is on record (after a restored backup). */
      readonly attempt: Attempt | undefined;
    });

export type KnownMessage = Exclude<MessageState, { status: 'none' }>;

export const messageFold = { initial: { status: 'none' } as MessageState, evolve };

function evolve(state: MessageState, event: RecordedEvent<MessageEvent>): MessageState {
  return evolveWith(state, event, event.recordedAt);
}

/** As `evolve`, for an event that is not recorded yet. */
export function evolveWith(state: MessageState, event: MessageEvent, recordedAt: Instant): MessageState {
  if (event.type === 'MessagePlanned') {
    const planned = event.data;
    return {
      ...{ status: 'pending', planned, due: planned.due, deferrals: 0 },
      ...{ heldFor: undefined, attempts: 0, refusals: 0, language: undefined, replies: [] },
    };
  }
  if (state.status === 'none') return state;
  const { planned, due, deferrals, attempts, refusals, language, replies } = state;
  const known = { planned, due, deferrals, heldFor: undefined, attempts, refusals, language, replies };
  switch (event.type) {
    case 'MessageDeferred':
      return { ...known, status: 'pending', due: event.data.until, deferrals: deferrals + 1 };
    case 'MessageHeld':
      return { ...known, status: 'pending', heldFor: event.data.reasons };
    case 'MessageReleased':
      return { ...known, status: 'pending' };
    case 'MessageAttempted': {
      const { messageId: _, ...attempt } = event.data;
      const isRepeat = state.status === 'attempted' && state.attempt.transport === attempt.transport;
      const firstAttemptAt = isRepeat ? state.firstAttemptAt : recordedAt;
      return {
        ...{ ...known, status: 'attempted', attempts: attempt.attempt, attempt, language: attempt.language },
        ...{ attemptedAt: recordedAt, firstAttemptAt },
      };
    }
    case 'MessageRefused': {
      const { retryAt } = event.data;
      return { ...known, status: 'pending', due: retryAt, deferrals: deferrals + 1, refusals: refusals + 1 };
    }
    case 'MessageSent':
      return { ...known, status: 'sent', sentAt: event.occurredAt.instant, delivery: 'not-reported' };
    case 'MessageSuppressed':
      return { ...known, status: 'suppressed', reason: event.data.reason };
    case 'MessageExpired':
      return { ...known, status: 'expired' };
    case 'MessageFailed':
      return { ...known, status: 'failed', problem: event.data.problem };
    case 'MessageOutcomeUnknown':
      return {
        ...{ ...known, status: 'unknown', problem: event.data.problem },
        attempt: state.status === 'attempted' ? state.attempt : undefined,
      };
    // A new due time, so that the queue does not take it for the one that it knows.
    case 'MessageReopened':
      return { ...known, status: 'pending', deferrals: deferrals + 1 };
    case 'MessageDeliveryReported':
      if (state.status !== 'sent') return state;
      return { ...state, delivery: state.delivery === 'delivered' ? 'delivered' : event.data.status };
    case 'MessageReplied':
      return { ...state, replies: [...replies, event.data.meaning] };
    default:
      return assertNever(event, 'message event');
  }
}
