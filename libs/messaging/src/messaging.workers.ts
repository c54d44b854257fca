import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { openQueue } from '#libs/queue/src/bullmq.queue.js';
import type { QueueBackend } from '#libs/queue/src/queue-backend.js';
import type { QueueHealth, WorkQueue } from '#libs/queue/src/work-queue.js';
import { ProductLots } from '#libs/treatment/src/streams.contract.js';
import type { ChainClock } from './clock/chain-clock.js';
import { ClockDriver, type ClockDriverDependencies } from './clock/clock-driver.js';
import type { ClockStop } from './clock/clock-stop.js';
import { DISPATCH_QUEUE, type DispatchJob } from './dispatch/dispatch.jobs.js';
import { DispatchPlanner } from './dispatch/dispatch-planner.js';
import { DispatchProcessor } from './dispatch/dispatch.processor.js';
import { DispatchSweeper, SWEEPER_TIMES, type SweeperTimes } from './dispatch/dispatch-sweeper.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { HeldMessages } from './dispatch/held-messages.js';
import { HeldNotes } from './dispatch/held-notes.js';
import type { DispatchGate } from './dispatch/dispatch-gate.js';
import type { AnswerLinks } from './dispatch/answer-links.js';
import { QueueMemory } from './dispatch/queue-memory.js';
import type { ProviderRate } from './dispatch/provider-rate.js';
import type { Transports } from './dispatch/transports.js';
import type { ReplyAddresses } from './inbound/reply-address.js';
import type { HeldTimes } from './dispatch/held-times.js';
import type { House } from './dispatch/house.js';
import type { MessageWriter } from './templates/message-writer.js';
import { Ticker } from './ticker.js';
import type { PlannerNotes } from './reactor/planner-notes.js';
import type { RecordReader } from './reactor/record-reader.js';
import type { ZoneRulesWatch } from './zones/zone-rules-watch.js';

/**
 * Messages that one process dispatches at a time. A dispatch waits for the database most of its time, and what several
 * ask goes together: on a server the more of them, the fewer round trips and commits each takes. The embedded database
 * has one session, on which commands wait in the same line.
 */
const CONCURRENCY: Readonly<Record<QueueHealth['backend'], number>> = { redis: 64, postgres: 8, 'in-process': 8 };
const CLOCK_POLL_MS = 500;
const SWEEP_EVERY_MS = 5_000;
/** Newer rules come with newer software, so at the start; later rounds are for what a process left that has died. */
const ZONES_EVERY_MS = 60_000;
/** Rows that move one after the other make one look. */
const HINT_DELAY_MS = 200;

export interface MessagingWorkersDependencies {
  readonly db: Database;
  readonly store: EventStore;
  readonly chains: Chains;
  readonly runner: CommandRunner;
  readonly codes: Pick<ExternalCodes, 'find'>;
  readonly projections: ClockDriverDependencies['projections'];
  readonly reader: RecordReader;
  readonly notes: PlannerNotes;
  readonly transports: Transports;
  readonly rate: ProviderRate;
  readonly gate: DispatchGate;
  readonly links: AnswerLinks;
  readonly addresses: ReplyAddresses;
  readonly house: House;
  readonly writer: MessageWriter;
  readonly times: HeldTimes;
  readonly clock: ChainClock;
  readonly backend: QueueBackend;
  /** Moves plans when the software comes with newer rules of zones; left out where none ever do. */
  readonly zones?: Pick<ZoneRulesWatch, 'runDue'>;
  /** Work of others that the clock of a sandbox must not jump over. */
  readonly stops?: readonly ClockStop[];
  readonly log: { warn(fields: object, message: string): void };
}

export interface MessagingWorkersOptions {
  /** How often to look for what is due: often where one process does everything, less so where many look. */
  readonly planEveryMs: number;
  readonly times?: SweeperTimes;
  /** Name of the queue; its own for each of several deployments on one database server. */
  readonly queueName?: string;
}

/** Everything of messaging that runs by itself: planner, dispatch, sweeper and the driver of test clocks. */
export class MessagingWorkers {
  readonly dispatcher: Dispatcher;
  readonly planner: DispatchPlanner;
  readonly sweeper: DispatchSweeper;
  readonly held: HeldMessages;
  private readonly queue: WorkQueue<DispatchJob>;
  private readonly driver: ClockDriver;
  private readonly processor: DispatchProcessor;
  private readonly tickers: readonly Ticker[];
  private readonly planTicker: Ticker;
  private readonly clockTicker: Ticker;
  private unsubscribe: (() => void)[] = [];

  constructor(
    private readonly deps: MessagingWorkersDependencies,
    { planEveryMs, times = SWEEPER_TIMES, queueName = DISPATCH_QUEUE }: MessagingWorkersOptions,
  ) {
    const { log, backend } = deps;
    this.queue = openQueue<DispatchJob>(queueName, { backend, log });
    const shared = { ...deps, queue: this.queue };
    const heldNotes = new HeldNotes(deps.db, times.heldLookMs);
    this.dispatcher = new Dispatcher({ ...deps, heldNotes, products: new ProductLots(deps.db) });
    this.planner = new DispatchPlanner(shared);
    this.held = new HeldMessages({ ...deps, heldNotes, dispatcher: this.dispatcher });
    this.sweeper = new DispatchSweeper({ ...shared, dispatcher: this.dispatcher, held: this.held }, times);
    this.driver = new ClockDriver({ ...shared, planner: this.planner, held: this.held });
    this.processor = new DispatchProcessor({ ...shared, dispatcher: this.dispatcher });
    const memory = new QueueMemory(deps.db, this.queue, log);
    const plan = () => memory.check().then(() => this.planner.planAll());
    this.planTicker = new Ticker('planning', planEveryMs, plan, log);
    this.clockTicker = new Ticker('the test clock', CLOCK_POLL_MS, () => this.driver.driveAll(), log);
    const sweepTicker = new Ticker('sweeping', SWEEP_EVERY_MS, () => this.sweeper.sweepAll(), log);
    const zonesTicker = new Ticker('moving plans', ZONES_EVERY_MS, async () => deps.zones?.runDue(log), log);
    this.tickers = [this.planTicker, this.clockTicker, sweepTicker, zonesTicker];
  }

  /** How many messages a process dispatches at a time where the jobs are kept so. */
  static concurrencyOn(kind: QueueHealth['backend']): number {
    return CONCURRENCY[kind];
  }

  start(): void {
    this.queue.process(this.processor.handle, { concurrency: MessagingWorkers.concurrencyOn(this.deps.backend.kind) });
    for (const ticker of this.tickers) ticker.start();
    this.unsubscribe = [
      this.deps.projections.onMoved(() => this.planTicker.soon(HINT_DELAY_MS)),
      this.deps.clock.onRequested(() => this.clockTicker.soon(0)),
    ];
  }

  /** Waits for what is under way. What was handed over and not done is found again at the next start. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    this.driver.stop();
    await Promise.all(this.tickers.map((ticker) => ticker.stop()));
    await this.queue.close();
  }

  health(): Promise<QueueHealth> {
    return this.queue.health();
  }
}
