import { makeBuckets } from './bucket-rows.js';
import { migrate } from '#libs/database/src/migrations.js';
import type { Database } from '#libs/database/src/database.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { appendBatch } from './append-batch.js';
import { AppendCounter, type AppendStats } from './append-stats.js';
import type { Chain, Chains } from './chains.js';
import type { Codec } from './codec.js';
import { MalformedStreamName } from './event-store.errors.js';
import { isImmutableByGrant } from './grants.js';
import { EVENT_STORE_TABLES } from './event-store.tables.js';
import type {
  AppendRequest,
  AppendResult,
  EventStore,
  ReadAllOptions,
  ReadOptions,
  StoreCapabilities,
  StoredEvent,
  StreamName,
} from './event-store.js';
import type { EventHeader } from './recorded-event.js';
import { GroupCommit, type GroupCommitLimits } from './group-commit.js';
import { STREAM_NAME } from './stream-name.js';

/** A page is bounded: at about 450 bytes an event this is 4.5 MB. */
const PAGE_MAX = 10_000;

/** Channel on which processes tell each other that a chain has new events. */
const CHANNEL = 'pistor_appended';
/** One NOTIFY for all appends of this time: each takes a lock that all commits of the database share. */
const NOTIFY_DEBOUNCE_MS = 20;

/** Reads of streams that go together: a course is some 30 events of 450 bytes. */
const READS_MAX = 64;

interface StreamRead {
  readonly chain: Chain;
  readonly stream: StreamName;
  readonly from: number;
  readonly limit: number;
}

interface EventRow {
  position: string;
  stream: string;
  revision: number;
  /** As the server writes it. The events of a batch have the same, so that each text is taken apart once. */
  recorded_at: string;
  header: string;
  data: string;
}

/** Makes or brings up to date the tables of the event store. */
export async function migrateEventStore(db: Database): Promise<string[]> {
  const applied = await migrate(db, EVENT_STORE_TABLES);
  await makeBuckets(db);
  return applied;
}

/** The event store on PostgreSQL, and on PGlite, which is PostgreSQL. */
export class PostgresEventStore implements EventStore {
  private readonly groups = new Map<Id, GroupCommit>();
  private readonly callbacks = new Set<(chain: Id) => void>();
  private readonly notifying = new Map<Id, NodeJS.Timeout>();
  private readonly streamReads = new Coalesce<StreamRead, StoredEvent[]>((reads) => this.readStreams(reads), READS_MAX);
  private readonly counter = new AppendCounter();
  private unlisten: (() => Promise<void>) | undefined;

  private constructor(
    private readonly db: Database,
    private readonly chains: Chains,
    private readonly codec: Codec,
    private readonly limits: GroupCommitLimits | undefined,
    readonly capabilities: StoreCapabilities,
  ) {}

  static async open(
    db: Database,
    chains: Chains,
    codec: Codec,
    limits?: GroupCommitLimits,
  ): Promise<PostgresEventStore> {
    const store = new PostgresEventStore(db, chains, codec, limits, {
      atomicStreams: true,
      guards: true,
      gapFree: true,
      immutableByGrant: await isImmutableByGrant(db),
      commandsPerChain: true,
    });
    // PGlite has no other process that could append.
    if (db.kind === 'postgres') store.unlisten = await db.listen(CHANNEL, (chain) => store.hint(chain));
    return store;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    for (const { stream } of [...request.streams, ...(request.guards ?? [])]) {
      if (!STREAM_NAME.test(stream)) throw new MalformedStreamName(stream);
    }
    const chain = await this.chains.get(request.chain);
    const encoded = await this.codec.encode(
      chain,
      request.commandId,
      request.context,
      request.streams.flatMap(({ events }) => events),
    );
    let next = 0;
    const streams = request.streams.map(({ stream, expectedRevision, events }) => {
      const from = next;
      next += events.length;
      return { stream, expectedRevision, events: encoded.slice(from, next) };
    });
    const outcome = await this.groupOf(chain).append({
      commandId: request.commandId,
      streams,
      guards: request.guards ?? [],
    });
    if (outcome instanceof Error) throw outcome;
    if (!outcome.repeated && encoded.length > 0) this.appended(chain.id);
    return outcome;
  }

  async readStream(
    chainId: Id,
    stream: StreamName,
    { from = 0, limit = PAGE_MAX }: ReadOptions = {},
  ): Promise<StoredEvent[]> {
    const chain = await this.chains.get(chainId);
    return this.streamReads.get({ chain, stream, from, limit: Math.min(limit, PAGE_MAX) });
  }

  async readAll(
    chainId: Id,
    { from = 1, to = Number.MAX_SAFE_INTEGER, limit = PAGE_MAX }: ReadAllOptions = {},
  ): Promise<StoredEvent[]> {
    const chain = await this.chains.get(chainId);
    const { rows } = await this.db.query<EventRow>({
      name: 'read_all',
      text: `select position, stream, revision, recorded_at::text, header, data from event_log
             where chain = $1 and position between $2 and $3 order by position limit $4`,
      values: [chain.no, from, to, Math.min(limit, PAGE_MAX)],
    });
    return rows.map((row) => storedEvent(chain, row));
  }

