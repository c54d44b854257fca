import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { Conflict, Invalid } from '#libs/kernel/src/errors.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { DispatchGate } from '../dispatch/dispatch-gate.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import { addDays, addMonths } from '#libs/kernel/src/local-date.js';

/** Further than any treatment looks, and near enough that every step on the way can be taken. */
const YEARS_MAX = 5;
const WAIT_POLL_MS = 150;

export interface ClockState {
  readonly now: Instant;
  readonly sandbox: boolean;
  /** How far the chain's clock is ahead of the database's. */
  readonly offsetMs: number;
  /** Not null while the clock steps from one due instant to the next. */
  readonly advancing: { readonly from: Instant; readonly to: Instant; readonly now: Instant } | null;
  /** When the next message falls due. */
  readonly nextDue: Instant | null;
}

export interface Advanced {
  readonly now: Instant;
  /** Messages that were sent since the advance began. */
  readonly sent: number;
  /** Not null where it goes on. */
  readonly advancing: ClockState['advancing'];
}

/** How far to advance: one of the three. */
export type Advance = {
  readonly days?: number | undefined;
  readonly months?: number | undefined;
  readonly to?: Instant | undefined;
};

interface TargetRow {
  from_at: Date;
  target: Date;
  finished_at: Date | null;
}

/** The clock of a sandbox chain: what it shows, and the request to advance it, which the driver carries out. */
export class ChainClock {
  private readonly callbacks = new Set<(chain: Chain) => void>();

  constructor(
    private readonly db: Database,
    private readonly chains: Chains,
    private readonly gate: Pick<DispatchGate, 'state'>,
  ) {}

  async state(chain: Chain): Promise<ClockState> {
    const now = await this.chains.now(chain);
    const target = await this.target(chain);
    const { rows } = await this.db.query<{ offset_ms: string; next_due: Date | null }>(
      `select c.clock_offset_ms as offset_ms,
              (select min(next_due) from ${MESSAGES_SCHEMA}.message m where m.chain = c.no and m.status = 'pending') as next_due
       from chain c where c.no = $1`,
      [chain.no],
    );
    const open = target && target.finished_at === null ? target : undefined;
    return {
      now,
      sandbox: chain.sandbox,
      offsetMs: Number(rows[0]?.offset_ms ?? 0),
      advancing: open ? { from: open.from_at.toISOString(), to: open.target.toISOString(), now } : null,
      nextDue: rows[0]?.next_due?.toISOString() ?? null,
    };
  }

  /** The instant that an advance leads to; days and months are counted on the calendar in UTC. */
  async targetOf(chain: Chain, advance: Advance): Promise<Instant> {
    const now = await this.chains.now(chain);
    if (advance.to !== undefined) return advance.to;
    const date = addDays(addMonths(now.slice(0, 10), advance.months ?? 0), advance.days ?? 0);
    return `${date}${now.slice(10)}`;
  }

  /**
   * Asks for the clock to be advanced. Returns at once; the request survives a restart.
   * @throws Conflict `clock.live-chain`, `clock.dispatch-closed`; Invalid `clock.backwards`, `clock.too-far`
   */
  async advance(chain: Chain, to: Instant): Promise<void> {
    if (!chain.sandbox) {
      throw new Conflict(
        'clock.live-chain',
        'The clock of a live chain is the real one. Only that of a sandbox can be advanced.',
      );
    }
    const { open, reason } = await this.gate.state(chain);
    if (!open) {
      throw new Conflict(
        'clock.dispatch-closed',
        `The chain’s messages are held back (${reason}), and what falls due on the way would have to wait or expire. Let the messages go, then advance the clock.`,
      );
    }
    const now = await this.chains.now(chain);
    if (to <= now) throw refused('clock.backwards', `It is ${now} there already, and no clock goes back.`, { now, to });
    const limit = `${addMonths(now.slice(0, 10), YEARS_MAX * 12)}${now.slice(10)}`;
    if (to > limit) throw refused('clock.too-far', `At most ${YEARS_MAX} years at a time.`, { now, to, limit });
    await this.db.query(
      `insert into chain_clock_target as t (chain, from_at, target) values ($1, $2, $3)
       on conflict (chain) do update set
         from_at = case when t.finished_at is null then t.from_at else excluded.from_at end,
         target = case when t.finished_at is null then greatest(t.target, excluded.target) else excluded.target end,
         requested_at = clock_timestamp(), finished_at = null`,
      [chain.no, now, to],
    );
    for (const callback of this.callbacks) callback(chain);
  }

  /** Advances, and waits for it as long as `timeoutMs`; what is not finished then goes on by itself. */
  async advanceAndWait(chain: Chain, to: Instant, timeoutMs: number): Promise<Advanced> {
    await this.advance(chain, to);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const target = (await this.target(chain)) as TargetRow;
      if (target.finished_at !== null || performance.now() >= deadline) return this.advanced(chain, target);
      await new Promise((resolve) => setTimeout(resolve, WAIT_POLL_MS));
    }
  }

  /** Calls back when an advance was asked for in this process. A hint. */
  onRequested(callback: (chain: Chain) => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  private async advanced(chain: Chain, target: TargetRow): Promise<Advanced> {
    const now = await this.chains.now(chain);
    const { rows } = await this.db.query<{ n: number }>(
      `select count(*)::int as n from ${MESSAGES_SCHEMA}.message where chain = $1 and status = 'sent' and sent_at >= $2`,
      [chain.no, target.from_at],
    );
    const goesOn = { from: target.from_at.toISOString(), to: target.target.toISOString(), now };
    return { now, sent: rows[0]?.n ?? 0, advancing: target.finished_at === null ? goesOn : null };
  }

  private async target(chain: Chain): Promise<TargetRow | undefined> {
    const { rows } = await this.db.query<TargetRow>(
      'select from_at, target, finished_at from chain_clock_target where chain = $1',
      [chain.no],
    );
    return rows[0];
  }
}

const refused = (code: string, message: string, data: Record<string, string>): Invalid =>
  new Invalid(code, message, { data, fields: [{ field: 'to', message, rule: code }] });
