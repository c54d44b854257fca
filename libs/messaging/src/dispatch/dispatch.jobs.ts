import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
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

/** For so long the sweeper hands a message over under the same id, by the chain's clock. */
const SWEEP_ROUND_MS = 5 * 60_000;

/**
 * A job of the sweeper's must not be taken for one that the queue still holds and does not run, so its id is another one,
 * and a new one every few minutes. Within that time the queue, while it holds the job, takes it for the same: a backlog
 * that is swept many times does not multiply.
 * @param now the chain's time
 */
export const sweepJobId = (messageId: Id, deferrals: number, now: Instant): string =>
  `${dispatchJobId(messageId, deferrals)}-sweep-${Math.floor(Date.parse(now) / SWEEP_ROUND_MS)}`;

/**
 * One that waits for its turn with a provider. A job cannot add itself while it runs, so a message has two of these ids,
 * and never more than two such jobs, from wherever it was handed over.
 */
export const turnJobId = (messageId: Id, turn: number): string => `dispatch-${messageId}-turn-${turn % 2}`;
