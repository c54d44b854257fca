import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { MessageKind, Transport } from './message/message.events.js';

export type { MessageKind, Transport } from './message/message.events.js';

/** An entry of the recipient's calendar. The same uid in every message about the same session; a later one has a higher sequence. */
export interface CalendarPart {
  readonly method: 'REQUEST' | 'CANCEL';
  readonly uid: string;
  readonly sequence: number;
  /** The whole iCalendar text (RFC 5545), which names no treatment. */
  readonly text: string;
}

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
  /** Name of the clinic as it may stand where others read it. */
  readonly sender: string;
  /** Null for an SMS. */
  readonly subject: string | null;
  /** Plain text. */
  readonly body: string;
  /** The same in HTML; null for an SMS. */
  readonly html: string | null;
  readonly calendar: CalendarPart | null;
  /** Where one request without a body, or with `List-Unsubscribe=One-Click`, ends this kind of message; null where nobody can be reached from outside. */
  readonly unsubscribeUrl: string | null;
  /** By the chain's clock. */
  readonly sentAt: Instant;
  /** Counts from 1. A later attempt shuts out the earlier ones. */
  readonly attempt: number;
  /** The same for every attempt of a message. */
  readonly idempotencyKey: string;
}

/** Every `problem` is free of personal data. */
export type SendResult =
  /** The provider has it. */
  | { readonly kind: 'accepted'; readonly reference: string }
  /** It does not want it and never will. */
  | { readonly kind: 'rejected'; readonly problem: string }
  /** It has certainly not taken it, and may later; `retryAfterMs` where it said when. */
  | { readonly kind: 'refused'; readonly problem: string; readonly retryAfterMs?: number }
  /** It may have taken it. */
  | { readonly kind: 'unknown'; readonly problem: string }
  /** A later attempt has taken over; this one has done nothing. */
  | { readonly kind: 'shut-out' };

/** The port to whoever carries messages out of the house. */
export interface Channel {
  readonly transport: Transport;

  /** How long after a call the provider takes a repeat under the same idempotency key for the same message, in ms; 0: never. */
  readonly deduplicatesForMs: number;

  /**
   * Calls the provider once, within a time-out of its own that is well below 30 s.
   * Throwing counts as `unknown`: the message may have been accepted or not.
   */
  send(chain: Chain, message: OutgoingMessage): Promise<SendResult>;

  /**
   * Shuts out every attempt before `attempt` from now on, then tells what was accepted until then. A channel that can
   * do neither has no such method: what it did not answer stays unknown, and is shown to a human.
   * @returns the provider's reference, null where nothing was accepted
   */
  claim?(chain: Chain, message: { readonly messageId: Id; readonly attempt: number }): Promise<string | null>;

  /** Lets go of connections. */
  close?(): Promise<void>;
}

/** What a provider says later of a message that it took, or that we do not know whether it took. */
export interface Receipt {
  readonly messageId: Id;
  readonly reference: string;
  readonly status: 'accepted' | 'delivered' | 'undelivered';
  /** Of the provider, where it was not delivered; free of personal data. */
  readonly problem?: string;
  /** Who says so; settles a message of which no attempt is on record, after a restored backup. */
  readonly by: { readonly transport: Transport; readonly channel: 'email' | 'sms' };
}
