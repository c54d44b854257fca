import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import type { DispatchJob } from '../dispatch/dispatch.jobs.js';
import type { DispatchPlanner } from '../dispatch/dispatch-planner.js';

/** What must have seen everything before the clock may go on. */
const FOLLOWERS = ['message_planner', 'messages'] as const;
/** For a projection that is being built anew beside, or a machine under load. */
const FOLLOW_MS_MAX = 30_000;
const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 3_000;
/** Between two looks whether what was handed over is done. */
const DRAIN_POLL_MS = 5;
/** Messages that do not move for so long, while the queue works, are left behind: they must not stop the clock. */
const STUCK_MS = 60_000;
const SKIPPED_MAX = 1_000;

export interface ClockDriverDependencies {
  readonly db: Database;
  readonly store: EventStore;
  readonly chains: Chains;
  readonly projections: { waitFor(name: string, chain: Chain, position: number, timeoutMs: number): Promise<void> };
  readonly planner: DispatchPlanner;
  readonly queue: WorkQueue<DispatchJob>;
  readonly log: { warn(fields: object, message: string): void };
}

/** Another process drives this clock now. */
class DriverLost extends Error {}

/**
 * Advances clocks of sandbox chains to where they were asked to go: from one due instant to the next, and at each it
 * waits until everything that this instant brings has been planned, sent and applied. So what comes out is what those
 * months would have brought, in their order, and nothing expires by the jump.
 */
export class ClockDriver {
  private readonly driver: Id = newId();
  private renewedAt = 0;
  private stopping = false;

  constructor(
    private readonly deps: ClockDriverDependencies,
    private readonly stuckMs = STUCK_MS,
  ) {}

  stop(): void {
    this.stopping = true;
  }

  /** Drives every clock that was asked to advance, and has no other driver, to its target. */
  async driveAll(): Promise<void> {
    const { rows } = await this.deps.db.query<{ chain: number }>(
      'select chain from chain_clock_target where finished_at is null',
    );
    if (rows.length === 0) return;
    const chains = await this.deps.chains.all();
    for (const { chain: no } of rows) {
      const chain = chains.find((each) => each.no === no);
      if (chain) await this.drive(chain);
    }
  }

  /** @throws Unavailable when queue or database cannot be reached: the clock stands until they can. */
  async drive(chain: Chain): Promise<void> {
    const skipped = new Set<Id>();
    try {
      let target = await this.lease(chain);
      while (target !== undefined && !this.stopping) {
        await this.drain(chain, skipped);
        const next = await this.nextDue(chain, target, skipped);
        await this.deps.chains.advanceTo(chain, next ?? target);
        if (next === undefined) {
          await this.drain(chain, skipped);
          // Anything that fell due meanwhile, or a later target, is taken up in the next round.
          if ((await this.nextDue(chain, target, skipped)) === undefined) await this.finish(chain, target);
        }
        target = await this.lease(chain);
      }
    } catch (error) {
      if (!(error instanceof DriverLost)) throw error;
    } finally {
      await this.release(chain).catch(() => undefined);
    }
  }

  /** Waits until nothing that is due by now is pending, and everything that came of it has been applied. */
  private async drain(chain: Chain, skipped: Set<Id>): Promise<void> {
    let before = -1;
    let movedAt = performance.now();
    for (;;) {
      await this.settle(chain);
      const due = await this.due(chain, skipped);
      if (due.length === 0 || this.stopping) return;
      const handed = await this.deps.planner.plan(chain);
      if (handed > 0 || due.length !== before) movedAt = performance.now();
      before = due.length;
      if (performance.now() - movedAt > this.stuckMs) await this.skip(chain, due, skipped);
      if (performance.now() - this.renewedAt > RENEW_EVERY_MS && (await this.lease(chain)) === undefined) throw new DriverLost();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  /** Waits until planner and read model have seen the chain's last event, of which they may make more. */
  private async settle(chain: Chain): Promise<void> {
    for (;;) {
      const head = await this.deps.store.head(chain.id);
      for (const name of FOLLOWERS) await this.deps.projections.waitFor(name, chain, head, FOLLOW_MS_MAX);
      if ((await this.deps.store.head(chain.id)) === head) return;
    }
  }

  private async due(chain: Chain, skipped: ReadonlySet<Id>): Promise<Id[]> {
    const now = await this.deps.chains.now(chain);
    const { rows } = await this.deps.db.query<{ message_id: Id }>(
      `select message_id from messages_v1.message
       where chain = $1 and (status = 'attempted' or (status = 'pending' and next_due <= $2))
         and message_id <> all($3::uuid[])`,
      [chain.no, now, [...skipped]],
    );
    return rows.map((row) => row.message_id);
  }

  private async nextDue(chain: Chain, until: Instant, skipped: ReadonlySet<Id>): Promise<Instant | undefined> {
    const { rows } = await this.deps.db.query<{ next: Date | null }>(
      `select min(next_due) as next from messages_v1.message
       where chain = $1 and status = 'pending' and next_due <= $2 and message_id <> all($3::uuid[])`,
      [chain.no, until, [...skipped]],
    );
    return rows[0]?.next?.toISOString();
  }

  private async skip(chain: Chain, due: readonly Id[], skipped: Set<Id>): Promise<void> {
    const health = await this.deps.queue.health();
    // While the queue is down, time stands still: these messages are not to blame.
    if (health.state !== 'up' || skipped.size >= SKIPPED_MAX) return;
    for (const id of due) skipped.add(id);
    this.deps.log.warn({ chain: chain.slug, messages: due }, 'the clock goes on without messages that do not move');
  }

  /** Takes or renews the right to drive this clock. @returns its target; undefined where there is nothing to drive */
  private async lease(chain: Chain): Promise<Instant | undefined> {
    const { rows } = await this.deps.db.query<{ target: Date }>(
      `update chain_clock_target set driver = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond'
       where chain = $1 and finished_at is null and (driver is null or driver = $2 or lease_until < clock_timestamp())
       returning target`,
      [chain.no, this.driver, LEASE_MS],
    );
    this.renewedAt = performance.now();
    return rows[0]?.target.toISOString();
  }

  private async finish(chain: Chain, target: Instant): Promise<void> {
    await this.deps.db.query(
      'update chain_clock_target set finished_at = clock_timestamp() where chain = $1 and driver = $2 and target = $3',
      [chain.no, this.driver, target],
    );
  }

  private async release(chain: Chain): Promise<void> {
    await this.deps.db.query(
      `update chain_clock_target set driver = null, lease_until = '-infinity' where chain = $1 and driver = $2`,
      [chain.no, this.driver],
    );
  }
}
