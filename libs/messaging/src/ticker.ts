/** The same trouble is told so often, however often it is met. */
const LOG_EVERY_MS = 30_000;

/** Does something again and again, never twice at a time. An error ends one round and not the next one. */
export class Ticker {
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private running: Promise<void> | undefined;
  private askedMeanwhile = false;
  private stopped = true;
  private loggedAt = -Infinity;

  constructor(
    private readonly name: string,
    private readonly everyMs: number,
    private readonly work: () => Promise<unknown>,
    private readonly log: { warn(fields: object, message: string): void },
  ) {}

  start(): void {
    this.stopped = false;
    this.soon(0);
  }

  /** Asks for a round within so many milliseconds; when one is under way then, for another one after it. */
  soon(ms: number): void {
    const at = performance.now() + ms;
    if (this.stopped || at >= this.dueAt) return;
    this.dueAt = at;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), ms);
  }

  /** Waits for the round that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private tick(): void {
    this.dueAt = Infinity;
    if (this.running) {
      this.askedMeanwhile = true;
      return;
    }
    this.running = this.round().finally(() => {
      this.running = undefined;
      const ms = this.askedMeanwhile ? 0 : this.everyMs;
      this.askedMeanwhile = false;
      this.soon(ms);
    });
  }

  private async round(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      if (performance.now() - this.loggedAt < LOG_EVERY_MS) return;
      this.loggedAt = performance.now();
      this.log.warn({ err: error }, `${this.name} was interrupted and is tried again`);
    }
  }
}
