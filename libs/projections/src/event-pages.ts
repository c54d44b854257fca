import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import type { SealedEvent } from './projection.js';

/** Pages of at most 500 events, whose texts have some 450 bytes: about 2 MB with what was decoded of them. */
const PAGES_MAX = 4;

/**
 * Reads the log for several projections that follow it at the same time: a page is read once and an event is decoded
 * once, whoever asks. Positions have no gaps and events never change, so what was read stays right.
 */
export class EventPages {
  private readonly pages = new Map<string, Promise<StoredEvent[]>>();
  private readonly decoded = new WeakMap<StoredEvent, SealedEvent>();

  constructor(
    private readonly store: EventStore,
    private readonly codec: Codec,
  ) {}

  /** The events of a chain from one position to another, both included; both must exist. */
  read(chain: Chain, from: number, to: number): Promise<StoredEvent[]> {
    const name = `${chain.no}/${from}/${to}`;
    const known = this.pages.get(name);
    if (known) return known;
    const page = this.store.readAll(chain.id, { from, limit: to - from + 1 });
    this.pages.set(name, page);
    if (this.pages.size > PAGES_MAX) this.pages.delete(this.pages.keys().next().value as string);
    // A failure is not remembered.
    page.catch(() => this.pages.delete(name));
    return page;
  }

  /** @throws UnreadableEvent */
  decode(event: StoredEvent): SealedEvent {
    const known = this.decoded.get(event);
    if (known) return known;
    const sealed = this.codec.decodeSealed(event);
    this.decoded.set(event, sealed);
    return sealed;
  }
}
