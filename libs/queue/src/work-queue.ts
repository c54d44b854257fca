import type { Instant } from '#libs/kernel/src/zoned-time.js';

/**
 * The port to a queue of jobs. A queue wakes workers, spreads load and retries; it is never the truth about what is to
 * be done. It may lose everything at any moment, and run a job twice: whoever processes a job decides anew, and whoever
 * adds one must be able to find out again, from the database, that it is still to be done.
 */
export interface WorkQueue<Data extends JobData> {
  readonly name: string;

  /**
   * Adds jobs in one round trip. One whose id is still in the queue is not added again: that waits, is worked on, or was
   * given up and is kept to be looked at.
   * @throws Error for an id or a priority that cannot be
   * @throws Unavailable `queue.unavailable` when the queue cannot be reached; some of the jobs may have been added.
   */
  add(jobs: readonly NewJob<Data>[]): Promise<void>;

  /** Works on the queue in this process, until `close`. A handler that throws gets the job again, later: see `JOB_TRIES`. */
  process(handler: JobHandler<Data>, options: { readonly concurrency: number }): void;

  /**
   * A word for what the queue remembers, which is another one once it has lost everything. Left out where it cannot lose
   * more than the database does.
   * @throws Unavailable `queue.unavailable`
   */
  memory?(): Promise<string>;

  health(): Promise<QueueHealth>;

  /** Waits for the jobs under way in this process, then lets go. */
  close(): Promise<void>;
}

/** Ids only: a queue holds its jobs in the open, so nothing about a person may stand in them. */
export type JobData = Readonly<Record<string, string>>;

export interface NewJob<Data extends JobData> {
  /** Says which jobs are the same. No colon, and not a number alone: BullMQ uses both for itself. */
  readonly id: string;
  readonly data: Data;
  /** Real time, by this process's clock; at most a few hours: what is due later is known to the database alone. */
  readonly delayMs?: number;
  /** 1 is taken first, then 2, and so on; of one priority, what was added first. What has none goes before all of them. */
  readonly priority?: number;
}

export interface RunningJob<Data extends JobData> {
  readonly id: string;
  readonly data: Data;
  /** True when the job is given up after this time. */
  readonly lastAttempt: boolean;
}

export type JobHandler<Data extends JobData> = (job: RunningJob<Data>) => Promise<void>;

export interface QueueHealth {
  readonly backend: 'postgres' | 'redis' | 'in-process';
  /** `refused`: it can be reached, and must not be used as it is configured. */
  readonly state: 'up' | 'down' | 'refused';
  /** What is wrong and how to mend it; null while it is up. */
  readonly problem: string | null;
  /** Since when it has been so, as far as this process knows. */
  readonly since: Instant;
}

export interface QueueLog {
  warn(fields: object, message: string): void;
}
