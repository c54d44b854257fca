import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { recallIdOf, recallStreamOf, recallsOfNumberFold, recallsOfNumberStream } from './recall.events.js';
import { recallFold, type RecallState } from './recall.state.js';
import { type NamedLot, recallOfLot } from './recalled-lot.rules.js';

/**
 * The recalls of a lot number, each as it stands: those that its list names, and the one that an older version recorded
 * under exactly these names before there was a list.
 * @param reads whatever is loaded through it is guarded, the list included: no recall slips past
 */
export async function recallsOfNumber(
  reads: Pick<Reads, 'load'>,
  chainId: Id,
  { product, lotNumber }: Pick<NamedLot, 'product' | 'lotNumber'>,
): Promise<{ readonly listed: readonly Id[]; readonly recalls: readonly RecallState[] }> {
  const { state: listed } = await reads.load(recallsOfNumberStream(chainId, lotNumber), recallsOfNumberFold);
  const ids = [...new Set([recallIdOf(chainId, product, lotNumber), ...listed])];
  const loaded = await Promise.all(ids.map((id) => reads.load(recallStreamOf(id), recallFold)));
  return { listed, recalls: loaded.map(({ state }) => state) };
}

/** What is recalled of a lot, whichever spelling of product and number it was recalled under. */
export const recallOf = async (reads: Pick<Reads, 'load'>, chainId: Id, lot: NamedLot): Promise<RecallState> =>
  recallOfLot((await recallsOfNumber(reads, chainId, lot)).recalls, lot);
