import { type Ledger, type LedgerEngine, openLedger } from '#libs/ledger/src/ledger.js';
import type { LedgerConfiguration } from '#libs/ledger/src/ledger.configuration.js';
import type { LedgerLogger } from '#libs/ledger/src/publisher.js';
import { ReadLog } from './read-log.js';
import { chainIdOfReads, readsChainOf } from './reads-chain.js';

/** Puts the ledger together over what is on record of reads, with the same keys, folder and witnesses. */
export function openReadsLedger(
  { db, chains }: Pick<LedgerEngine, 'db' | 'chains'>,
  configuration: LedgerConfiguration,
  log: LedgerLogger,
): Promise<Ledger> {
  const source = new ReadLog(db);
  const of = (id: string) => chains.get(chainIdOfReads(id));
  const store: LedgerEngine['store'] = {
    head: async (id) => (await source.heads()).get((await of(id)).no) ?? 0,
    heads: async () => {
      const [heads, all] = await Promise.all([source.heads(), chains.all()]);
      return new Map(all.map((chain) => [readsChainOf(chain).id, heads.get(chain.no) ?? 0]));
    },
  };
  return openLedger(
    {
      ...{ db, store },
      chains: {
        get: async (id) => readsChainOf(await of(id)),
        all: async () => (await chains.all()).map(readsChainOf),
        now: async (chain) => chains.now(await of(chain.id)),
      },
    },
    configuration,
    log,
    source,
  );
}
