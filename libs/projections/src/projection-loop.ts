import { type Checkpoints, type Lease, LEASE_MS, LeaseLost } from './checkpoints.js';
import type { ProjectionLog, ProjectionRunner } from './projection-runner.js';

/** The truth behind the hints: what was not announced is found within this time. */
const POLL_MS = 500;
/** What is appended within this time of a hint is applied together; a reader who waits hardly notices. */
const GATHER_MS = 10;
/** A dead owner's lease has run out by the third time. */
const ASK_MS = LEASE_MS / 3;
/** A lease that nobody else can have taken yet, clocks and pauses allowed for. */
const LEASE_HELD_MS = LEASE_MS / 2;
/** After an error (the database is gone, a page fails) the first pause of a projection, doubled up to the longest. */
const PAUSE_MS = 200;
const PAUSE_MS_MAX = 5_000;

/** After a round that took long (a big import), readers do not wait longer than this for the next one. */
const GIVE_WAY_MS_MAX = 1_000;

/** How one projection is getting on. */
interface Pace {
  busy: boolean;
  pauseMs: number;
  /** Not before this (performance.now()). */
  notBefore: number;
  /** When leases were last asked for, and what the heads were then. */
  askedAt: number;
  askedHeads: ReadonlyMap<number, number>;
  /** Until then somebody else is taken to be the owner, who need not be asked at every hint. */
  elsewhereUntil: number;
  /** By number of the chain. */
  readonly leases: Map<number, Lease>;
}

export interface LoopOptions {
  readonly checkpoints: Checkpoints;
  readonly log: ProjectionLog;
  /** Position of the newest event of each chain, by the chain's number. */
  readonly heads: () => Promise<ReadonlyMap<number, number>>;
  /** Told of each page, with the lease as it is after it. */
  readonly onMoved: (lease: Lease) => void;
  /** Told after a runner has come to the heads that it saw. */
  readonly onCaughtUp: (runner: ProjectionRunner) => Promise<void>;
  /**
   * The share of its time that the loop may work under steady load. Below 1 where commands and projections take turns
   * on one session.
   */
  readonly share: number;
}

/**
 * Keeps projections at the head: one question finds all that are behind, each is then followed by itself, so that a
 * slow one holds nobody up. Leases are kept between rounds; a checkpoint that somebody else has moved shows when ours
 * is compared, and gives the lease up.
 */
export class ProjectionLoop {
  private readonly paces = new Map<ProjectionRunner, Pace>();
  private readonly following = new Set<Promise<void>>();
  private applying: Promise<void>[] = [];
  private stopping = false;
  private loop: Promise<void> | undefined;
  private wakeUp: (() => void) | undefined;
  private woken = false;
  /** Somebody has just finished a page: what came meanwhile has been gathered already. */
  private gathered = false;

  constructor(
    runners: readonly ProjectionRunner[],
    private readonly options: LoopOptions,
  ) {
    for (const runner of runners) this.paces.set(runner, newPace());
  }

  start(): void {
    this.loop = this.run();
  }

  /** Looks again soon: something was appended. */
  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Forgets what it holds of one projection, whose checkpoint was set by a rebuild. */
  forget(name: string): void {
    for (const [runner, pace] of this.paces) if (runner.work.name === name) letGo(pace);
    this.wake();
  }

  /** Goes on with another runner, which serves what this one has built. */
  replace(runner: ProjectionRunner, by: ProjectionRunner): void {
    this.paces.delete(runner);
    this.paces.set(by, newPace());
    this.wake();
  }

