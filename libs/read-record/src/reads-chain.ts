import type { Chain } from '#libs/event-store/src/chains.js';

const SUFFIX = '.reads';

export const readsIdOf = (chainId: string): string => `${chainId}${SUFFIX}`;

/**
 * What the ledger takes for a chain of its own: the reads of one. Its tree stands beside that of the events under the
 * same number, below zero, and its checkpoints name another origin, so that neither can be taken for the other.
 */
export const readsChainOf = <Of extends Pick<Chain, 'id' | 'no' | 'slug'>>(chain: Of): Of => ({
  ...chain,
  id: readsIdOf(chain.id),
  no: -chain.no,
  slug: `${chain.slug} reads`,
});

/** Whether it is one of those. */
export const isReadsChain = ({ no }: Pick<Chain, 'no'>): boolean => no < 0;

/** The number of the chain whose reads these are. */
export const chainNoOfReads = ({ no }: Pick<Chain, 'no'>): number => -no;

/** The id of the chain whose reads these are. */
export const chainIdOfReads = (id: string): string => id.slice(0, -SUFFIX.length);
