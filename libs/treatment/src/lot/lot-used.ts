import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LotTraceQuery } from '../recall/lot-trace/lot-trace.query.js';
import { lotUseFold, lotUseStream } from './lot-use.events.js';
import { type ReceivedLot, totalMl } from './lot.state.js';

/**
 * What performed sessions used of a lot at its site. What the lot's uses say counts at once, and is guarded; sessions that
 * are not among them (of an old history, or from before the volume was counted) are as the read models know them.
 * @param but the session that is decided about
 */
export async function usedOf(
  reads: Pick<Reads, 'load'>,
  trace: Pick<LotTraceQuery, 'useAt'>,
  chain: Chain,
  lot: Pick<ReceivedLot, 'lotId' | 'product' | 'lotNumber' | 'siteId'>,
  but?: Id,
): Promise<{ usedMl: number; volumeUnknown: number }> {
  const { state: said } = await reads.load(lotUseStream(lot.lotId), lotUseFold);
  const own = but === undefined ? [] : [but];
  const { usedMl, volumeUnknown } = await trace.useAt(chain, lot, [...Object.keys(said), ...own]);
  const others = Object.entries(said).flatMap(([sessionId, volumeMl]) => (sessionId === but ? [] : [volumeMl]));
  return { usedMl: totalMl([usedMl, ...others]), volumeUnknown };
}
