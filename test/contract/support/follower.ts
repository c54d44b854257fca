import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { subscribe, type SubscriptionOptions } from '#libs/event-store/src/subscription.js';
import { eventually } from '#test/support/eventually.js';

/** A subscriber that remembers what it was given, in the order in which it came. */
export class Follower {
  readonly events: StoredEvent[] = [];
  private position: number;
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;

  constructor(
    private readonly store: EventStore,
    private readonly chain: Chain,
    options: Omit<SubscriptionOptions, 'follow' | 'signal'>,
  ) {
    this.position = options.after;
    this.ended = this.run({ ...options, follow: true, signal: this.stopping.signal });
    // Whoever stops it sees the error; until then it must not end the process.
    this.ended.catch(() => undefined);
  }

  /** Waits until it has come to a position (the chain's head when left out). */
  async reaches(position?: number, waitMsMax?: number): Promise<void> {
    const wanted = position ?? (await this.store.head(this.chain.id));
    const look = () => Promise.resolve(this.position >= wanted ? true : undefined);
    await eventually(`a subscriber at ${wanted}`, look, waitMsMax);
  }

  /** @throws what the subscription threw */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  private async run(options: SubscriptionOptions): Promise<void> {
    for await (const page of subscribe(this.store, this.chain.id, options)) {
      this.events.push(...page.events);
      this.position = page.position;
    }
  }
}
