import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { QueueHealth } from '#libs/queue/src/work-queue.js';

export interface HealthCheck {
  readonly status: 'ok' | 'failing';
  readonly detail?: string;
}

/** Probes ask every few seconds; each answer costs a flush of the disk, so one serves all that ask in this time. */
const FRESH_MS = 1_000;
/** Longer than a write under load, shorter than the patience of a probe. */
const ANSWER_MS_MAX = 3_000;

export interface HealthQuestion {
  /** What has to succeed for the check to be good. */
  readonly ask: () => Promise<unknown>;
  /** What is said where it fails, and where it does not come to an end in time. */
  readonly failed: string;
  readonly late: string;
  readonly msMax?: number;
}

/** Tells whether something works now. Never throws, and always answers in time. */
export class HealthProbe {
  private latest: { readonly at: number; readonly check: Promise<HealthCheck> } | undefined;

  constructor(private readonly question: HealthQuestion) {}

  check(): Promise<HealthCheck> {
    const now = performance.now();
    if (!this.latest || now - this.latest.at > FRESH_MS) this.latest = { at: now, check: this.ask() };
    return this.latest.check;
  }

  private async ask(): Promise<HealthCheck> {
    const { ask, failed, late, msMax = ANSWER_MS_MAX } = this.question;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<HealthCheck>((resolve) => {
      timer = setTimeout(() => resolve({ status: 'failing', detail: late }), msMax);
    });
    const answered = Promise.resolve()
      .then(ask)
      .then(
        (): HealthCheck => ({ status: 'ok' }),
        (): HealthCheck => ({ status: 'failing', detail: failed }),
      );
    try {
      return await Promise.race([answered, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Tells whether the database takes writes now, which is what commands need. */
export const databaseHealth = (db: Database): HealthProbe =>
  new HealthProbe({
    ask: () =>
      db.query(
        `insert into health_check (no, written_at) values (1, clock_timestamp())
         on conflict (no) do update set written_at = excluded.written_at`,
      ),
    failed: 'The database takes no writes.',
    late: 'The database does not answer.',
  });

/** Tells whether an event store beside the database answers: with the newest position, which it is asked for all the time. */
export const eventsHealth = (store: Pick<EventStore, 'head'>, chain: Chain): HealthProbe =>
  new HealthProbe({
    ask: () => store.head(chain.id),
    failed: 'The event store does not answer as it should.',
    late: 'The event store does not answer.',
  });

/**
 * What a check has found that runs by itself, in any process: of the balance of messages, of the ledger. Nothing is said where
 * all is well, or where nobody checks; a database that does not answer is told by its own probe.
 */
export async function alarmHealth(
  last: () => Promise<{ readonly alarm: string | null } | undefined>,
): Promise<HealthCheck | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ANSWER_MS_MAX);
  });
  try {
    const found = await Promise.race([last().catch(() => undefined), tooLate]);
    return found?.alarm ? { status: 'failing', detail: found.alarm } : undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** A queue that is away, in the same words. */
export const queueCheck = ({ state, backend, problem }: QueueHealth): HealthCheck =>
  state === 'up'
    ? { status: 'ok', detail: backend }
    : { status: 'failing', detail: problem ?? `${backend} is ${state}` };
