import { Counter, Gauge, type Registry } from 'prom-client';
import type { AppendStats } from '#libs/event-store/src/append-stats.js';

/** Appends of this process; the mean size of a batch is the rate of appends by that of batches. */
export class AppendMetrics {
  private readonly appends: Counter;
  private readonly conflicts: Counter;
  private readonly batches: Counter;
  private readonly waiting: Gauge;
  private readonly latency: Gauge;

  constructor(
    registry: Registry,
    private readonly stats: () => AppendStats,
  ) {
    const registers = [registry];
    const counter = (name: string, help: string) => new Counter({ name: `pistor_${name}`, help, registers });
    const gauge = (name: string, help: string, ...labelNames: string[]) =>
      new Gauge({ name: `pistor_${name}`, help, labelNames, registers });
    this.appends = counter('appends_total', 'Appends that were sent.');
    this.conflicts = counter('append_conflicts_total', 'Appends refused for a revision or guard.');
    this.batches = counter('append_batches_total', 'Transactions that appends were sent in.');
    this.waiting = gauge('appends_waiting', 'Appends that wait for the transaction before them.');
    this.latency = gauge('append_seconds', 'How long an append took of late.', 'quantile');
  }

  tell(): void {
    const stats = this.stats();
    setTo(this.appends, stats.appends);
    setTo(this.conflicts, stats.conflicts);
    setTo(this.batches, stats.batches);
    this.waiting.set(stats.waiting);
    this.latency.set({ quantile: '0.5' }, stats.latencyMsP50 / 1000);
    this.latency.set({ quantile: '0.99' }, stats.latencyMsP99 / 1000);
  }
}

/** The store counts; here its total is only told. */
function setTo(counter: Counter, total: number): void {
  counter.reset();
  counter.inc(total);
}
