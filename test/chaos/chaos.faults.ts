import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { newId } from '#libs/kernel/src/ids.js';
import { DISPATCH_QUEUE } from '#libs/messaging/src/dispatch/dispatch.jobs.js';
import type { Random } from '../simulation/random.js';
import type { ChaosRedis, KeptProcess } from './chaos.processes.js';

export interface FaultsDependencies {
  readonly random: Random;
  readonly api: KeptProcess;
  readonly workers: readonly KeptProcess[];
  readonly redis: ChaosRedis;
  readonly databaseUrl: string;
  /** For how long a worker is stopped before it wakes. */
  readonly stopMs: number;
}

const FAULTS = {
  killWorker: 30,
  killApi: 5,
  stopWorker: 12,
  wipeRedis: 12,
  evictingRedis: 6,
  restartRedis: 10,
  cutDatabase: 15,
  poison: 10,
};
export type Fault = keyof typeof FAULTS;

const JOB_FIELDS: ReadonlySet<string> = new Set(['chainId', 'messageId', 'turn']);
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const POISON = 'poison';
const JOBS_LOOKED_AT = 200;

/** What goes wrong on the way. What lasts is ended by `calm`. */
export class ChaosFaults {
  readonly counts = new Map<Fault, number>();
  readonly leaks = new Set<string>();
  private readonly lasting = new Set<Promise<void>>();
  private redisIsBusy = false;
  private readonly stopped = new Set<KeptProcess>();
  private readonly ending = new AbortController();

  constructor(private readonly deps: FaultsDependencies) {}

  /** Lets one thing go wrong. What lasts goes on beside whatever comes next. */
  next(): void {
    const fault = this.deps.random.weighted(FAULTS);
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    const done: Promise<void> = this[fault]().finally(() => this.lasting.delete(done));
    this.lasting.add(done);
  }

  /** Everything is up and goes on. */
  async calm(): Promise<void> {
    this.ending.abort();
    while (this.lasting.size > 0) await Promise.all(this.lasting);
  }

  /** Hands over jobs that nobody can do, and looks at what lies in the queue. @returns ids of the jobs */
  async poison(): Promise<void> {
    await this.withQueue(async (queue) => {
      const jobs = await queue.getJobs(['wait', 'delayed', 'prioritized', 'failed'], 0, JOBS_LOOKED_AT);
      for (const job of jobs) {
        if (!job || job.id?.startsWith(POISON)) continue;
        for (const [name, value] of Object.entries(job.data as Record<string, unknown>)) {
          const isId =
            JOB_FIELDS.has(name) && (ID.test(String(value)) || (name === 'turn' && /^\d+$/.test(String(value))));
          if (!isId) this.leaks.add(JSON.stringify(job.data));
        }
      }
      const of = (data: object) => ({ name: DISPATCH_QUEUE, data, opts: { jobId: `${POISON}-${newId()}` } });
      await queue.addBulk([
        of({}),
        of({ chainId: newId(), messageId: newId() }),
        of({ chainId: 'x', messageId: null }),
      ]);
    });
  }

  /** Poison jobs that were given up and lie where somebody can see them. */
  async parked(): Promise<number> {
    let parked = 0;
    await this.withQueue(async (queue) => {
      const failed = await queue.getJobs(['failed'], 0, 1_000);
      parked = failed.filter((job) => job?.id?.startsWith(POISON)).length;
    });
    return parked;
  }

  private async killWorker(): Promise<void> {
    this.deps.random.pick(this.deps.workers).signal('SIGKILL');
  }

  private async killApi(): Promise<void> {
    this.deps.api.signal('SIGKILL');
  }

  private async stopWorker(): Promise<void> {
    const worker = this.deps.random.pick(this.deps.workers);
    // Somebody has to go on.
    if (this.stopped.size > 0) return;
    this.stopped.add(worker);
    worker.signal('SIGSTOP');
    await this.while(this.deps.stopMs);
    worker.signal('SIGCONT');
    this.stopped.delete(worker);
  }

  private wipeRedis(): Promise<void> {
    return this.withRedis(async (redis) => {
      await redis.flushall();
    });
  }

  /** Those that run go on and say so; those that start refuse to, and come again. */
  private evictingRedis(): Promise<void> {
    return this.alone(() =>
      this.withRedis(async (redis) => {
        await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
        await this.while(5_000);
        await redis.config('SET', 'maxmemory-policy', 'noeviction');
      }),
    );
  }

  private restartRedis(): Promise<void> {
    return this.alone(async () => {
      await this.deps.redis.kill();
      await this.while(this.deps.random.int(500, 6_000));
      await this.deps.redis.resume();
    });
  }

  /** Half of the sessions, in whatever they are doing. */
  private async cutDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.deps.databaseUrl });
    client.on('error', () => {});
    await client.connect();
    try {
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and random() < 0.5`,
      );
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** One thing at a time happens to Redis that takes its time. */
  private async alone(work: () => Promise<void>): Promise<void> {
    if (this.redisIsBusy) return;
    this.redisIsBusy = true;
    await work().finally(() => {
      this.redisIsBusy = false;
    });
  }

  private async withRedis(work: (redis: Redis) => Promise<void>): Promise<void> {
    const redis = new Redis(this.deps.redis.url, {
      lazyConnect: true,
      maxRetriesPerRequest: 1,
      retryStrategy: () => null,
    });
    redis.on('error', () => {});
    try {
      await redis.connect();
      await work(redis);
    } catch {
      // It is down at present: that is fault enough.
    } finally {
      redis.disconnect();
    }
  }

  private withQueue(work: (queue: Queue) => Promise<void>): Promise<void> {
    return this.withRedis(async (connection) => {
      const queue = new Queue(DISPATCH_QUEUE, {
        connection: connection as never,
        prefix: '{pistor}',
        skipVersionCheck: true,
      });
      queue.on('error', () => {});
      try {
        await work(queue);
      } finally {
        await queue.close().catch(() => undefined);
      }
    });
  }

  /** Waits, but not beyond the end of the faults. */
  private async while(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.ending.signal }).catch(() => undefined);
  }
}
