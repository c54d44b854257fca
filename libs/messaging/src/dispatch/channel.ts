import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { MessageKind } from '../message/message.events.js';

/** A message on its way out, in the clear. It exists in memory only. */
export interface OutgoingMessage {
  readonly messageId: Id;
  readonly patientId: Id;
  readonly courseId: Id;
  readonly siteId: Id;
  readonly kind: MessageKind;
  readonly channel: 'email' | 'sms';
  /** Address or number. */
  readonly to: string;
  readonly language: string;
  readonly templateHash: string;
  readonly subject: string | null;
  readonly body: string;
  /** By the chain's clock. */
  readonly sentAt: Instant;
  /** Counts from 1. A later attempt shuts out the earlier ones. */
  readonly attempt: number;
  /** The same for every attempt of a message. */
  readonly idempotencyKey: string;
}

export type SendResult =
  /** The provider has it, and will not take it a second time under the same key. */
  | { readonly kind: 'accepted'; readonly reference: string }
  /** It does not want it and never will. `problem` is free of personal data. */
  | { readonly kind: 'rejected'; readonly problem: string }
  /** A later attempt has taken over; this one has done nothing. */
  | { readonly kind: 'shut-out' };

/** The port to whoever carries messages out of the house. */
export interface Channel {
  readonly transport: 'outbox';

  /** @throws when the answer is not known: the message may have been accepted or not. */
  send(chain: Chain, message: OutgoingMessage): Promise<SendResult>;

  /**
   * Shuts out every attempt before `attempt` from now on, then tells what was accepted until then. A channel that can
   * do neither has no such method: what it did not answer stays unknown, and is shown to a human.
   * @returns the provider's reference, null where nothing was accepted
   */
  claim?(chain: Chain, message: { readonly messageId: Id; readonly attempt: number }): Promise<string | null>;
}
