import type { Id } from '#libs/kernel/src/ids.js';
import type { KurrentDbConnection } from './kurrentdb.connection.js';
import { ALL_CHAINS_PREFIX, parseName } from './kurrentdb.names.js';

/** While the server is away, somebody polls anyway. */
const RECONNECT_MS = 1_000;

/**
 * Tells whoever asks that a chain has new events, from one subscription for the process. Only a hint: what comes while it
 * is not connected is not told.
 */
export class KurrentDbAppended {
  private readonly callbacks = new Set<(chain: Id) => void>();
  private stop: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly connection: KurrentDbConnection) {}

  add(callback: (chain: Id) => void): () => void {
    this.callbacks.add(callback);
    if (!this.stop && !this.timer) this.follow();
    return () => this.callbacks.delete(callback);
  }

  hint(chain: Id): void {
    for (const callback of this.callbacks) callback(chain);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stop?.();
    this.callbacks.clear();
  }

  private follow(): void {
    this.timer = undefined;
    if (this.closed) return;
    try {
      this.stop = this.connection.follow(
        ALL_CHAINS_PREFIX,
        (streamName) => {
          const named = parseName(streamName);
          if (named) this.hint(named.chain);
        },
        () => this.later(),
      );
    } catch {
      this.later();
    }
  }

  private later(): void {
    this.stop = undefined;
    if (!this.closed) this.timer = setTimeout(() => this.follow(), RECONNECT_MS).unref();
  }
}
