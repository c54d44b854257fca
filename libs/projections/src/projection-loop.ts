import type { Checkpoints, Lease } from './checkpoints.js';
import { LeaseLost } from './checkpoints.js';
import type { ProjectionLog, ProjectionRunner } from './projection-runner.js';

/** The truth behind the hints: what was not announced is found within this time. */
const POLL_MS = 500;
/** What is appended within this time of a hint is applied together; a reader who waits hardly notices. */
const GATHER_MS = 10;
/** After an error (the database is gone, a page fails) the first pause of a projection, doubled up to the longest. */
const PAUSE_MS = 200;
const PAUSE_MS_MAX = 5_000;

interface Pace {
  busy: boolean;
  pauseMs: number;
  /** Not before this (performance.now()). */
  notBefore: number;
}

/**
 * Keeps projections at the head: one question finds all that are behind, each is then followed by itself, so that a
 * slow one holds nobody up.
 */
export class ProjectionLoop {
  private readonly paces = new Map<ProjectionRunner, Pace>();
  private readonly following = new Set<Promise<void>>();
  private stopping = false;
  private loop: Promise<void> | undefined;
  private wakeUp: (() => void) | undefined;
  private woken = false;

  constructor(
    private readonly runners: readonly ProjectionRunner[],
    private readonly checkpoints: Checkpoints,
    private readonly log: ProjectionLog,
    private readonly onMoved: () => void,
  ) {
    for (const runner of runners) this.paces.set(runner, { busy: false, pauseMs: PAUSE_MS, notBefore: 0 });
  }

  start(): void {
    this.loop = this.run();
  }

  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Ends after the pages that are under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.loop;
    await Promise.all(this.following);
    // When the database is gone the leases run out by themselves.
    await this.checkpoints.release().catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.woken = false;
      try {
        await this.look();
      } catch (error) {
        this.log.warn({ err: error }, 'projections wait for the database');
        await this.sleep(PAUSE_MS_MAX / 5, false);
      }
      await this.sleep(POLL_MS, true);
      if (!this.stopping) await this.sleep(GATHER_MS, false);
    }
  }

  private async look(): Promise<void> {
    const now = performance.now();
    const free = this.runners.filter((runner) => {
      const pace = this.paces.get(runner) as Pace;
      return !pace.busy && pace.notBefore <= now;
    });
    if (free.length === 0) return;
    const leases = await this.checkpoints.lease(free.map(({ subject }) => subject));
    for (const runner of free) {
      const own = leases.filter(({ subject }) => subject.name === runner.work.name);
      if (own.length === 0) continue;
      const following = this.follow(runner, own).finally(() => this.following.delete(following));
      this.following.add(following);
    }
  }

  private async follow(runner: ProjectionRunner, leases: readonly Lease[]): Promise<void> {
    const pace = this.paces.get(runner) as Pace;
    pace.busy = true;
    try {
      for (const lease of leases) await runner.follow(lease, this.onMoved, () => this.stopping);
      pace.pauseMs = PAUSE_MS;
    } catch (error) {
      if (!(error instanceof LeaseLost)) {
        this.log.warn({ projection: runner.work.name, err: error }, 'a projection pauses after an error');
      }
      pace.notBefore = performance.now() + pace.pauseMs;
      pace.pauseMs = Math.min(pace.pauseMs * 2, PAUSE_MS_MAX);
    }
    pace.busy = false;
    // There may be more by now, and nobody looked while it was busy.
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
