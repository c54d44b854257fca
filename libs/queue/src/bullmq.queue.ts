import { type Job, Queue, Worker } from 'bullmq';
import { PistorError } from '#libs/kernel/src/errors.js';
import type { QueueBackend } from './backend.port.js';
import { checkedJobId, checkedPriority, JOB_TRIES } from './job.rules.js';
import { QueueUnavailable } from './queue.errors.js';
import type { JobData, JobHandler, NewJob, QueueHealth, QueueLog, WorkQueue } from './work-queue.js';

/** Failed jobs are kept to be looked at; the work itself is known to the database. */
const FAILED_KEPT = { count: 1_000, age: 24 * 3_600 };
/** Jobs of one round trip. */
const ADD_MAX = 500;
const ADD_MS_MAX = 10_000;
/** Between two looks for a backend that could not be used when the worker was to start. */
const START_RETRY_MS = 2_000;
/** An error event for each poll of a dead backend would fill the log. */
const LOG_EVERY_MS = 30_000;

export interface OpenQueueOptions {
  readonly backend: QueueBackend;
  readonly log: QueueLog;
}

/** Opens a queue on a backend. Adds nothing and works on nothing yet. */
export const openQueue = <Data extends JobData>(name: string, { backend, log }: OpenQueueOptions): WorkQueue<Data> =>
  backend.open?.<Data>(name) ?? new BullMqQueue<Data>(name, backend, log);

/** BullMQ behind the port. */
class BullMqQueue<Data extends JobData> implements WorkQueue<Data> {
  readonly memory: WorkQueue<Data>['memory'];
  private readonly queue: Queue<Data>;
  private worker: Worker<Data> | undefined;
  private startTimer: NodeJS.Timeout | undefined;
  private processes = false;
  private closing = false;
  private last: QueueHealth;
  private loggedAt = 0;

  constructor(
    readonly name: string,
    private readonly backend: QueueBackend,
    private readonly log: QueueLog,
  ) {
    this.last = { backend: backend.kind, state: 'up', problem: null, since: new Date().toISOString() };
    this.queue = new Queue<Data>(name, backend.options('producer'), backend.factory as never);
    this.queue.on('error', (error) => this.noteError(error));
    if (backend.memory) this.memory = () => within(ADD_MS_MAX, backend.memory?.() as Promise<string>);
  }

  async add(jobs: readonly NewJob<Data>[]): Promise<void> {
    for (let from = 0; from < jobs.length; from += ADD_MAX) {
      const bulk = jobs.slice(from, from + ADD_MAX).map((job) => ({
        name: this.name,
        data: job.data,
        opts: {
          jobId: checkedJobId(job.id),
          ...(job.priority === undefined ? {} : { priority: checkedPriority(job.priority) }),
          ...(job.delayMs !== undefined && job.delayMs > 0 ? { delay: Math.ceil(job.delayMs) } : {}),
          attempts: JOB_TRIES.max,
          backoff: { type: 'exponential', delay: JOB_TRIES.backOffMs },
          removeOnComplete: true,
          removeOnFail: FAILED_KEPT,
        },
      }));
      try {
        if (!this.backend.connected()) throw new Error('there is no connection');
        await within(ADD_MS_MAX, this.queue.addBulk(bulk as never));
      } catch (error) {
        this.note('down', error);
        throw new QueueUnavailable(this.name, error);
      }
    }
  }

  process(handler: JobHandler<Data>, { concurrency }: { readonly concurrency: number }): void {
    if (this.processes) throw new Error(`${this.name} is processed in this process already`);
    this.processes = true;
    void this.startWorker(handler, concurrency);
  }

  async health(): Promise<QueueHealth> {
    try {
      await within(ADD_MS_MAX, this.backend.check());
      this.note('up');
    } catch (error) {
      this.note(error instanceof PistorError && error.kind === 'invalid' ? 'refused' : 'down', error);
    }
    return this.last;
  }

  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.startTimer);
    await this.worker?.close();
    await this.queue.close();
  }

  /** Only on a backend that may be used: a worker on a missing schema spins, one on an evicting Redis loses jobs. */
  private async startWorker(handler: JobHandler<Data>, concurrency: number): Promise<void> {
    const health = await this.health();
    if (this.closing) return;
    if (health.state !== 'up') {
      this.startTimer = setTimeout(() => void this.startWorker(handler, concurrency), START_RETRY_MS).unref();
      return;
    }
    this.worker = new Worker<Data>(
      this.name,
      (job: Job<Data>) =>
        handler({
          id: job.id as string,
          data: job.data,
          lastAttempt: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
        }),
      { ...this.backend.options('worker'), concurrency },
      this.backend.factory as never,
    );
    this.worker.on('error', (error) => this.noteError(error));
    this.worker.on('failed', (job, error) => {
      this.log.warn({ queue: this.name, job: job?.id, err: error }, 'a job failed');
    });
  }

  private noteError(error: Error): void {
    if (this.closing) return;
    this.note('down', error);
    if (Date.now() - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = Date.now();
    this.log.warn({ queue: this.name, err: error }, 'the queue has a problem');
  }

  private note(state: QueueHealth['state'], error?: unknown): void {
    const problem = state === 'up' ? null : error instanceof Error ? error.message : String(error);
    const since = state === this.last.state ? this.last.since : new Date().toISOString();
    this.last = { backend: this.backend.kind, state, problem, since };
  }
}

/** BullMQ waits without an end for a connection; nobody who calls us may. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
