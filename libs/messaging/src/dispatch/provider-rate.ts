import type { Database } from '#libs/database/src/database.js';
import type { Transport } from '../channel.contract.js';

/** Calls that a provider takes in a second, over all processes. */
export type ProviderRates = Partial<Readonly<Record<Transport, number>>>;

/** Nobody waits for a turn longer than this: the work goes back to the queue, and others go first. */
const WAIT_MS_MAX = 1_000;

/**
 * Spaces the calls to each provider evenly, so that a backlog drains without a burst. Real time, by the database's clock.
 * A turn that is taken and not used is lost, which only makes the calls slower.
 */
export class ProviderRate {
  constructor(
    private readonly db: Database,
    private readonly rates: ProviderRates,
  ) {}

  /**
   * Waits for the next turn where it comes within a second.
   * @returns 0 when it is the caller's turn; else in how many milliseconds it is worth asking again
   */
  async turn(transport: Transport): Promise<number> {
    const rate = this.rates[transport];
    if (rate === undefined) return 0;
    const { rows } = await this.db.query<{ wait_ms: number }>({
      name: 'provider_turn',
      text: `insert into provider_rate as r (transport, next_at)
             values ($1, clock_timestamp() + $2 * interval '1 millisecond')
             on conflict (transport) do update
               set next_at = greatest(r.next_at, clock_timestamp()) + $2 * interval '1 millisecond'
               where r.next_at <= clock_timestamp() + $3 * interval '1 millisecond'
             returning (extract(epoch from next_at - clock_timestamp()) * 1000 - $2)::float8 as wait_ms`,
      values: [transport, 1_000 / rate, WAIT_MS_MAX],
    });
    const [row] = rows;
    if (!row) return WAIT_MS_MAX;
    if (row.wait_ms > 0) await new Promise((resolve) => setTimeout(resolve, row.wait_ms));
    return 0;
  }
}
