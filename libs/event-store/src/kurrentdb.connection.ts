import type {
  AppendRecordInput,
  BinaryEventData,
  ConsistencyCheck,
  KurrentDBClient,
  ReadAllOptions,
  ReadStreamOptions,
  ResolvedEvent,
} from '@kurrent/kurrentdb-client';
import type * as Client from '@kurrent/kurrentdb-client';
import { Invalid, Unavailable } from '#libs/kernel/src/errors.js';
import { isLost, problemOf, TimedOut } from './kurrentdb.errors.js';
import type { LogPosition } from './kurrentdb.records.js';

type Library = typeof Client;

/** What the server says of itself. */
export interface ServerTraits {
  /** `unknown` where it is too old to say. */
  readonly version: string;
  /** Several streams in one append, with checks of others. */
  readonly appendRecords: boolean;
}

/** What an append expects of its stream, in the client's words. */
export type StreamState = 'any' | 'no_stream' | 'stream_exists' | bigint;

/** A client that was given up is not made anew more often than this: while a server is away, nothing is gained by it. */
const RENEW_MS_MIN = 1_000;

/**
 * When the server gives up an append that it has not begun. It goes there as a time of day, and the server's clock may be
 * minutes off: so it lies far ahead. What ends a call is the time-out here, and the server's own.
 */
const APPEND_DEADLINE_MS = 3_600_000;

/** A page of the server's answer comes at once; this is for what is left when a connection is given up. */
const DISPOSE_MS_MAX = 1_000;

const APPEND_RECORDS = '/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords';

/** Older names of the scheme: the client warns about one of them, and the two halves of it do not know the same ones. */
const SCHEME = /^(?:kurrentdb|kurrent|kdb|esdb)(?=(?:\+discover)?:\/\/)/;

interface Held {
  readonly client: KurrentDBClient;
  readonly createdAt: number;
  /** End what follows over this client: when it is disposed of, it does so without a word. */
  readonly followers: Set<() => void>;
  broken: boolean;
}

/**
 * The connection to the server, with a time-out of our own around every call: the client's own time-outs do not hold
 * before it knows what the server can. A client that failed is replaced: the half of it that reads gives up for good once
 * it has not found the server for a while, and the half that writes waits for good on a server that does not answer.
 */
export class KurrentDbConnection {
  private held: Held | undefined;
  private closed = false;

