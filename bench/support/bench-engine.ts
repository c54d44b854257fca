import { openPostgres } from '#libs/database/src/postgres.database.js';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import type { EventType } from '#libs/event-store/src/event-type.js';

export interface EngineOptions {
  readonly url: string;
  /** In hex; shared by the processes of one database. */
  readonly masterKey: string;
}

export interface BenchEngine extends Engine {
  readonly chain: Chain;
}

/** What a process of the product has on a server; closing it closes the database, too. */
export async function openBenchEngine(
  { url, masterKey }: EngineOptions,
  eventTypes: readonly EventType[],
): Promise<BenchEngine> {
  const db = await openPostgres(url);
  const engine = await openEngine({ db, masterKey: () => new MasterKey(Buffer.from(masterKey, 'hex')), eventTypes });
  const chain = await engine.chains.ensure('bench', true);
  return {
    ...engine,
    chain,
    close: async () => {
      await engine.close();
      await db.close();
    },
  };
}
