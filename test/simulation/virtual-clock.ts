import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { MESSAGES_SCHEMA } from '#libs/messaging/src/messages/messages.projection.js';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/**
 * Every instant of a simulation is a second past a whole minute. What takes place then takes milliseconds of the machine's
 * time, and so the minute in which it took place is the same in each run, and so is that of whatever is computed from it.
 */
const PAST_THE_MINUTE_MS = 1_000;

/** The minute of an instant, as a trace shows it. */
export const minuteOf = (instant: Instant | number): string => new Date(instant).toISOString().slice(0, 16);

/** The first instant of a simulation at which something that is due then is due. */
export const instantFor = (due: number): number =>
  Math.ceil((due - PAST_THE_MINUTE_MS) / MINUTE_MS) * MINUTE_MS + PAST_THE_MINUTE_MS;

/**
 * What tables remember by the machine's clock: leases, claims, when a job was handed over, when an attempt was seen. When
 * the virtual clock goes on, the machine's goes on by as much, and so these times lie back by as much.
 */
const REMEMBERED = [
  ['projection_checkpoint', 'lease_until', 'owner is not null'],
  ['dispatch_handed_over', 'handed_at', 'true'],
  ['dispatch_held', 'claimed_until', 'claimed_until is not null'],
  [`${MESSAGES_SCHEMA}.message`, 'attempted_at', `status = 'attempted'`],
] as const;

/** The chain's clock goes on as `Chains.advanceTo` has it go, in the same statement. */
const PASS_TIME = `with ${REMEMBERED.map(
  ([table, column, which], n) => `t${n} as (
    update ${table} set ${column} = ${column} - $2 * interval '1 millisecond' where chain = $1 and ${which} returning 1
  )`,
).join(', ')}
  update chain set clock_offset_ms = ceil(extract(epoch from $3::timestamptz - clock_timestamp()) * 1000)
  where no = $1 and sandbox and clock_timestamp() + clock_offset_ms * interval '1 millisecond' < $3::timestamptz`;

/** The time of a simulated chain, which every simulated process and provider has as its own, too. */
export class VirtualClock {
  private at: number;

  constructor(
    private readonly db: Database,
    private readonly chains: Chains,
    private readonly chain: Chain,
    start: Instant,
  ) {
    this.at = instantFor(Date.parse(start));
  }

  /** ms since 1970. */
  now = (): number => this.at;

  get minute(): string {
    return minuteOf(this.at);
  }

  async begin(): Promise<void> {
    await this.chains.advanceTo(this.chain, new Date(this.at).toISOString());
  }

  /** Goes on to the first instant of the simulation that is not before `to`. */
  async advanceTo(to: number): Promise<void> {
    const next = instantFor(to);
    if (next <= this.at) throw new Error('No clock goes back');
    const passed = next - this.at;
    this.at = next;
    const values = [this.chain.no, passed, new Date(next).toISOString()];
    await this.db.query({ name: 'simulated_time', text: PASS_TIME, values });
  }
}
