import type { Id } from '#libs/kernel/src/ids.js';
import { categoryOf, type MessageKind } from '../message/message.events.js';

export const DISPATCH_QUEUE = 'dispatch';

/** Ids only: who it goes to and what it says is found out when it goes. */
export interface DispatchJob extends Readonly<Record<string, string>> {
  readonly chainId: Id;
  readonly messageId: Id;
}

/** What is clinical goes before what invites somebody to come again. 1 is the first. */
export const priorityOf = (kind: MessageKind): number => {
  const category = categoryOf(kind);
  return category === 'clinical' ? 1 : category === 'appointment' ? 2 : 3;
};

/** One job for each due time of a message: a deferral makes a new one. */
export const dispatchJobId = (messageId: Id, deferrals: number): string => `dispatch-${messageId}-${deferrals}`;

/** A job of the sweeper's must not be taken for one that the queue still holds and does not run. */
export const sweepJobId = (messageId: Id, deferrals: number, sweep: number): string =>
  `${dispatchJobId(messageId, deferrals)}-sweep-${sweep}`;

/** One that waits for its turn with a provider. */
export const turnJobId = (messageId: Id, turn: number, at: number): string =>
  `dispatch-${messageId}-turn-${turn}-${at}`;
