import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import { prepared } from './prepared.statement.js';
import { listenedChannel } from './shareable.statement.js';

export type Callback = (error: Error | null | undefined, result?: QueryResult) => void;

/** A statement on its way. */
export interface Job {
  readonly client: PgliteClient;
  readonly config: string | QueryConfig;
  readonly values: unknown[] | undefined;
  readonly callback: Callback;
}

/** What a virtual client needs of its pool. */
export interface SharedSession {
  /** Takes a statement of a client: sends it at once when the client owns the session, else in its turn. */
  enqueue(job: Job): void;
  /** Lets go of a client. A transaction that it left open is rolled back. */
  drop(client: PgliteClient): void;
  /** May the server be told UNLISTEN, or does somebody else still listen? */
  isHeardByOthers(channel: string, client?: PgliteClient): boolean;
}

/**
 * A client that a library thinks is its own connection. It has no connection: its statements take turns with those of
 * the others, its transactions exclude them, and what it listens to reaches it alone.
 */
export class PgliteClient extends EventEmitter {
  /** Channels that this client listens to. */
  readonly channels = new Set<string>();
  /** Statements of this client that the pool has not sent yet. */
  waiting = 0;
  private released = false;
  private broken: Error | undefined;

  constructor(private readonly pool: SharedSession) {
    super();
  }

  asPoolClient(): PoolClient {
    return this as unknown as PoolClient;
  }

  query(config: string | QueryConfig, values?: unknown[]): Promise<QueryResult>;
  query(config: string | QueryConfig, values: unknown[] | undefined | Callback, callback?: Callback): void;
  query(config: string | QueryConfig, values?: unknown[] | Callback, callback?: Callback): Promise<QueryResult> | void {
    const done = typeof values === 'function' ? values : callback;
    const result = this.ask(config, typeof values === 'function' ? undefined : values);
    if (!done) return result;
    result.then(
      (answer) => done(undefined, answer),
      (error: Error) => done(error),
    );
  }

  /** Gives the client back. An open transaction is rolled back, what it listened to is forgotten. */
  release(_error?: Error | boolean): void {
    if (this.released) throw new Error('Release called on client which has already been released to the pool.');
    this.released = true;
    this.pool.drop(this);
  }

  end(): Promise<void> {
    if (!this.released) this.release();
    return Promise.resolve();
  }

  escapeIdentifier(name: string): string {
    return pg.escapeIdentifier(name);
  }

  escapeLiteral(text: string): string {
    return pg.escapeLiteral(text);
  }

  /** The session under this client is gone, and with it what this client had there. */
  breakWith(error: Error): void {
    this.broken = error;
    this.channels.clear();
    queueMicrotask(() => {
      if (this.listenerCount('error') > 0) this.emit('error', error);
    });
  }

  private ask(config: string | QueryConfig, values?: unknown[]): Promise<QueryResult> {
    const text = typeof config === 'string' ? config : config?.text;
    const refusal = this.refusal(text);
    if (refusal) return Promise.reject(refusal);
    const listened = values === undefined && /listen/i.test(text) ? listenedChannel(text) : undefined;
    if (listened?.verb === 'UNLISTEN') return this.unlisten(listened.channel);
    // Before it is sent: whoever unlistens in the meantime has to know that somebody else listens from now on.
    const isNew = listened && !this.channels.has(listened.channel);
    if (isNew) this.channels.add(listened.channel);
    return this.send(config, values).catch((error: Error) => {
      if (isNew) this.channels.delete(listened.channel);
      throw error;
    });
  }

  private send(given: string | QueryConfig, values?: unknown[]): Promise<QueryResult> {
    const config = prepared(given, values);
    this.waiting++;
    return new Promise((resolve, reject) => {
      const callback: Callback = (error, result) => (error ? reject(error) : resolve(result!));
      this.pool.enqueue({ client: this, config, values, callback });
    });
  }

  private refusal(text: unknown): Error | undefined {
    if (this.released) return new Error('Client was released and is not queryable');
    if (this.broken) return this.broken;
    if (typeof text !== 'string')
      return new TypeError('A statement needs a text: cursors and other query objects are not taken here');
    return undefined;
  }

  /** The server's one session listens for everybody: it is told to stop only when nobody else listens. */
  private async unlisten(name: string): Promise<QueryResult> {
    const nothing = { command: 'UNLISTEN', rowCount: null, oid: 0, fields: [], rows: [] };
    for (const channel of name === '*' ? [...this.channels] : [name]) {
      if (!this.channels.delete(channel) || this.pool.isHeardByOthers(channel, this)) continue;
      await this.send(`UNLISTEN ${pg.escapeIdentifier(channel)}`);
    }
    return nothing;
  }
}
