import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import { changesHistory, effectiveHistory } from '#libs/event-store/src/correction.js';
import type { EventStore, StoredEvent, StreamName } from '#libs/event-store/src/event-store.js';
import type { LateEvent, SealedEvent } from './projection.js';

/** Live pages are at most 2,000 events, whose texts have some 450 bytes: about 8 MB a page with what was decoded. */
const PAGES_MAX = 4;
/** What one question brings: the database has the next one ready while this one is taken apart. */
const READ_EVENTS = 2_000;

/** An event of a page, decoded only when somebody wants it. */
export class PageEvent implements LateEvent {
  readonly type: string;
  private decoded: SealedEvent | undefined;

  constructor(
    readonly stored: StoredEvent,
    private readonly codec: Codec,
    /** Of an event that changes what was before it: its stream, itself included. */
    private readonly before: readonly StoredEvent[] | undefined = undefined,
  ) {
    this.type = stored.type ?? stored.header.type;
  }

  get position(): number {
    return this.stored.position;
  }

  get stream(): StreamName {
    return this.stored.stream;
  }

  get revision(): number {
    return this.stored.revision;
  }

  /** Read once for all who share the page. @throws UnreadableEvent */
  get sealed(): SealedEvent {
    this.decoded ??= this.decode();
    return this.decoded;
  }

  read(): SealedEvent {
    return this.decoded ?? this.decode();
  }

  private decode(): SealedEvent {
    const event = this.codec.decodeSealed(this.stored) as SealedEvent;
    const history = this.before?.map((each) => this.codec.decodeSealed(each) as SealedEvent);
    return history ? { ...event, history: effectiveHistory(history) } : event;
  }
}

/**
 * Makes events ready for projections: one that corrects or retracts another brings the history of its stream along, for
 * a fold that must be made again.
 */
export async function pageEvents(
  store: EventStore,
  codec: Codec,
  chain: Chain,
  events: readonly StoredEvent[],
): Promise<PageEvent[]> {
  return Promise.all(
    events.map(async (stored) => {
      if (!changesHistory(stored.header.type)) return new PageEvent(stored, codec);
      return new PageEvent(stored, codec, await streamUpTo(store, chain, stored));
    }),
  );
}

async function streamUpTo(store: EventStore, chain: Chain, last: StoredEvent): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  while (events.length <= last.revision) {
    const page = await store.readStream(chain.id, last.stream, {
      from: events.length,
      limit: last.revision + 1 - events.length,
    });
    if (page.length === 0) break;
    events.push(...page);
  }
  return events;
}

/** Events, and the position up to which there are no others. */
export interface EventPage {
  readonly events: readonly PageEvent[];
  readonly to: number;
}

/**
 * Pages that are read before they are asked for, while those before them are applied. They are decoded when it is their
 * turn: what waits decoded is what the garbage collector would copy again and again.
 */
const AHEAD_MAX = 2;

/** The pages from a position to a head, a few of them ready before they are wanted. */
export class PagesAhead {
  private readonly ready: Promise<EventPage>[] = [];
  private last: Promise<EventPage>;

  constructor(
    after: number,
    private readonly head: number,
    private readonly read: (after: number) => Promise<EventPage>,
  ) {
    this.last = Promise.resolve({ events: [], to: after });
  }

  /** @throws whatever reading throws. What comes after the head is empty. */
  async next(): Promise<EventPage> {
    this.fill();
    const page = await (this.ready.shift() as Promise<EventPage>);
    this.fill();
    return page;
  }

  private fill(): void {
    while (this.ready.length < AHEAD_MAX) {
      const page = this.last.then(({ to }) => (to >= this.head ? { events: [], to } : this.read(to)));
      // Whoever asks for it is told.
      page.catch(() => undefined);
      this.ready.push(page);
      this.last = page;
    }
  }
}

/**
 * Reads the log for several projections that follow it at the same time: a page is read once and an event is decoded
 * once, whoever asks. Events never change, so what was read stays right.
 */
export class EventPages {
  private readonly pages = new Map<string, Promise<EventPage>>();

  constructor(
    private readonly store: EventStore,
    private readonly codec: Codec,
    private readonly pagesMax = PAGES_MAX,
  ) {}

  /**
   * The first events after a position, up to another one.
   * @param head position of an event that exists
   */
  read(chain: Chain, after: number, head: number, limit: number): Promise<EventPage> {
    const name = `${chain.no}/${after}/${head}/${limit}`;
    const known = this.pages.get(name);
    if (known) return known;
    const page = this.readParts(chain, after, head, limit);
    this.pages.set(name, page);
    if (this.pages.size > this.pagesMax) this.pages.delete(this.pages.keys().next().value as string);
    // A failure is not remembered.
    page.catch(() => this.pages.delete(name));
    return page;
  }

  private async readParts(chain: Chain, after: number, head: number, limit: number): Promise<EventPage> {
    const events: PageEvent[] = [];
    for (let to = after; ; ) {
      const count = Math.min(READ_EVENTS, limit - events.length);
      const part = await this.store.readAll(chain.id, { from: to + 1, to: head, limit: count });
      const read = part.map((stored) => new PageEvent(stored, this.codec));
      const isPlain = !read.some(({ type }) => changesHistory(type));
      for (const event of isPlain ? read : await pageEvents(this.store, this.codec, chain, part)) events.push(event);
      // Where positions have gaps, a part that is short is all there is up to the head.
      to = part.length < count ? head : (part.at(-1) as StoredEvent).position;
      if (to >= head || events.length >= limit) return { events, to };
    }
  }
}
