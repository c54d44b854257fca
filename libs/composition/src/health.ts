import type { Database } from '#libs/database/src/database.js';
import type { QueueHealth } from '#libs/queue/src/work-queue.js';

export interface HealthCheck {
  readonly status: 'ok' | 'failing';
  readonly detail?: string;
}

/** Probes ask every few seconds; each answer costs a flush of the disk, so one serves all that ask in this time. */
const FRESH_MS = 1_000;
/** Longer than a write under load, shorter than the patience of a probe. */
const WRITE_MS_MAX = 3_000;

/** Tells whether the database takes writes now, which is what commands need. */
export class DatabaseHealth {
  private latest: { readonly at: number; readonly check: Promise<HealthCheck> } | undefined;

  constructor(private readonly db: Database) {}

  check(): Promise<HealthCheck> {
    const now = performance.now();
    if (!this.latest || now - this.latest.at > FRESH_MS) this.latest = { at: now, check: this.write() };
    return this.latest.check;
  }

  private async write(): Promise<HealthCheck> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<HealthCheck>((resolve) => {
      timer = setTimeout(() => resolve({ status: 'failing', detail: 'The database does not answer.' }), WRITE_MS_MAX);
    });
    const written = this.db
      .query(
        `insert into health_check (no, written_at) values (1, clock_timestamp())
         on conflict (no) do update set written_at = excluded.written_at`,
      )
      .then(
        (): HealthCheck => ({ status: 'ok' }),
        (): HealthCheck => ({ status: 'failing', detail: 'The database takes no writes.' }),
      );
    try {
      return await Promise.race([written, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A queue that is away, in the same words. */
export const queueCheck = ({ state, backend, problem }: QueueHealth): HealthCheck =>
  state === 'up'
    ? { status: 'ok', detail: backend }
    : { status: 'failing', detail: problem ?? `${backend} is ${state}` };
