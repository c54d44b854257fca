import type { Id } from '#libs/kernel/src/ids.js';
import type { EventStore, StoredEvent, StreamName } from './event-store.js';

/** Which events a subscriber wants: those that pass everything that is given. */
export interface EventFilter {
  /** What stands before the first hyphen of a stream's name: `course`, `patient`. */
  readonly categories?: readonly string[];
  readonly stream?: StreamName;
  readonly types?: readonly string[];
}

export interface SubscriptionOptions {
  /** Position of the last event that the subscriber has; 0 for all of them. */
  readonly after: number;
  readonly filter?: EventFilter;
  /** Waits at the end for what comes, until `signal`; else ends at the head that it found when it began. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Events that are held at a time. */
  readonly pageEvents?: number;
}

/** What passed the filter of one page, and the position from which another subscription goes on after it. */
export interface SubscriptionPage {
  readonly events: readonly StoredEvent[];
  readonly position: number;
}

const PAGE_EVENTS = 1_000;
/** The truth behind the hints: what was not announced is found within this time. */
const POLL_MS = 500;

/**
 * Catches up with a chain from a position on, page by page in the order of positions, and follows it when asked to.
 * Every event comes once. A page without a match is given, too: its position saves reading it again.
 * @throws whatever `readAll` throws; the last page's position is where to go on
 */
export async function* subscribe(
  store: EventStore,
  chain: Id,
  { after, filter = {}, follow = false, signal, pageEvents = PAGE_EVENTS }: SubscriptionOptions,
): AsyncGenerator<SubscriptionPage> {
  const passes = filterOf(filter);
  const hints = new Hints(store, chain);
  try {
    for (let position = after; !signal?.aborted; ) {
      const head = await store.head(chain);
      while (position < head && !signal?.aborted) {
        const page = await store.readAll(chain, { from: position + 1, to: head, limit: pageEvents });
        // A store with gaps may have nothing of ours up to the head.
        position = page.length < pageEvents ? head : (page.at(-1) as StoredEvent).position;
        yield { events: page.filter(passes), position };
      }
      if (!follow) return;
      await hints.next(POLL_MS, signal);
    }
  } finally {
    hints.close();
  }
}

/** Tells whether an event passes. */
export function filterOf({ categories, stream, types }: EventFilter): (event: StoredEvent) => boolean {
  return (event) =>
    (stream === undefined || event.stream === stream) &&
    (categories === undefined || categories.includes(categoryOf(event.stream))) &&
    (types === undefined || types.includes(event.header.type));
}

export const categoryOf = (stream: StreamName): string => stream.slice(0, stream.indexOf('-'));

/** Remembers a hint that came while nobody waited, so that none is slept through. */
class Hints {
  private hinted = false;
  private wake: (() => void) | undefined;
  readonly close: () => void;

  constructor(store: EventStore, chain: Id) {
    this.close = store.onAppended((appended) => {
      if (appended !== chain) return;
      this.hinted = true;
      this.wake?.();
    });
  }

  async next(msMax: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.hinted && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          this.wake = undefined;
          resolve();
        };
        const timer = setTimeout(done, msMax);
        signal?.addEventListener('abort', done);
        this.wake = done;
      });
    }
    this.hinted = false;
  }
}
