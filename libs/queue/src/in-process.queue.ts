import type { QueueBackend } from './backend.port.js';
import { backOffMs, checkedJobId, checkedPriority, JOB_TRIES } from './job.rules.js';
import { QueueUnavailable } from './queue.errors.js';
import type { JobData, JobHandler, NewJob, QueueHealth, RunningJob, WorkQueue } from './work-queue.js';

/** A worker that has said nothing of its job for so long is taken for dead, and another one gets the job (as BullMQ). */
const STALLED_MS = 30_000;

/** A job as it lies in the queue. */
interface KeptJob<Data extends JobData> {
  readonly id: string;
  readonly data: Data;
  /** 0 goes first. */
  readonly priority: number;
  /** Of the same priority, the lower goes first. */
  place: number;
  /** ms by the driver's clock. */
  runAt: number;
  failures: number;
  state: 'waiting' | 'active' | 'given-up';
  /** Counts the times that it was taken: who has an earlier number has lost it to somebody else. */
  turn: number;
  takenAt: number;
}

/** A job in somebody's hands. */
export interface TakenJob<Data extends JobData> {
  readonly job: RunningJob<Data>;
  readonly turn: number;
}

/** What became of a job that was run. */
export type JobOutcome = 'done' | 'again' | 'given-up' | 'lost';

/**
 * Jobs in the memory of this process: what Redis or PostgreSQL is to BullMQ. It has no clock and no timers. Whoever
 * drives it says what time it is and lets one job after the other run, so that the same drive gives the same run. It
 * can be made to do what real ones do at the worst moment: forget everything, forget what came last, and give a job to
 * a second worker.
 */
export class InProcessJobs<Data extends JobData> {
  private readonly jobs = new Map<string, KeptJob<Data>>();
  private handler: JobHandler<Data> | undefined;
  private places = 0;
  private turns = 0;

  /** @param now ms; every later answer is the same or greater */
  constructor(private readonly now: () => number) {}

  /** As `WorkQueue.add`. */
  add(jobs: readonly NewJob<Data>[]): void {
    // All of them are looked at first: of a round trip that is refused, nothing is added.
    for (const { id, priority } of jobs) {
      checkedJobId(id);
      if (priority !== undefined) checkedPriority(priority);
    }
    for (const { id, data, delayMs = 0, priority = 0 } of jobs) {
      if (this.jobs.has(id)) continue;
      const runAt = this.now() + Math.max(0, Math.ceil(delayMs));
      const place = (this.places += 1);
      this.jobs.set(id, { id, data, priority, place, runAt, failures: 0, state: 'waiting', turn: 0, takenAt: 0 });
    }
  }

  /** @throws Error where somebody handles them already */
  handleWith(handler: JobHandler<Data>): void {
    if (this.handler) throw new Error('These jobs are handled already');
    this.handler = handler;
  }

  stopHandling(): void {
    this.handler = undefined;
  }

  /** Takes the job whose turn it is, for somebody who says afterwards what came of it. */
  take(): TakenJob<Data> | undefined {
    const now = this.now();
    let next: KeptJob<Data> | undefined;
    for (const each of this.jobs.values()) {
      if (each.state !== 'waiting' || each.runAt > now) continue;
      if (!next || each.priority < next.priority || (each.priority === next.priority && each.place < next.place)) {
        next = each;
      }
    }
    if (!next) return undefined;
    next.state = 'active';
    next.turn = this.turns += 1;
    next.takenAt = now;
    const { id, data, failures, turn } = next;
    return { job: { id, data, lastAttempt: failures + 1 >= JOB_TRIES.max }, turn };
  }

  /** @returns `lost` where somebody else has it by now, or nobody knows of it any more */
  done(taken: TakenJob<Data>): JobOutcome {
    const kept = this.held(taken);
    if (!kept) return 'lost';
    this.jobs.delete(kept.id);
    return 'done';
  }

  /** It is run again later, or kept as given up after the last time. */
  failed(taken: TakenJob<Data>): JobOutcome {
    const kept = this.held(taken);
    if (!kept) return 'lost';
    kept.failures += 1;
    kept.state = kept.failures >= JOB_TRIES.max ? 'given-up' : 'waiting';
    kept.runAt = this.now() + backOffMs(kept.failures);
    kept.place = this.places += 1;
    return kept.state === 'given-up' ? 'given-up' : 'again';
  }

