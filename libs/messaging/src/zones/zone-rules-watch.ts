import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { TZDB_VERSION } from '#libs/kernel/src/zoned-time.js';
import type { Replanned, ZoneReplanner } from './zone-replanner.js';

/** Whoever looks has died after this time; that two look at once does no harm. */
const LEASE_MS = 10 * 60_000;
/** For so long processes with older rules may still plan beside the first one with newer ones. */
const AGAIN_MS = 60 * 60_000;

export interface ZoneRulesWatchDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly replanner: Pick<ZoneReplanner, 'run'>;
}

/** Looks through the plans of each chain when the software comes with newer rules of zones than it did before. */
export class ZoneRulesWatch {
  constructor(
    private readonly deps: ZoneRulesWatchDependencies,
    private readonly tzdb: string = TZDB_VERSION,
  ) {}

  /** Of many processes one does it; what is interrupted is done anew. @throws Unavailable and the like */
  async runDue(log: { warn(fields: object, message: string): void }): Promise<void> {
    for (const chain of await this.deps.chains.all()) {
      const former = await this.claim(chain);
      if (former === undefined) continue;
      const moved = await this.deps.replanner.run(chain).catch(async (error: unknown) => {
        await this.release(chain);
        throw error;
      });
      await this.settle(chain, former === this.tzdb);
      if (moved.sessions + moved.messages === 0) continue;
      log.warn({ chain: chain.slug, former, tzdb: this.tzdb, ...moved }, 'newer rules of time zones have moved plans');
    }
  }

  /** Looks now, whatever was looked at before. */
  run(chain: Chain): Promise<Replanned> {
    return this.deps.replanner.run(chain);
  }

  /** @returns the rules by which it was looked last; undefined where nothing is to be done here */
  private async claim(chain: Chain): Promise<string | undefined> {
    const { db } = this.deps;
    await db.query('insert into zone_rules (chain) values ($1) on conflict do nothing', [chain.no]);
    const { rows } = await db.query<{ tzdb: string }>(
      `update zone_rules set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
       where chain = $1 and lease_until < clock_timestamp()
         and (tzdb < $2 or (tzdb = $2 and again_at <= clock_timestamp()))
       returning tzdb`,
      [chain.no, this.tzdb, LEASE_MS],
    );
    return rows[0]?.tzdb;
  }

  private async settle(chain: Chain, isAgain: boolean): Promise<void> {
    await this.deps.db.query(
      `update zone_rules set tzdb = $2, lease_until = '-infinity', again_at = clock_timestamp() + $3 * interval '1 millisecond'
       where chain = $1 and tzdb <= $2`,
      [chain.no, this.tzdb, isAgain ? null : AGAIN_MS],
    );
  }

  private async release(chain: Chain): Promise<void> {
    await this.deps.db
      .query(`update zone_rules set lease_until = '-infinity' where chain = $1`, [chain.no])
      // Then it runs out by itself.
      .catch(() => undefined);
  }
}
