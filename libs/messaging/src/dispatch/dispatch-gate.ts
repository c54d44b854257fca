import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';

export interface DispatchGateState {
  readonly open: boolean;
  /** Null while it is open. */
  readonly closedAt: Instant | null;
  readonly reason: string | null;
  /** What was due since is not known to have been sent or not: the instant of the backup; null where nothing is in doubt. */
  readonly doubtSince: Instant | null;
}

const KNOWN_MS = 1_000;

/**
 * Lets a chain's messages go, or none of them. Closed, nothing is handed to the queue, attempted or finished; everything
 * else goes on, and what falls due waits.
 */
export class DispatchGate {
  /** Asked once for all who ask within its time. */
  private readonly known = new Map<number, { readonly open: Promise<boolean>; readonly at: number }>();

  constructor(private readonly db: Database) {}

  /** @param doubtSince of a restored backup: what was due after it may have been sent by the system that was backed up */
  async close(chain: Chain, reason: string, doubtSince: Instant | null = null): Promise<void> {
    await this.db.query(
      `insert into dispatch_gate as g (chain, reason, doubt_since) values ($1, $2, $3)
       on conflict (chain) do update set reason = excluded.reason,
         doubt_since = least(coalesce(g.doubt_since, excluded.doubt_since), coalesce(excluded.doubt_since, g.doubt_since))`,
      [chain.no, reason, doubtSince],
    );
    this.known.delete(chain.no);
  }

  async open(chain: Chain): Promise<void> {
    await this.db.query('delete from dispatch_gate where chain = $1', [chain.no]);
    this.known.delete(chain.no);
  }

  /** Asked before every call: what it says may be a second old. */
  async isOpen(chain: Chain): Promise<boolean> {
    const known = this.known.get(chain.no);
    if (known && performance.now() - known.at < KNOWN_MS) return known.open;
    const asked = { open: this.state(chain).then(({ open }) => open), at: performance.now() };
    this.known.set(chain.no, asked);
    // What could not be answered is asked again by the next.
    asked.open.catch(() => this.known.get(chain.no) === asked && this.known.delete(chain.no));
    return asked.open;
  }

  async state(chain: Chain): Promise<DispatchGateState> {
    const { rows } = await this.db.query<{ closed_at: Date; reason: string; doubt_since: Date | null }>({
      name: 'dispatch_gate_state',
      text: 'select closed_at, reason, doubt_since from dispatch_gate where chain = $1',
      values: [chain.no],
    });
    const [row] = rows;
    if (!row) return { open: true, closedAt: null, reason: null, doubtSince: null };
    const doubtSince = row.doubt_since?.toISOString() ?? null;
    return { open: false, closedAt: row.closed_at.toISOString(), reason: row.reason, doubtSince };
  }
}