  /** Runs the job whose turn it is to its end. @returns undefined where none is due, or nobody handles them */
  async step(): Promise<JobOutcome | undefined> {
    const { handler } = this;
    const taken = handler && this.take();
    if (!taken) return undefined;
    try {
      await handler(taken.job);
    } catch {
      return this.failed(taken);
    }
    return this.done(taken);
  }

  /** Runs everything that is due. @returns how many jobs were run */
  async runDue(): Promise<number> {
    let run = 0;
    while ((await this.step()) !== undefined) run += 1;
    return run;
  }

  /** When the next job may run; undefined where none waits. */
  nextAt(): number | undefined {
    const waiting = [...this.jobs.values()].filter(({ state }) => state === 'waiting');
    return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ runAt }) => runAt));
  }

  /** Gives the jobs of workers that have said nothing for too long to whoever takes them next. @returns how many */
  freeStalled(): number {
    const now = this.now();
    let freed = 0;
    for (const each of this.jobs.values()) {
      if (each.state !== 'active' || now - each.takenAt < STALLED_MS) continue;
      each.state = 'waiting';
      each.runAt = now;
      freed += 1;
    }
    return freed;
  }

  /** Everything is gone: a server without persistence that was started anew, or FLUSHALL. */
  forget(): void {
    this.jobs.clear();
  }

  /** What a replica knows at this moment. */
  snapshot(): JobsSnapshot<Data> {
    return [...this.jobs.values()].map((each) => ({ ...each }));
  }

  /** A replica that had come so far takes over: what was acknowledged since is lost, what was removed since is back. */
  restore(snapshot: JobsSnapshot<Data>): void {
    this.jobs.clear();
    for (const each of snapshot) this.jobs.set(each.id, { ...each });
  }

  private held({ job, turn }: TakenJob<Data>): KeptJob<Data> | undefined {
    const kept = this.jobs.get(job.id);
    return kept?.state === 'active' && kept.turn === turn ? kept : undefined;
  }
}

/** What a replica of the jobs knows. Opaque. */
export type JobsSnapshot<Data extends JobData> = readonly Readonly<KeptJob<Data>>[];

/** A process's connection to jobs in memory. */
export class InProcessQueue<Data extends JobData> implements WorkQueue<Data> {
  private readonly underWay = new Set<Promise<void>>();
  private handles = false;
  private closed = false;

  constructor(
    readonly name: string,
    private readonly jobs: InProcessJobs<Data>,
  ) {}

  async add(jobs: readonly NewJob<Data>[]): Promise<void> {
    if (this.closed) throw new QueueUnavailable(this.name);
    this.jobs.add(jobs);
  }

  /** Whoever drives the jobs runs one at a time, so that it comes to no more than the concurrency that is asked for. */
  process(handler: JobHandler<Data>): void {
    if (this.handles) throw new Error(`${this.name} is processed in this process already`);
    this.handles = true;
    this.jobs.handleWith((job) => {
      const run = handler(job);
      const ended = run.then(
        () => undefined,
        () => undefined,
      );
      this.underWay.add(ended);
      void ended.then(() => this.underWay.delete(ended));
      return run;
    });
  }

  health(): Promise<QueueHealth> {
    return Promise.resolve({ backend: 'in-process', state: 'up', problem: null, since: this.openedAt });
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.handles) this.jobs.stopHandling();
    await Promise.all(this.underWay);
  }

  private readonly openedAt = new Date().toISOString();
}

/** A backend whose queues are all of this process, and are driven through `jobsOf`. */
export interface InProcessBackend extends QueueBackend {
  jobsOf<Data extends JobData>(name: string): InProcessJobs<Data>;
}

/** @param now ms, by the clock of whoever drives it */
export function inProcessBackend(now: () => number): InProcessBackend {
  const known = new Map<string, InProcessJobs<never>>();
  const jobsOf = <Data extends JobData>(name: string): InProcessJobs<Data> => {
    const jobs = known.get(name) ?? new InProcessJobs<never>(now);
    known.set(name, jobs);
    return jobs as unknown as InProcessJobs<Data>;
  };
  return {
    kind: 'in-process',
    jobsOf,
    open: (name) => new InProcessQueue(name, jobsOf(name)),
    factory: undefined,
    options: () => {
      throw new Error('Jobs in memory have no connection');
    },
    connected: () => true,
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
