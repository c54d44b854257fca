import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Pistor } from '#libs/composition/src/pistor.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { type BalanceReport, lastBalance } from '#libs/messaging/src/messages/balance-check.js';
import type { LedgerStatus } from '#libs/ledger/src/ledger-reader.js';
import type { ProjectionStatus } from '#libs/projections/src/projections.js';
import type { OpenTasks } from '#libs/tasks/src/tasks/tasks.query.js';
import { AppendMetrics } from './append.metrics.js';

/** A scrape is given up after ten seconds, mostly; what the process knows by itself must have left by then. */
const DATABASE_MS_MAX = 5_000;

const OF_CHAIN = ['chain'] as const;
const OF_PROJECTION = ['chain', 'projection', 'version', 'kind'] as const;

interface AskedOfChain {
  readonly chain: Chain;
  readonly head: number;
  readonly projections: readonly ProjectionStatus[];
  /** Undefined while nobody has checked it. */
  readonly balance: BalanceReport | undefined;
  readonly tasks: readonly OpenTasks[];
  /** Undefined before anything was sequenced. */
  readonly ledger: LedgerStatus | undefined;
}

/**
 * What Prometheus is told. Labels hold the slug of a chain and names of projections: nothing of a person, and few
 * enough that a scrape stays small.
 */
export class Metrics {
  private readonly registry = new Registry();
  private running: Promise<string> | undefined;

  private readonly databaseUp = this.gauge('database_up', 'Whether the database answered this scrape.');
  private readonly queueUp = this.gauge('queue_up', 'Whether the queue of jobs can be worked with.', ['backend']);
  private readonly head = this.gauge('event_store_head', 'Position of the newest event.', OF_CHAIN);
  private readonly lag = this.gauge('projection_lag_events', 'Positions still to be applied.', OF_PROJECTION);
  private readonly position = this.gauge('projection_position', 'Position of the last event.', OF_PROJECTION);
  private readonly rate = this.gauge('projection_rate_per_second', 'Events applied per second of late.', OF_PROJECTION);
  private readonly applied = this.gauge(
    'projection_applied_events',
    'Events applied since it was made.',
    OF_PROJECTION,
  );
  private readonly parked = this.gauge('projection_parked_events', 'Events that were set aside.', OF_PROJECTION);
  private readonly building = this.gauge('projection_building', '1 until a new version serves.', OF_PROJECTION);
  private readonly still = this.gauge('projection_unmoved_seconds', 'Since it last moved.', OF_PROJECTION);
  private readonly messages = this.gauge('messages', 'Messages by their fate, at the last check of the balance.', [
    'chain',
    'status',
  ]);
  private readonly dueLag = this.gauge(
    'messages_due_lag_seconds',
    'For how long the message that has been due longest has been, at the last check.',
    OF_CHAIN,
  );
  private readonly alarm = this.gauge(
    'messages_alarm',
    '1 where messages are out of balance with the log, or have been due for over ten minutes.',
    OF_CHAIN,
  );
  private readonly checkAge = this.gauge(
    'messages_check_age_seconds',
    'Since the last check of the balance.',
    OF_CHAIN,
  );
  private readonly openTasks = this.gauge('open_tasks', 'Tasks that wait for a person.', ['chain', 'kind', 'severity']);
  private readonly ledgerSize = this.gauge('ledger_size', 'Leaves of the tree.', OF_CHAIN);
  private readonly ledgerPublished = this.gauge('ledger_published_size', 'Leaves of the published tree.', OF_CHAIN);
  private readonly ledgerLag = this.gauge('ledger_lag_events', 'Events that are not in the tree yet.', OF_CHAIN);
  private readonly ledgerLagSeconds = this.gauge(
    'ledger_lag_seconds',
    'For how long the oldest of them has waited.',
    OF_CHAIN,
  );
  private readonly ledgerBroken = this.gauge(
    'ledger_broken',
    '1 with the reason where the log does not continue the tree: nothing is sequenced then.',
    ['chain', 'code'],
  );
  private readonly appends: AppendMetrics | undefined;

  constructor(private readonly pistor: Pistor) {
    collectDefaultMetrics({ register: this.registry });
    const { store } = pistor.engine;
    const stats = store.stats?.bind(store);
    if (stats) this.appends = new AppendMetrics(this.registry, stats);
  }

