import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { inGroups } from '../reactor/in-groups.js';
import { isOfTheMoment, ProviderBusy } from './dispatch.problem.js';
import type { DispatchOutcome } from './dispatch-outcome.js';
import type { Dispatcher } from './dispatcher.js';
import type { ClaimedMessage, HeldNotes } from './held-notes.js';

/** Messages of one look; the sweeper comes by again in seconds. */
const BATCH = 200;
/** Of them, at a time. */
const CONCURRENCY = 8;
/** What nobody could decide on is left alone for so long, by the chain's clock. */
const POSTPONED_MS = 60_000;
/** A message that cannot be written so often never can. */
const FAILURES_MAX = 3;
/** Then it may be held still: somebody is sending it, or the chain's messages do not go at present. */
const DECIDED_NOTHING: ReadonlySet<DispatchOutcome> = new Set(['in-flight', 'closed']);

export interface HeldMessagesDependencies {
  readonly chains: Pick<Chains, 'now'>;
  readonly heldNotes: HeldNotes;
  readonly dispatcher: Pick<Dispatcher, 'dispatch' | 'fail'>;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Looks again at messages that are held, since something stands against their session: when something has happened from
 * which that was decided, and when they are of no use any more. What nothing stands against is sent, what is no longer of
 * use expires, and nothing is written about the rest, however often it is looked at.
 */
export class HeldMessages {
  constructor(private readonly deps: HeldMessagesDependencies) {}

  /** @returns how many were looked at: those that are due for it and nobody else looks at, at most `BATCH`. */
  async look(chain: Chain): Promise<number> {
    const { chains, heldNotes } = this.deps;
    const claimed = await heldNotes.claim(chain, await chains.now(chain), BATCH);
    await inGroups(claimed, (message) => this.lookAt(chain, message), CONCURRENCY);
    return claimed.length;
  }

  /** Puts right what was lost between the messages and the notes about them. */
  mend = (): Promise<void> => this.deps.heldNotes.mend();

  private async lookAt(chain: Chain, message: ClaimedMessage): Promise<void> {
    const { chains, heldNotes, dispatcher } = this.deps;
    const { messageId } = message;
    try {
      const outcome = await dispatcher.dispatch(chain, messageId);
      if (outcome === 'held') await heldNotes.leave(chain, message, await chains.now(chain));
      else if (DECIDED_NOTHING.has(outcome)) await this.postpone(chain, message);
      else await heldNotes.forget(chain, messageId);
    } catch (error) {
      // Its turn comes; there is nothing to tell.
      if (error instanceof ProviderBusy) return this.postpone(chain, message);
      // One that cannot be decided on now must not keep the others waiting.
      this.deps.log.warn({ message: messageId, err: error }, 'a message that is held could not be looked at');
      if (isOfTheMoment(error)) return this.postpone(chain, message);
      if ((await heldNotes.failed(chain, messageId)) < FAILURES_MAX) return;
      const problem = `it cannot be written: ${error instanceof Error ? error.name : 'unknown error'}`;
      await dispatcher.fail(chain, messageId, problem, await chains.now(chain));
      await heldNotes.forget(chain, messageId);
    }
  }

  private async postpone(chain: Chain, { messageId }: ClaimedMessage): Promise<void> {
    const now = Date.parse(await this.deps.chains.now(chain));
    await this.deps.heldNotes.postpone(chain, messageId, new Date(now + POSTPONED_MS).toISOString());
  }
}
