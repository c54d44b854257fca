import type { Receipt } from '#libs/messaging/src/channel.contract.js';

/** A message that somebody sent to one of our numbers. */
export interface InboundReply {
  /** Number of whoever wrote, E.164. */
  readonly from: string;
  /** The number of ours that it came to. */
  readonly to: string;
  /** As it was written, at most 1,600 characters. */
  readonly text: string;
  /** The provider's id of it, the same where it is told again. */
  readonly reference: string;
  /** The provider has taken it for one of its own words, and has shut or opened the number: it counts whatever we read. */
  readonly optOut?: 'stop' | 'start';
}

/**
 * Takes what providers tell of their own accord. Their calls were checked for who sent them; they may come twice, late
 * and in any order, and name messages that were never here: those are passed over. Throwing answers 5xx.
 */
export interface InboundMessages {
  receipt(receipt: Receipt): Promise<void>;
  reply(reply: InboundReply): Promise<void>;
}
