import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { Notification, Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import type { PgliteHost } from './pglite.host.js';
import { PgliteClient } from './pglite.client.js';
import type { Callback, Job, SharedSession } from './pglite.client.js';
import { isShareable } from './shareable.statement.js';

/** Statements of independent callers that travel at a time: enough to keep the worker busy, few enough to stay fair. */
const SHARED_MAX = 16;
/** As long as a transaction on PostgreSQL may idle. Here everybody waits for it. */
const IDLE_IN_TRANSACTION_MS_MAX = 15_000;
const WATCH_MS = 1_000;

/** What the wire has to answer with a ReadyForQuery, in the order of sending. */
interface Sent {
  readonly client: PgliteClient;
  readonly owned: boolean;
}

/** The part of pg.Query that is used here and not typed by @types/pg. */
interface SubmittableQuery {
  submit(connection: unknown): Error | null | undefined;
}
const Query = pg.Query as unknown as new (
  config: string | QueryConfig,
  values: unknown[] | undefined,
  callback: Callback,
) => SubmittableQuery;

/**
 * A pg.Pool over one session. Its clients are virtual: holding one costs nothing and blocks nobody. Statements are
 * served in the order in which they came. One that may open a transaction gets the session to itself and keeps it until
 * ReadyForQuery says that no transaction is open; statements that cannot open one travel together, so that the worker
 * need not wait for the main thread between them.
 */
export class PglitePool extends EventEmitter implements SharedSession {
  /** `keepAlive` tells BullMQ that it may wait for long: this connection cannot drop unseen. */
  readonly options = { keepAlive: true, max: 1_000, min: 0 };
  ended = false;
  private readonly clients = new Set<PgliteClient>();
  private readonly persistent = new Map<string, Set<(payload: string) => void>>();
  private queue: Job[] = [];
  private sent: Sent[] = [];
  private shared = 0;
  private owner: PgliteClient | undefined;
  private ownerStatements = 0;
  private ownerIdleSince = 0;
  /** Of the last ReadyForQuery: I idle, T in a transaction, E in one that failed. */
  private status = 'I';
  private watch: NodeJS.Timeout | undefined;
  private attached: pg.Client | undefined;
  private drained: (() => void)[] = [];

  constructor(
    private readonly host: PgliteHost,
    private readonly idleMsMax = IDLE_IN_TRANSACTION_MS_MAX,
  ) {
    super();
    host.onLost = (error) => this.lose(error);
  }

  /** This class does what libraries use of a pool: connect, query, end, on, options and the counters. */
  asPool(): Pool {
    return this as unknown as Pool;
  }

  get totalCount(): number {
    return this.clients.size;
  }

  get idleCount(): number {
    return 0;
  }

  get waitingCount(): number {
    return this.queue.length;
  }

  connect(): Promise<PoolClient>;
  connect(
    callback: (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void,
  ): void;
  connect(
    callback?: (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void,
  ): Promise<PoolClient> | void {
    const connected = this.ready().then(() => this.newClient().asPoolClient());
    if (!callback) return connected;
    connected.then(
      (client) => callback(undefined, client, (error) => client.release(error as Error)),
      (error: Error) => callback(error, undefined, () => {}),
    );
  }

  query(config: string | QueryConfig, values?: unknown[] | Callback, callback?: Callback): Promise<QueryResult> | void {
    const client = this.newClient();
    const done = typeof values === 'function' ? values : callback;
    const result = client.query(config, typeof values === 'function' ? undefined : values);
    const settled = result.finally(() => client.release());
    if (!done) return settled;
    settled.then(
      (answer) => done(undefined, answer),
      (error: Error) => done(error),
    );
  }

  /** Waits for what was asked before; what is asked from now on is refused. */
  async end(): Promise<void> {
    this.ended = true;
    if (this.busy) await new Promise<void>((resolve) => this.drained.push(resolve));
  }

  /** Listens for as long as the pool lives, across restarts of the worker. */
  async listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    const listener = (payload: string) => onNotify(payload);
    const listeners = this.persistent.get(channel) ?? new Set();
    this.persistent.set(channel, listeners.add(listener));
    const stop = async () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.persistent.get(channel) === listeners) this.persistent.delete(channel);
      if (this.attached && !this.ended) await this.unlistenIfUnheard(channel);
    };
    try {
      await this.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await stop();
      throw error;
    }
    return stop;
  }

  enqueue(job: Job): void {
    if (this.ended && this.owner !== job.client)
      return fail(job, new Error('Cannot use a pool after calling end on the pool'));
    if (this.owner === job.client) return this.send(job, true);
    this.queue.push(job);
    this.pump();
    if (this.queue.length > 0) this.watchOwner();
  }

  drop(client: PgliteClient): void {
    this.clients.delete(client);
    if (this.owner === client && this.ownerStatements === 0) this.rollBackOwner();
    for (const channel of client.channels) void this.unlistenIfUnheard(channel).catch(() => {});
  }

  isHeardByOthers(channel: string, client?: PgliteClient): boolean {
    if (this.persistent.has(channel)) return true;
    for (const other of this.clients) if (other !== client && other.channels.has(channel)) return true;
    return false;
  }

  private get busy(): boolean {
    return this.queue.length > 0 || this.sent.length > 0 || this.owner !== undefined;
  }

  private newClient(): PgliteClient {
    const client = new PgliteClient(this);
    this.clients.add(client);
    return client;
  }

  private async ready(): Promise<void> {
    if (this.ended) throw new Error('Cannot use a pool after calling end on the pool');
    const { client } = await this.host.start();
    if (this.attached !== client) await this.attach(client);
  }

  /** Takes over a new session: hears its events and listens again to what outlives sessions. */
  private async attach(client: pg.Client): Promise<void> {
    this.attached = client;
    const { connection } = client as unknown as { connection: EventEmitter };
    connection.on('readyForQuery', ({ status }: { status: string }) => this.answered(status));
    client.on('notification', (message) => this.deliver(message));
    for (const channel of this.persistent.keys()) await this.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
  }

  private pump(): void {
    if (!this.attached) return this.startAndPump();
    while (this.queue.length > 0 && !this.owner) {
      const [job] = this.queue as [Job];
      if (isShareable(job.config)) {
        if (this.shared >= SHARED_MAX) return;
        this.queue.shift();
        this.shared++;
        this.send(job, false);
      } else {
        if (this.shared > 0) return;
        this.own(job.client);
      }
    }
  }

  private startAndPump(): void {
    this.ready().then(
      () => this.pump(),
      (error: Error) => {
        // Nobody waits for a database that does not come; the next statement tries again.
        const { queue } = this;
        this.queue = [];
        for (const job of queue) fail(job, error);
        this.settle();
      },
    );
  }

  /** Gives the session to a client, with everything that it has asked for so far. */
  private own(client: PgliteClient): void {
    this.owner = client;
    this.ownerStatements = 0;
    this.send(this.queue.shift()!, true);
    if (client.waiting === 0) return;
    const mine = this.queue.filter((job) => job.client === client);
    this.queue = this.queue.filter((job) => job.client !== client);
    for (const job of mine) this.send(job, true);
  }

  private send(job: Job, owned: boolean): void {
    const { client, config, values, callback } = job;
    client.waiting--;
    if (owned) this.ownerStatements++;
    let travels = false;
    const query = new Query(config, values, (error, result) => {
      if (!travels) this.leave(client, owned, this.status);
      callback(error, result);
    });
    const { submit } = query;
    query.submit = (connection) => {
      const error = submit.call(query, connection);
      if (!error) {
        travels = true;
        this.sent.push({ client, owned });
      }
      return error;
    };
    this.attached!.query(query as unknown as pg.Submittable);
  }

  /** ReadyForQuery: the oldest statement is through, and `status` tells whether a transaction is open. */
  private answered(status: string): void {
    this.status = status;
    const sent = this.sent.shift();
    if (sent) this.leave(sent.client, sent.owned, status);
  }

  private leave(client: PgliteClient, owned: boolean, status: string): void {
    if (owned) {
      this.ownerStatements--;
      if (this.owner === client && this.ownerStatements === 0) this.ownerRests(client, status);
    } else {
      this.shared--;
    }
    this.pump();
    this.settle();
  }

  private ownerRests(client: PgliteClient, status: string): void {
    this.ownerIdleSince = performance.now();
    if (status === 'I') this.owner = undefined;
    else if (!this.clients.has(client)) this.rollBackOwner();
  }

  private rollBackOwner(): void {
    this.owner!.waiting++;
    this.send({ client: this.owner!, config: 'ROLLBACK', values: undefined, callback: () => {} }, true);
  }

  /** A holder that waits for something outside of its transaction would make everybody else wait for ever. */
  private watchOwner(): void {
    this.watch ??= setTimeout(
      () => {
        this.watch = undefined;
        if (this.queue.length === 0) return;
        const idleMs = performance.now() - this.ownerIdleSince;
        if (this.owner && this.ownerStatements === 0 && idleMs > this.idleMsMax) {
          this.owner.breakWith(idleInTransaction(this.idleMsMax));
          this.rollBackOwner();
        }
        this.watchOwner();
      },
      Math.min(WATCH_MS, this.idleMsMax / 2),
    ).unref();
  }

  private deliver(message: Notification): void {
    // In microtasks of their own: what a listener throws must not tear the wire's parser apart.
    for (const client of this.clients) {
      if (client.channels.has(message.channel)) queueMicrotask(() => client.emit('notification', message));
    }
    for (const listener of this.persistent.get(message.channel) ?? [])
      queueMicrotask(() => listener(message.payload ?? ''));
  }

  private async unlistenIfUnheard(channel: string): Promise<void> {
    if (this.ended || !this.attached || this.isHeardByOthers(channel)) return;
    await this.query(`UNLISTEN ${pg.escapeIdentifier(channel)}`);
  }

  /** The worker is gone. What was under way fails with it; clients that had something to lose are told. */
  private lose(error: Error): void {
    const { queue, owner } = this;
    this.attached = undefined;
    this.queue = [];
    this.sent = [];
    this.shared = 0;
    this.owner = undefined;
    this.ownerStatements = 0;
    this.status = 'I';
    owner?.breakWith(error);
    for (const client of [...this.clients]) if (client.channels.size > 0) client.breakWith(error);
    for (const job of queue) fail(job, error);
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.settle();
  }

  private settle(): void {
    if (this.busy) return;
    for (const drained of this.drained.splice(0)) drained();
  }
}

function fail(job: Job, error: Error): void {
  job.client.waiting--;
  queueMicrotask(() => job.callback(error));
}

function idleInTransaction(msMax: number): Error {
  const message =
    `The transaction was rolled back: it did nothing for ${msMax / 1000} s while others waited. ` +
    'Did it wait for a query outside of itself?';
  return Object.assign(new Error(message), { code: '25P03' });
}