  /** All metrics in the text format of Prometheus. Callers that ask at the same time get the same answer. */
  async scrape(): Promise<{ text: string; contentType: string }> {
    this.running ??= this.read().finally(() => (this.running = undefined));
    return { text: await this.running, contentType: this.registry.contentType };
  }

  private async read(): Promise<string> {
    const found = await within(DATABASE_MS_MAX, this.ask()).catch(() => undefined);
    this.databaseUp.set(found ? 1 : 0);
    // A chain or version that is gone, and values that nobody could read, are not told as if they were of now.
    const told = [this.head, this.lag, this.position, this.rate, this.applied, this.parked, this.building, this.still];
    for (const gauge of told) gauge.reset();
    for (const gauge of [this.messages, this.dueLag, this.alarm, this.checkAge, this.openTasks]) gauge.reset();
    for (const gauge of this.ofLedger) gauge.reset();
    for (const { chain, head, projections, balance, tasks, ledger } of found ?? []) {
      this.head.set({ chain: chain.slug }, head);
      for (const status of projections) this.tell(chain, status);
      if (balance) this.tellMessages(chain, balance);
      if (ledger) this.tellLedger(chain, ledger);
      for (const { kind, severity, tasks: n } of tasks) this.openTasks.set({ chain: chain.slug, kind, severity }, n);
    }
    this.appends?.tell();
    const queue = await this.pistor.workers.health();
    this.queueUp.reset();
    if (queue) this.queueUp.set({ backend: queue.backend }, queue.state === 'up' ? 1 : 0);
    return this.registry.metrics();
  }

  private async ask(): Promise<AskedOfChain[]> {
    const { engine, projections, tasks, ledger } = this.pistor;
    const [chains, heads] = await Promise.all([engine.chains.all(), engine.store.heads()]);
    const asked = chains.map(async (chain) => ({
      chain,
      head: heads.get(chain.id) ?? 0,
      projections: await projections.status(chain),
      balance: await lastBalance(engine.db, chain),
      tasks: await tasks.queries.open(chain),
      ledger: await ledger.status(chain),
    }));
    return Promise.all(asked);
  }

  private tell(chain: Chain, status: ProjectionStatus): void {
    const { projection, version, kind, movedAt } = status;
    const labels = { chain: chain.slug, projection, version: String(version), kind };
    this.lag.set(labels, status.lag);
    this.position.set(labels, status.position);
    this.rate.set(labels, status.ratePerSecond);
    this.applied.set(labels, status.applied);
    this.parked.set(labels, status.parked);
    this.building.set(labels, status.state === 'building' ? 1 : 0);
    if (movedAt !== null) this.still.set(labels, Math.max(0, (Date.now() - Date.parse(movedAt)) / 1000));
  }

  private tellMessages({ slug: chain }: Chain, { checkedAt, counts, dueLagSeconds, alarm }: BalanceReport): void {
    for (const [status, n] of Object.entries(counts ?? {})) this.messages.set({ chain, status }, n);
    this.dueLag.set({ chain }, dueLagSeconds);
    this.alarm.set({ chain }, alarm === null ? 0 : 1);
    this.checkAge.set({ chain }, Math.max(0, (Date.now() - Date.parse(checkedAt)) / 1000));
  }

  private get ofLedger(): readonly { reset(): void }[] {
    return [this.ledgerSize, this.ledgerPublished, this.ledgerLag, this.ledgerLagSeconds, this.ledgerBroken];
  }

  private tellLedger({ slug: chain }: Chain, { size, publishedSize, lagEvents, lagMs, problem }: LedgerStatus): void {
    this.ledgerSize.set({ chain }, size);
    this.ledgerPublished.set({ chain }, publishedSize);
    if (lagEvents !== null) this.ledgerLag.set({ chain }, lagEvents);
    this.ledgerLagSeconds.set({ chain }, lagMs / 1000);
    this.ledgerBroken.set({ chain, code: problem?.code ?? '' }, problem ? 1 : 0);
  }

  private gauge<const Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) {
    return new Gauge<Label>({ name: `pistor_${name}`, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error('too late')), ms)));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