  private constructor(
    private readonly library: Library,
    private readonly url: string,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Loads the client; connects at the first call.
   * @throws Invalid when the client cannot read the URL
   */
  static async create(url: string, timeoutMs: number): Promise<KurrentDbConnection> {
    // Only here: loading it takes longer than opening an embedded database.
    const library = await import('@kurrent/kurrentdb-client');
    const connection = new KurrentDbConnection(library, url.trim().replace(SCHEME, 'kurrentdb'), timeoutMs);
    connection.current();
    return connection;
  }

  /** @throws Unavailable */
  async traits(): Promise<ServerTraits> {
    const features = await this.call((client) => client['capabilities']);
    type Method = Parameters<typeof features.supports>[0];
    return {
      version: features.serverVersion,
      appendRecords: features.supports({ path: APPEND_RECORDS } as Method),
    };
  }

  /** Appends to one stream. @throws what `problemOf` makes of the client's errors; after Unavailable it may be there */
  async append(name: string, streamState: StreamState, events: BinaryEventData[]): Promise<void> {
    const result = await this.call((client) =>
      client.appendToStream(name, events, { streamState, deadline: APPEND_DEADLINE_MS }),
    );
    // The URL can tell the client to answer in this way instead of throwing; its number cannot be relied on.
    if (!result.success) throw Object.assign(new Error('wrong expected version'), { type: 'wrong-expected-version' });
  }

  /** Appends to any number of streams if all checks hold. @throws as `append` */
  async appendRecords(records: AppendRecordInput[], checks: ConsistencyCheck[]): Promise<void> {
    await this.call((client) => client.appendRecords(records, checks));
  }

  /** Reads a stream, record by record, until `take` wants no more. @throws what `problemOf` makes of the client's errors */
  readStream(name: string, options: ReadStreamOptions, take: (record: ResolvedEvent) => boolean): Promise<void> {
    return this.read((client) => client.readStream(name, { ...options, requiresLeader: true }), take);
  }

  /** Reads `$all`; `prefix` selects by the beginning of stream names. */
  readAll(
    { prefix, ...options }: Omit<ReadAllOptions, 'filter'> & { readonly prefix?: string },
    take: (record: ResolvedEvent) => boolean,
  ): Promise<void> {
    const filter = prefix === undefined ? undefined : this.library.streamNameFilter({ prefixes: [prefix] });
    return this.read(
      (client) => client.readAll({ ...options, ...(filter && { filter }), requiresLeader: true }),
      (record) => take(record as ResolvedEvent),
    );
  }

  /**
   * Whether a record that `prefix` selects begins at a position of the log. Where none does, servers fail in ways of their
   * own, some of which the client takes for a lost connection: so no failure counts as one here, and each means no.
   * @throws Unavailable only where the server does not answer at all
   */
  async begins(prefix: string, position: LogPosition): Promise<boolean> {
    const filter = this.library.streamNameFilter({ prefixes: [prefix] });
    const client = this.current();
    let begins = false;
    try {
      await this.readOnce(
        client.readAll({ fromPosition: position, filter, maxCount: 1, requiresLeader: true }),
        ({ event }) => {
          // Some servers read on from the next record instead of failing.
          begins = event?.streamId.startsWith(prefix) === true && event.position?.prepare === position.prepare;
          return false;
        },
      );
    } catch (error) {
      if (error instanceof TimedOut) throw this.explain(client, error);
    }
    return begins;
  }

  /**
   * Follows `$all` from now on. It ends with the first error and is not repeated here.
   * @returns a function that ends it
   */
  follow(prefix: string, seen: (streamName: string) => void, ended: () => void): () => void {
    let over = false;
    const end = () => {
      if (over) return;
      stop();
      ended();
    };
    const { client, followers } = this.hold();
    followers.add(end);
    const subscription = client.subscribeToAll({
      fromPosition: 'end',
      filter: this.library.streamNameFilter({ prefixes: [prefix] }),
    });
    subscription.on('data', ({ event }) => {
      if (event && !over) seen(event.streamId);
    });
    // An error may come more than once, and after the end; without a listener it would end the process.
    subscription.on('error', end);
    subscription.on('end', end);
    subscription.on('close', end);
    const stop = () => {
      over = true;
      followers.delete(end);
      subscription.unsubscribe().catch(() => undefined);
    };
    return stop;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { held } = this;
    this.held = undefined;
    if (held) await dispose(held.client);
  }

  private async call<T>(work: (client: KurrentDBClient) => Promise<T>): Promise<T> {
    const client = this.current();
    try {
      return await within(this.timeoutMs, work(client));
    } catch (error) {
      throw this.explain(client, error);
    }
  }

  /**
   * The time-out counts from one record to the next. A client that gave up while the server was away says so at once,
   * though the server may be back: before anything was read, that is tried.
   */
  private async read<Event>(
    open: (client: KurrentDBClient) => AsyncIterableIterator<Event>,
    take: (record: Event) => boolean,
  ): Promise<void> {
    let begun = false;
    const noting = (record: Event) => {
      begun = true;
      return take(record);
    };
    const once = async () => {
      const client = this.current();
      try {
        await this.readOnce(open(client), noting);
      } catch (error) {
        throw this.explain(client, error);
      }
    };
    try {
      await once();
    } catch (error) {
      const timedOut = (error as { cause?: unknown }).cause instanceof TimedOut;
      if (begun || timedOut || !this.isRenewable()) throw error;
      await once();
    }
  }

  /** @throws the client's errors as they are, TimedOut */
  private async readOnce<Event>(
    records: AsyncIterableIterator<Event>,
    take: (record: Event) => boolean,
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TimedOut(this.timeoutMs)), this.timeoutMs);
    });
    late.catch(() => undefined);
    try {
      for (;;) {
        const next = await Promise.race([records.next(), late]);
        timer?.refresh();
        if (next.done || !take(next.value)) return;
      }
    } finally {
      clearTimeout(timer);
      // Not awaited: it would wait for the answer that did not come.
      void records.return?.().catch(() => undefined);
    }
  }

  private explain(client: KurrentDBClient, error: unknown): unknown {
    const problem = problemOf(error);
    if (isLost(problem) && this.held?.client === client) this.held.broken = true;
    return problem;
  }

  private current(): KurrentDBClient {
    return this.hold().client;
  }

  private hold(): Held {
    if (this.closed) throw new Unavailable('event-store.closed', 'The event store was closed.');
    if (this.held && this.isRenewable()) {
      const { client, followers } = this.held;
      this.held = undefined;
      for (const end of followers) end();
      // Calls that are still under way may yet be answered.
      setTimeout(() => void dispose(client), this.timeoutMs).unref();
    }
    this.held ??= { client: this.connect(), createdAt: performance.now(), followers: new Set(), broken: false };
    return this.held;
  }

  private isRenewable(): boolean {
    return this.held?.broken === true && performance.now() - this.held.createdAt >= RENEW_MS_MIN;
  }

  private connect(): KurrentDBClient {
    try {
      return this.library.KurrentDBClient.connectionString(this.url);
    } catch (error) {
      // The client's message and error quote the URL, and with it the password.
      const { expected } = error as { expected?: unknown };
      const why = typeof expected === 'string' ? `expected ${expected}` : 'see the documentation of the client';
      throw new Invalid('configuration.kurrentdb', `KURRENTDB_URL cannot be read: ${why}.`, {
        fields: [{ field: 'KURRENTDB_URL', message: why }],
      });
    }
  }
}

async function within<T>(msMax: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(msMax)), msMax);
  });
  // Whatever comes after the time-out is nobody's any more.
  call.catch(() => undefined);
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function dispose(client: KurrentDBClient): Promise<void> {
  await within(DISPOSE_MS_MAX, client.dispose()).catch(() => undefined);
  await within(DISPOSE_MS_MAX, client['getChannel']())
    .then((channel) => channel.close())
    .catch(() => undefined);
}