  async head(chainId: Id): Promise<number> {
    const chain = await this.chains.get(chainId);
    const { rows } = await this.db.query<{ position: string }>('select position from chain where no = $1', [chain.no]);
    return Number(rows[0]?.position ?? 0);
  }

  async heads(): Promise<ReadonlyMap<Id, number>> {
    const { rows } = await this.db.query<{ id: Id; position: string }>({
      name: 'chain_heads',
      text: 'select id, position from chain',
    });
    return new Map(rows.map(({ id, position }) => [id, Number(position)]));
  }

  onAppended(callback: (chain: Id) => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  stats(): AppendStats {
    let waiting = 0;
    for (const group of this.groups.values()) waiting += group.waitingCount;
    return this.counter.stats(waiting);
  }

  async close(): Promise<void> {
    for (const timer of this.notifying.values()) clearTimeout(timer);
    this.callbacks.clear();
    await this.unlisten?.();
  }

  /** Many streams in one round trip; each is read as if it were asked for alone. */
  private async readStreams(reads: readonly StreamRead[]): Promise<StoredEvent[][]> {
    const { rows } = await this.db.query<EventRow & { n: number }>({
      name: 'read_streams',
      text: `select r.n, e.position, e.stream, e.revision, e.recorded_at::text, e.header, e.data
             from unnest($1::int[], $2::text[], $3::int[], $4::int[]) with ordinality as r(chain, stream, first, count, n)
             cross join lateral (
               select * from event_log l where l.chain = r.chain and l.stream = r.stream and l.revision >= r.first
               order by l.revision limit r.count
             ) e
             order by r.n, e.revision`,
      values: [
        reads.map(({ chain }) => chain.no),
        reads.map(({ stream }) => stream),
        reads.map(({ from }) => from),
        reads.map(({ limit }) => limit),
      ],
    });
    const events: StoredEvent[][] = reads.map(() => []);
    for (const row of rows) {
      const n = Number(row.n) - 1;
      events[n]?.push(storedEvent((reads[n] as StreamRead).chain, row));
    }
    return events;
  }

  private groupOf(chain: Chain): GroupCommit {
    let group = this.groups.get(chain.id);
    if (!group) {
      group = new GroupCommit((appends) => appendBatch(this.db, chain, appends), this.limits, this.counter);
      this.groups.set(chain.id, group);
    }
    return group;
  }

  private appended(chain: Id): void {
    this.hint(chain);
    if (this.db.kind !== 'postgres' || this.notifying.has(chain)) return;
    const notify = () => {
      this.notifying.delete(chain);
      // Only a hint: who misses it polls.
      this.db.query('select pg_notify($1, $2)', [CHANNEL, chain]).catch(() => undefined);
    };
    this.notifying.set(chain, setTimeout(notify, NOTIFY_DEBOUNCE_MS).unref());
  }

  private hint(chain: Id): void {
    for (const callback of this.callbacks) callback(chain);
  }
}

const lastInstant = { text: '', instant: '' };

function instantOf(text: string): Instant {
  if (text !== lastInstant.text) {
    lastInstant.instant = new Date(text).toISOString();
    lastInstant.text = text;
  }
  return lastInstant.instant;
}

/** How the codec's text of a header begins; between them stands the id. */
const HEADER_BEGINS = '{"id":"';
const TYPE_BEGINS = '","type":"';

/** The type in the text of a header, where it begins as the codec writes it; undefined where it does not. */
function typeOfHeader(header: string): string | undefined {
  const at = HEADER_BEGINS.length + UUID_LENGTH;
  if (!header.startsWith(HEADER_BEGINS) || !header.startsWith(TYPE_BEGINS, at)) return undefined;
  const from = at + TYPE_BEGINS.length;
  const type = header.slice(from, header.indexOf('"', from));
  return type.includes('\\') ? undefined : type;
}

const UUID_LENGTH = 36;

/**
 * A row of the log. Its header is read when it is wanted, and anew each time: whoever passes an event over by its type
 * never asks for it, and what waits to be decoded is two texts.
 */
class StoredRow implements StoredEvent {
  constructor(
    readonly chain: Id,
    readonly position: number,
    readonly stream: StreamName,
    readonly revision: number,
    readonly recordedAt: Instant,
    readonly headerText: string,
    readonly data: string,
  ) {}

  get type(): string {
    return typeOfHeader(this.headerText) ?? this.header.type;
  }

  get header(): EventHeader {
    return JSON.parse(this.headerText) as EventHeader;
  }
}

const storedEvent = (chain: Chain, row: EventRow): StoredEvent =>
  new StoredRow(
    chain.id,
    Number(row.position),
    row.stream,
    row.revision,
    instantOf(row.recorded_at),
    row.header,
    row.data,
  );
