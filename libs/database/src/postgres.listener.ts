import pg from 'pg';
import { Unavailable } from '#libs/kernel/src/errors.js';

/** Back-off between attempts to connect again: quick at first (a restart takes a second), then gentle. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/**
 * One connection that only listens. It is made by the first `listen`, and made again, with all its channels, whenever
 * it is lost.
 */
export class PostgresListener {
  private readonly channels = new Map<string, Set<(payload: string) => void>>();
  private client: pg.Client | undefined;
  private connecting: Promise<pg.Client> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private retryMs = RETRY_MS_MIN;
  private closed = false;

  constructor(private readonly makeClient: () => pg.Client) {}

  async listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    // An object of its own for every call, so that the same function may listen twice.
    const listener = (payload: string) => onNotify(payload);
    const listeners = this.channels.get(channel) ?? new Set();
    this.channels.set(channel, listeners.add(listener));
    try {
      const client = await this.connect();
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await this.unlisten(channel, listener);
      throw error;
    }
    return () => this.unlisten(channel, listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    this.channels.clear();
    const client = this.client ?? (await this.connecting?.catch(() => undefined));
    await client?.end().catch(() => {});
  }

  private async unlisten(channel: string, listener: (payload: string) => void): Promise<void> {
    const listeners = this.channels.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.channels.delete(channel);
    // A connection that is lost just now listens to nothing anyway.
    await this.client?.query(`UNLISTEN ${pg.escapeIdentifier(channel)}`).catch(() => {});
    // Somebody may have begun to listen while that was under way.
    if (this.channels.has(channel)) await this.client?.query(`LISTEN ${pg.escapeIdentifier(channel)}`).catch(() => {});
  }

  private connect(): Promise<pg.Client> {
    if (this.closed) return Promise.reject(new Unavailable('database.unavailable', 'The database is closed'));
    if (this.client) return Promise.resolve(this.client);
    this.connecting ??= this.open().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async open(): Promise<pg.Client> {
    const client = this.makeClient();
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ channel, payload = '' }) => this.deliver(channel, payload));
    try {
      await client.connect();
      for (const channel of this.channels.keys()) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
    this.client = client;
    this.retryMs = RETRY_MS_MIN;
    return client;
  }

  private deliver(channel: string, payload: string): void {
    // In a microtask of its own: what a listener throws must not tear the connection's parser apart.
    for (const listener of this.channels.get(channel) ?? []) queueMicrotask(() => listener(payload));
  }

  private lost(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    void client.end().catch(() => {});
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.closed || this.channels.size === 0) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      this.connect().catch(() => this.reconnectLater());
    }, this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX);
  }
}
