/** What a process has appended since it began. */
export interface AppendStats {
  readonly appends: number;
  /** Of these, those that were refused for a revision or a guard. */
  readonly conflicts: number;
  readonly batches: number;
  /** Appends that wait for the transaction before them. */
  readonly waiting: number;
  /** From the call to the answer, over the last appends. */
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
}

/** Latencies that are kept: some seconds under load, so that what is told is of late. */
const KEPT = 2_048;

/** Counts appends; a few additions for each, the percentiles only when somebody asks. */
export class AppendCounter {
  private appends = 0;
  private conflicts = 0;
  private batches = 0;
  private readonly latencies = new Float64Array(KEPT);

  batch(): void {
    this.batches += 1;
  }

  append(ms: number, isConflict: boolean): void {
    this.latencies[this.appends % KEPT] = ms;
    this.appends += 1;
    if (isConflict) this.conflicts += 1;
  }

  stats(waiting: number): AppendStats {
    const sorted = this.latencies.slice(0, Math.min(this.appends, KEPT)).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const { appends, conflicts, batches } = this;
    return { appends, conflicts, batches, waiting, latencyMsP50: at(0.5), latencyMsP99: at(0.99) };
  }
}
