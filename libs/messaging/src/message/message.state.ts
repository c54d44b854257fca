import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { MessageEvent, ReplyMeaning, SuppressionReason } from './message.events.js';

type DataOf<Type extends MessageEvent['type']> = Extract<MessageEvent, { type: Type }>['data'];

/** What was planned, and under which key. Only newer rules of a zone change when it is due. */
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
  /** How often a provider did not take it and may later, since it was planned or somebody let it go again. */
  readonly refusals: number;
  /** The last call that a provider may have taken it from, while nobody knows better; undefined: certainly none has. */
  readonly openAttempt: Attempt | undefined;
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
  | (Known & {
      readonly status: 'sent';
      readonly sentAt: Instant;
      /** The provider's, or what somebody found it by. */
      readonly reference: string;
      readonly delivery: Delivery;
    })
  | (Known & { readonly status: 'suppressed'; readonly reason: SuppressionReason })
  | (Known & { readonly status: 'expired' })
  | (Known & { readonly status: 'failed'; readonly problem: string })
  | (Known & { readonly status: 'unknown'; readonly problem: string });

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
      ...{ heldFor: undefined, attempts: 0, refusals: 0, openAttempt: undefined, language: undefined, replies: [] },
    };
  }
  if (state.status === 'none') return state;
  const { planned, due, deferrals, attempts, refusals, openAttempt, language, replies } = state;
  // Whoever goes on knows that no provider has it; where that is not so, it is said below.
  const closed = { heldFor: undefined, openAttempt: undefined };
  const known = { planned, due, deferrals, attempts, refusals, language, replies, ...closed };
  switch (event.type) {
    case 'MessageDeferred':
      return { ...known, status: 'pending', due: event.data.until, deferrals: deferrals + 1 };
    // What holds it still does; the count makes it another due time to the queue.
    case 'MessageReplanned': {
      const { due: newDue, expiresAt } = event.data;
      return { ...state, planned: { ...planned, due: newDue, expiresAt }, due: newDue, deferrals: deferrals + 1 };
    }
    case 'MessageHeld':
      return { ...known, status: 'pending', heldFor: event.data.reasons };
    case 'MessageReleased':
      return { ...known, status: 'pending' };
    case 'MessageAttempted': {
      const { messageId: _, ...attempt } = event.data;
      const isRepeat = state.status === 'attempted' && state.attempt.transport === attempt.transport;
      const firstAttemptAt = isRepeat ? state.firstAttemptAt : recordedAt;
      return {
        ...{ ...known, status: 'attempted', attempts: attempt.attempt, attempt, openAttempt: attempt },
        language: attempt.language,
        ...{ attemptedAt: recordedAt, firstAttemptAt },
      };
    }
    case 'MessageRefused': {
      const { retryAt } = event.data;
      return { ...known, status: 'pending', due: retryAt, deferrals: deferrals + 1, refusals: refusals + 1 };
    }
    case 'MessageSent':
      return {
        ...{ ...known, status: 'sent', sentAt: event.occurredAt.instant },
        ...{ reference: event.data.providerReference, delivery: 'not-reported' },
      };
    case 'MessageSuppressed':
      return { ...known, status: 'suppressed', reason: event.data.reason };
    case 'MessageExpired':
      return { ...known, status: 'expired' };
    case 'MessageFailed':
      return { ...known, status: 'failed', problem: event.data.problem };
    case 'MessageOutcomeUnknown':
      return { ...known, status: 'unknown', problem: event.data.problem, openAttempt };
    // A new due time, so that the queue does not take it for the one that it knows.
    case 'MessageReopened':
      // A receipt may still say that it was taken before.
      return { ...known, status: 'pending', deferrals: deferrals + 1, refusals: 0, openAttempt };
    case 'MessageDeliveryReported':
      if (state.status !== 'sent') return state;
      return { ...state, delivery: state.delivery === 'delivered' ? 'delivered' : event.data.status };
    case 'MessageReplied':
      return { ...state, replies: [...replies, event.data.meaning] };
    default:
      return assertNever(event, 'message event');
  }
}
