import { pruneSignIns } from '#libs/access/src/session/sessions.js';
import { type Booking, BookingWorkers } from '#libs/booking/src/booking.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import type { Erasure } from '#libs/erasure/src/erasure.js';
import type { Ledger } from '#libs/ledger/src/ledger.js';
import type { Engine } from '#libs/engine/src/engine.js';
import { pruneIdempotencyKeys } from '#libs/http/src/idempotency.js';
import { describeError, type Log } from '#libs/kernel/src/log.js';
import { DISPATCH_QUEUE } from '#libs/messaging/src/dispatch/dispatch.jobs.js';
import { BalanceCheck } from '#libs/messaging/src/messages/balance-check.js';
import type { Messaging } from '#libs/messaging/src/messaging.js';
import { MessagingWorkers } from '#libs/messaging/src/messaging.workers.js';
import { Ticker } from '#libs/messaging/src/ticker.js';
import type { Projections } from '#libs/projections/src/projections.js';
import { openQueue } from '#libs/queue/src/bullmq.queue.js';
import { openQueueBackend, type QueueBackend } from '#libs/queue/src/queue-backend.js';
import type { QueueHealth } from '#libs/queue/src/work-queue.js';
import type { ReadRecord } from '#libs/read-record/src/read-record.js';
import type { Tasks } from '#libs/tasks/src/tasks.js';

/** What falls due is seen within a second; a hint makes it sooner. */
const PLAN_MS = 1_000;
/** What nobody has answered for two days may wait another half minute. */
const SWEEP_TASKS_MS = 30_000;
/** A checkpoint follows an event within a second or two; witnesses are shown it within another one. */
const LEDGER_MS = 1_000;
/** Hints come with every append: they are looked at together, so that a thousand leaves make a checkpoint at once. */
const LEDGER_SOON_MS = 250;
/** Reads wait a little longer for their checkpoint than events do: nobody waits for it. */
const LEDGER_OF_READS_MS = 1_000;
/** An erasure is made final at once; these rounds are for what was interrupted, or waits for an operator. */
const FINISH_ERASURES_MS = 60_000;
/** Half of what an alarm about messages that do not go may come late without anybody noticing. */
const CHECK_BALANCE_MS = 60_000;
/**
 * With one process and an outbox in its own database, what has not happened after this time does not happen any more:
 * a killed process is soon made up for.
 */
const EMBEDDED_TIMES = { jobLostMs: 3_000, attemptStaleMs: 3_000 };
const DAY_MS = 24 * 60 * 60 * 1000;

export interface ProcessWorkersDependencies {
  readonly configuration: Configuration;
  readonly engine: Engine;
  readonly messaging: Messaging;
  readonly booking: Booking;
  readonly tasks: Tasks;
  readonly erasure: Erasure;
  readonly ledger: Ledger;
  readonly readRecord: Pick<ReadRecord, 'ledger'>;
  readonly projections: Projections;
  readonly log: Log;
}

/** What one process does of the work that nobody asks for. Nothing runs until it is told to. */
export class ProcessWorkers {
  private backend: QueueBackend | undefined;
  private queueHealth: (() => Promise<QueueHealth>) | undefined;
  private readonly stops: (() => Promise<void> | void)[] = [];

  constructor(private readonly deps: ProcessWorkersDependencies) {}

  /**
   * Keeps read models up to date, plans and sends messages, proposes times, looks for tasks, checks the balance, drives
   * test clocks, prunes.
   * @throws RedisMayEvict
   */
  async start(): Promise<void> {
    const { configuration, engine, messaging, booking, tasks, erasure, ledger, projections, log } = this.deps;
    const ofReads = this.deps.readRecord.ledger;
    const backend = await this.open();
    const times = configuration.mode === 'embedded' ? { times: EMBEDDED_TIMES } : {};
    const messengers = new MessagingWorkers(
      { ...engine, ...messaging, projections, backend, log, stops: [booking.booker] },
      { planEveryMs: PLAN_MS, ...times },
    );
    const bookers = new BookingWorkers({ booker: booking.booker, projections, log }, PLAN_MS);
    const balance = new BalanceCheck({ ...engine, gate: messaging.gate, log });
    const erasures = new Ticker('making erasures final', FINISH_ERASURES_MS, () => erasure.finisher.finishAll(), log);
    erasure.onErased(() => erasures.soon(0));
    const sequencing = new Ticker('the ledger', LEDGER_MS, () => ledger.sequencer.tick(), log);
    const stopHints = engine.store.onAppended(() => sequencing.soon(LEDGER_SOON_MS));
    const tickers = [
      sequencing,
      new Ticker('showing checkpoints to witnesses', LEDGER_MS, () => ledger.witnesses.tick(), log),
      new Ticker('the ledger of reads', LEDGER_OF_READS_MS, () => ofReads.sequencer.tick(), log),
      new Ticker('showing checkpoints of reads to witnesses', LEDGER_OF_READS_MS, () => ofReads.witnesses.tick(), log),
      erasures,
      new Ticker('looking for tasks', SWEEP_TASKS_MS, () => tasks.sweeper.sweepAll(), log),
      new Ticker('the balance of messages', CHECK_BALANCE_MS, () => balance.checkAll(), log),
    ];
    projections.start();
    messengers.start();
    bookers.start();
    for (const ticker of tickers) ticker.start();
    this.queueHealth = () => messengers.health();
    this.stops.push(
      () => messengers.stop(),
      () => bookers.stop(),
      async () => {
        stopHints();
        await Promise.all(tickers.map((ticker) => ticker.stop()));
        await Promise.all([ledger.sequencer.stop(), ofReads.sequencer.stop()]);
      },
      this.pruneDaily(),
    );
  }

  /**
   * Works on nothing, and can tell whether the queue does: for a process that only serves the API.
   * @throws RedisMayEvict
   */
  async watch(): Promise<void> {
    const queue = openQueue(DISPATCH_QUEUE, { backend: await this.open(), log: this.deps.log });
    this.queueHealth = () => queue.health();
    this.stops.push(() => queue.close());
  }

  /** Keeps read models up to date and does nothing else: for a process that lives for one command. */
  follow(): void {
    this.deps.projections.start((work) => !('react' in work));
  }

  /** How the queue is; undefined where this process has none. */
  health(): Promise<QueueHealth> | undefined {
    return this.queueHealth?.();
  }

  async stop(): Promise<void> {
    await Promise.all(this.stops.splice(0).map(async (stop) => stop()));
    await this.deps.projections.stop();
    await this.backend?.close();
    this.backend = undefined;
  }

  private async open(): Promise<QueueBackend> {
    const { configuration, engine } = this.deps;
    this.backend = await openQueueBackend({ db: engine.db, redisUrl: configuration.redisUrl });
    return this.backend;
  }

  private pruneDaily(): () => void {
    const { engine, log } = this.deps;
    const prune = () => {
      Promise.all([pruneIdempotencyKeys(engine.db), pruneSignIns(engine.db)]).catch((error: unknown) =>
        log.warn({ error: describeError(error) }, 'pruning failed'),
      );
    };
    prune();
    const timer = setInterval(prune, DAY_MS).unref();
    return () => clearInterval(timer);
  }
}
