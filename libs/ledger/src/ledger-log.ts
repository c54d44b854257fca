import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import type { LogEvent } from './entry.js';

/** Events of one page: at some 600 bytes each, 6 MB. */
export const PAGE_EVENTS = 10_000;

/** The log as the ledger reads it: the exact texts, and nothing decoded. */
export interface LedgerLog {
  /** Whether the position of an event is the number of its leaf, counted from 1. */
  readonly gapFree: boolean;
  /** At most `limit` events in the order of positions, from a position on. */
  read(chain: Chain, from: number, limit: number): Promise<LogEvent[]>;
  /** Positions of events by stream and revision; undefined where there is no such event. */
  positions(chain: Chain, wanted: readonly StreamPlace[]): Promise<(number | undefined)[]>;
}

export interface StreamPlace {
  readonly stream: string;
  readonly revision: number;
}

type Row = [position: string, stream: string, revision: number, recordedAtMs: string, header: string, data: string];

const COLUMNS = `position, stream, revision, (date_part('epoch', recorded_at) * 1000)::bigint, header, data`;

/** The log in the database. */
export class DatabaseLog implements LedgerLog {
  readonly gapFree = true;

  constructor(private readonly db: Database) {}

  async read(chain: Chain, from: number, limit: number): Promise<LogEvent[]> {
    const { rows } = await this.db.query<Row>({
      name: 'ledger_read_log',
      text: `select ${COLUMNS} from event_log where chain = $1 and position >= $2 order by position limit $3`,
      values: [chain.no, from, Math.min(limit, PAGE_EVENTS)],
      rowMode: 'array',
    });
    return rows.map(eventOf);
  }

  async positions(chain: Chain, wanted: readonly StreamPlace[]): Promise<(number | undefined)[]> {
    const found: (number | undefined)[] = wanted.map(() => undefined);
    if (wanted.length === 0) return found;
    const { rows } = await this.db.query<{ i: string; position: string }>({
      name: 'ledger_find_positions',
      text: `select w.i, e.position from unnest($2::text[], $3::int[]) with ordinality as w(stream, revision, i)
             cross join lateral (
               select position from event_log l
               where l.chain = $1 and l.stream = w.stream and l.revision = w.revision limit 1
             ) e`,
      values: [chain.no, wanted.map(({ stream }) => stream), wanted.map(({ revision }) => revision)],
    });
    for (const { i, position } of rows) found[Number(i) - 1] = Number(position);
    return found;
  }
}

const eventOf = ([position, stream, revision, recordedAtMs, header, data]: Row): LogEvent => ({
  stream,
  revision,
  position: Number(position),
  recordedAtMs: Number(recordedAtMs),
  header,
  data,
});

/**
 * The log in a store that is reached by its port. Header and data are the texts that the store gives back: KurrentDB
 * keeps both as they were written. Its positions have gaps.
 */
export class StoreLog implements LedgerLog {
  readonly gapFree: boolean;

  constructor(private readonly store: EventStore) {
    this.gapFree = store.capabilities.gapFree;
  }

  async read(chain: Chain, from: number, limit: number): Promise<LogEvent[]> {
    const events = await this.store.readAll(chain.id, { from, limit: Math.min(limit, PAGE_EVENTS) });
    return events.map(logEvent);
  }

  positions(chain: Chain, wanted: readonly StreamPlace[]): Promise<(number | undefined)[]> {
    return Promise.all(
      wanted.map(async ({ stream, revision }) => {
        const [event] = await this.store.readStream(chain.id, stream, { from: revision, limit: 1 });
        return event?.revision === revision ? event.position : undefined;
      }),
    );
  }
}

/** An event of the port with the text of its header; one that tells none is written as the codec writes it. */
export const logEvent = (event: StoredEvent): LogEvent => ({
  stream: event.stream,
  revision: event.revision,
  position: event.position,
  recordedAtMs: Date.parse(event.recordedAt),
  header: event.headerText ?? JSON.stringify(event.header),
  data: event.data,
});