  /** Ends after the pages that are under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.loop;
    await Promise.all(this.following);
    // When the database is gone the leases run out by themselves.
    await this.options.checkpoints.release().catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.woken = false;
      const since = performance.now();
      try {
        await this.look();
        // Reactors take longer and are not waited for: rows must not lag behind effects.
        if (this.options.share < 1) await Promise.all(this.applying);
      } catch (error) {
        this.options.log.warn({ err: error }, 'projections wait for the database');
        await this.sleep(PAUSE_MS_MAX / 5, false);
      }
      const workedMs = performance.now() - since;
      await this.sleep(POLL_MS, true);
      const { share } = this.options;
      const giveWayMs = Math.min(GIVE_WAY_MS_MAX, (workedMs * (1 - share)) / share);
      const gatherMs = this.gathered ? 0 : GATHER_MS;
      this.gathered = false;
      const pauseMs = Math.max(gatherMs, giveWayMs);
      if (!this.stopping && pauseMs > 0) await this.sleep(pauseMs, false);
    }
  }

  private async look(): Promise<void> {
    const now = performance.now();
    const free = [...this.paces].filter(([, pace]) => !pace.busy && pace.notBefore <= now).map(([runner]) => runner);
    if (free.length === 0) return;
    this.applying = [];
    const heads = await this.options.heads();
    await this.takeLeases(free, heads);
    for (const runner of free) {
      const pace = this.paces.get(runner) as Pace;
      const behind = [...pace.leases.values()].filter((lease) => lease.position < (heads.get(lease.chainNo) ?? 0));
      if (behind.length === 0) {
        if (runner.subject.build === 'next') await this.options.onCaughtUp(runner);
        continue;
      }
      for (const lease of behind) lease.head = heads.get(lease.chainNo) as number;
      const following = this.follow(runner, pace, behind).finally(() => this.following.delete(following));
      this.following.add(following);
      if (!('react' in runner.work)) this.applying.push(following);
    }
  }

  /** Asks for the leases that are missing or old, where there may be something to do. */
  private async takeLeases(free: readonly ProjectionRunner[], heads: ReadonlyMap<number, number>): Promise<void> {
    const now = performance.now();
    const asking = free.filter((runner) => {
      const pace = this.paces.get(runner) as Pace;
      for (const [no, lease] of pace.leases) if (now - lease.renewedAt > LEASE_HELD_MS) pace.leases.delete(no);
      if (now - pace.askedAt >= ASK_MS) return true;
      return now >= pace.elsewhereUntil && hasMoved(pace, heads);
    });
    if (asking.length === 0) return;
    const leases = await this.options.checkpoints.lease(
      asking.map(({ subject }) => subject),
      heads,
    );
    for (const runner of asking) {
      const pace = this.paces.get(runner) as Pace;
      for (const lease of leases) if (lease.subject.name === runner.work.name) pace.leases.set(lease.chainNo, lease);
      // What has moved and was not given to us is somebody else's.
      if (hasMoved(pace, heads)) pace.elsewhereUntil = now + POLL_MS;
      pace.askedAt = now;
      pace.askedHeads = heads;
    }
  }

  private async follow(runner: ProjectionRunner, pace: Pace, leases: readonly Lease[]): Promise<void> {
    pace.busy = true;
    try {
      for (const lease of leases)
        await runner.follow(
          lease,
          () => this.options.onMoved(lease),
          () => this.stopping,
        );
      pace.pauseMs = PAUSE_MS;
    } catch (error) {
      letGo(pace);
      if (!(error instanceof LeaseLost)) {
        this.options.log.warn({ projection: runner.work.name, err: error }, 'a projection pauses after an error');
        pace.notBefore = performance.now() + pace.pauseMs;
        pace.pauseMs = Math.min(pace.pauseMs * 2, PAUSE_MS_MAX);
      }
    }
    pace.busy = false;
    // There may be more by now, and nobody looked while it was busy.
    this.gathered = true;
    this.wake();
  }

  private sleep(ms: number, wakeable: boolean): Promise<void> {
    if (this.stopping || (wakeable && this.woken)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wakeUp = () => {
        if (wakeable || this.stopping) done();
      };
    });
  }
}

const newPace = (): Pace => ({
  busy: false,
  pauseMs: PAUSE_MS,
  notBefore: 0,
  askedAt: -Infinity,
  askedHeads: new Map(),
  elsewhereUntil: -Infinity,
  leases: new Map(),
});

/** Whether a chain that we hold no lease on has new events since we asked for one. */
const hasMoved = ({ leases, askedHeads }: Pace, heads: ReadonlyMap<number, number>): boolean =>
  [...heads].some(([no, head]) => !leases.has(no) && head > (askedHeads.get(no) ?? 0));

function letGo(pace: Pace): void {
  pace.leases.clear();
  pace.askedAt = -Infinity;
  pace.elsewhereUntil = -Infinity;
}
