import type { Chain } from '#libs/event-store/src/chains.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';

/** How it stands with work that the clock of a sandbox must not jump over. */
export interface StopOutlook {
  /** Something is to be done at the chain's present time. */
  readonly due: boolean;
  /** When the next of it is to be done, up to the target; undefined: not by then. */
  readonly next: Instant | undefined;
}

/** Somebody else's work that goes by the chain's clock: an advance stops where it falls due, and waits until it is done. */
export interface ClockStop {
  /** What must have seen an event before anything can be said of what is due. */
  readonly works: readonly { readonly name: string; readonly version: number }[];
  outlook(chain: Chain, until: Instant): Promise<StopOutlook>;
  /** Does what is due. @returns how much was looked at */
  work(chain: Chain): Promise<number>;
}
