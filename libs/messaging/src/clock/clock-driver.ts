import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';
import type { DispatchJob } from '../dispatch/dispatch.jobs.js';
import type { DispatchGate } from '../dispatch/dispatch-gate.js';
import type { DispatchPlanner } from '../dispatch/dispatch-planner.js';
import type { HeldMessages } from '../dispatch/held-messages.js';
import { clockOutlook } from './clock-outlook.js';
import type { ClockStop } from './clock-stop.js';

const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 3_000;
/** Between two looks whether what was handed over is done, when nothing says so before. */
const LOOK_EVERY_MS = 20;
/**
 * Messages that do not move for so long, while the queue works, are left behind: they must not stop the clock. Longer
 * than an attempt without an outcome takes to be finished by the sweeper.
 */
const STUCK_MS = 60_000;
const SKIPPED_MAX = 1_000;

/**
 * Gives all clocks free, where nobody else can drive them (an embedded folder): an advance that a killed process left
 * goes on at once.
 */
export async function clearClockLeases(db: Database): Promise<void> {
  await db.query(`update chain_clock_target set driver = null, lease_until = '-infinity' where driver is not null`);
}

export interface ClockDriverDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly store: Pick<EventStore, 'head'>;
  readonly projections: { onMoved(callback: () => void): () => void };
  readonly planner: Pick<DispatchPlanner, 'plan'>;
  readonly held: Pick<HeldMessages, 'look'>;
  readonly queue: Pick<WorkQueue<DispatchJob>, 'health'>;
  readonly gate: Pick<DispatchGate, 'isOpen'>;
  /** Work of others that goes by this clock. */
  readonly stops?: readonly ClockStop[];
  readonly log: { warn(fields: object, message: string): void };
}

/** Another process drives this clock now. */
class DriverLost extends Error {}

/** The chain's messages do not go at present: what falls due would wait at every step, or expire. */
class GateClosed extends Error {}

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

  /**
   * Drives every clock that was asked to advance, and has no other driver, to its target; each though another one stands.
   * @throws what the first that stands still was stopped by, at the end
   */
  async driveAll(): Promise<void> {
    const { rows } = await this.deps.db.query<{ chain: number }>(
      'select chain from chain_clock_target where finished_at is null',
    );
    if (rows.length === 0) return;
    const chains = await this.deps.chains.all();
    const errors: unknown[] = [];
    for (const { chain: no } of rows) {
      const chain = chains.find((each) => each.no === no);
      if (chain) await this.drive(chain).catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  /**
   * A clock whose chain's gate is closed stands still, and goes on when that is opened.
   * @throws Unavailable when queue or database cannot be reached: the clock stands until they can.
   */
  async drive(chain: Chain): Promise<void> {
    if (!(await this.deps.gate.isOpen(chain))) return;
    const skipped = new Set<Id>();
    let target = await this.lease(chain);
    if (target === undefined) return;
    try {
      while (target !== undefined && !this.stopping) {
        const next = await this.drain(chain, target, skipped);
        if (this.stopping) return;
        await this.deps.chains.advanceTo(chain, next ?? target);
        if (next === undefined) {
          // What falls due until the target's own instant has passed is still on the way.
          await this.drain(chain, target, skipped);
          await this.finish(chain, target);
        }
        if (next === undefined || this.renewIsDue()) target = await this.lease(chain);
      }
    } catch (error) {
      if (!(error instanceof DriverLost || error instanceof GateClosed)) throw error;
    } finally {
      await this.release(chain).catch(() => undefined);
    }
  }

  /**
   * Waits until nothing that is due by now is pending, and everything that came of it has been applied.
   * @returns when the next message falls due, if it does so by the target
   * @throws GateClosed
   */
  private async drain(chain: Chain, target: Instant, skipped: Set<Id>): Promise<Instant | undefined> {
    const moves = new Moves(this.deps.projections);
    try {
      let seen = '';
      let movedAt = performance.now();
      for (;;) {
        if (!(await this.deps.gate.isOpen(chain))) throw new GateClosed();
        const outlook = await clockOutlook(this.deps, chain, target, skipped, this.worksOfOthers);
        if (this.stopping) return outlook.next;
        if (outlook.caughtUp && outlook.due.length === 0) {
          const others = await this.stepOthers(chain, target);
          if (others.due) {
            await this.renew(chain);
            // Somebody else does it.
            if (others.done === 0) await moves.next(LOOK_EVERY_MS);
            continue;
          }
          if (!outlook.heldDue) return earlier(outlook.next, others.next);
          // What lifts a block has happened by now, and what it held goes before the clock goes on.
          const looked = await this.deps.held.look(chain);
          await this.renew(chain);
          // Somebody else looks at it.
          if (looked === 0) await moves.next(LOOK_EVERY_MS);
          continue;
        }
        if (outlook.unhanded > 0) await this.deps.planner.plan(chain);
        // Whatever moves writes an event.
        const now = `${outlook.head} ${outlook.caughtUp} ${outlook.due.length} ${outlook.unhanded}`;
        if (now !== seen) movedAt = performance.now();
        seen = now;
        if (performance.now() - movedAt > this.stuckMs) await this.skip(chain, outlook.due, skipped);
        await this.renew(chain);
        await moves.next(LOOK_EVERY_MS);
      }
    } finally {
      moves.stop();
    }
  }

  private get worksOfOthers() {
    return (this.deps.stops ?? []).flatMap(({ works }) => works);
  }

  /** Does what of others' work is due now. @returns when the next of it is, where nothing was */
  private async stepOthers(
    chain: Chain,
    target: Instant,
  ): Promise<{ readonly due: boolean; readonly done: number; readonly next: Instant | undefined }> {
    let next: Instant | undefined;
    for (const stop of this.deps.stops ?? []) {
      const outlook = await stop.outlook(chain, target);
      if (outlook.due) return { due: true, done: await stop.work(chain), next: undefined };
      next = earlier(next, outlook.next);
    }
    return { due: false, done: 0, next };
  }

  /** @throws Unavailable where it is not the messages' fault: then time stands still until the rest works again. */
  private async skip(chain: Chain, due: readonly Id[], skipped: Set<Id>): Promise<void> {
    const health = await this.deps.queue.health();
    if (due.length === 0 || health.state !== 'up' || skipped.size + due.length > SKIPPED_MAX) {
      const problem = due.length === 0 ? 'the read models do not follow' : (health.problem ?? 'too much does not move');
      throw new Unavailable('clock.stands-still', `The clock of ${chain.slug} cannot go on: ${problem}.`);
    }
    for (const id of due) skipped.add(id);
    this.deps.log.warn({ chain: chain.slug, messages: due }, 'the clock goes on without messages that do not move');
  }

  /** @throws DriverLost */
  private async renew(chain: Chain): Promise<void> {
    if (this.renewIsDue() && (await this.lease(chain)) === undefined) throw new DriverLost();
  }

  private renewIsDue = (): boolean => performance.now() - this.renewedAt > RENEW_EVERY_MS;

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

  /** A later target that was asked for meanwhile stays open. */
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

const earlier = (a: Instant | undefined, b: Instant | undefined): Instant | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

/** Waits for the next move of a read model in this process, or for a while where another one moves them. */
class Moves {
  private moved = false;
  private wake: (() => void) | undefined;
  readonly stop: () => void;

  constructor(projections: { onMoved(callback: () => void): () => void }) {
    this.stop = projections.onMoved(() => {
      this.moved = true;
      this.wake?.();
    });
  }

  async next(ms: number): Promise<void> {
    if (!this.moved) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = undefined;
    this.moved = false;
  }
}
