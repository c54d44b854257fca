import type { Id } from '#libs/kernel/src/ids.js';
import type { StoredEvent } from './event-store.js';
import type { KurrentDbConnection } from './kurrentdb.connection.js';
import { prefixOf } from './kurrentdb.names.js';
import type { KnownPlaces } from './kurrentdb.places.js';
import { logPositionOf, readRecord } from './kurrentdb.records.js';

/** Positions from and to which events are wanted, both included, and how many at most. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** Where pages are put together: what is asked of the server at a time. */
const READ_EVENTS = 2_000;

/** Reads the events of a chain out of the server's log, which holds those of all chains and the server's own. */
export class KurrentDbLog {
  /** Where the first event of a chain is: before it there may be a long log of others. */
  private readonly beginnings = new Map<Id, number>();

  constructor(
    private readonly connection: KurrentDbConnection,
    private readonly places: KnownPlaces,
  ) {}

  /** @throws Unavailable, UnreadableEvent */
  async read(chain: Id, range: LogRange): Promise<StoredEvent[]> {
    const { from, to, limit } = range;
    if (limit <= 0 || from > to) return [];
    if (from <= 1) return this.readFromBeginning(chain, range);
    const near = this.places.near(from - 1) ?? (this.places.has(from) ? from : undefined);
    if (near !== undefined) return this.readFrom(chain, near, range);
    // A subscriber of an earlier process goes on after an event of the chain; others begin with one.
    const begun = (await this.tryFrom(chain, from - 1, range)) ?? (await this.tryFrom(chain, from, range));
    // No event of the chain begins there: what comes after that place is found from an earlier one on.
    return begun ?? this.readFrom(chain, this.places.before(from - 1), range);
  }

  private async readFromBeginning(chain: Id, range: LogRange): Promise<StoredEvent[]> {
    const events = await this.readFrom(chain, this.beginnings.get(chain) ?? 0, range);
    if (events[0]) this.beginnings.set(chain, events[0].position);
    return events;
  }

  /** Reads from a place where an event of the chain may begin; undefined when none does. */
  private async tryFrom(chain: Id, start: number, range: LogRange): Promise<StoredEvent[] | undefined> {
    if (!(await this.connection.begins(prefixOf(chain), logPositionOf(start)))) return undefined;
    this.places.add(start);
    return this.readFrom(chain, start, range);
  }

  /** Events of a chain within a range, read from where a record begins; `start` 0 is the beginning of the log. */
  private async readFrom(chain: Id, start: number, { from, to, limit }: LogRange): Promise<StoredEvent[]> {
    const prefix = prefixOf(chain);
    const events: StoredEvent[] = [];
    for (let at = start; ; ) {
      // The first may have been read before, and while nothing was found there are others to skip.
      const wanted = events.length === 0 && at < from - 1 ? READ_EVENTS : Math.min(READ_EVENTS, limit - events.length);
      const options = { prefix, fromPosition: at === 0 ? 'start' : logPositionOf(at), maxCount: wanted + 1 } as const;
      const next = Math.max(from, (events.at(-1)?.position ?? 0) + 1);
      let count = 0;
      let reached = at;
      let over = false;
      await this.connection.readAll(options, (record) => {
        count += 1;
        // Some servers compare prefixes by the rules of a language, so the name is compared once more.
        const event = record.event?.streamId.startsWith(prefix) ? readRecord(record)?.event : undefined;
        if (!event) return true;
        reached = event.position;
        over = event.position > to;
        if (!over && event.position >= next) events.push(event);
        return !over && events.length < limit;
      });
      if (over || events.length >= limit || count <= wanted || reached === at) break;
      at = reached;
    }
    for (const { position } of events) this.places.add(position);
    return events;
  }
}
