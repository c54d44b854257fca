import { leafHashInto, type LogEvent, NO_PREVIOUS } from './entry.js';
import type { StreamPlace } from './ledger-log.js';
import { HASH_BYTES } from './sha256.js';

/** Streams whose last leaf is remembered, in each of two generations: some 200 bytes each. What is not, is read. */
const STREAMS_MAX = 25_000;

interface LastLeaf {
  readonly revision: number;
  readonly hash: Buffer;
}

/** Leaf hashes of events that are not among those at hand; undefined where there is no such event. */
export type FindLeaves = (wanted: readonly StreamPlace[]) => Promise<(Buffer | undefined)[]>;

/** The event before one in its stream is missing, or another one has taken its place. */
export class StreamBroken extends Error {
  constructor(readonly event: LogEvent) {
    super(`Position ${event.position} is revision ${event.revision} of ${event.stream}, which does not follow there`);
    this.name = 'StreamBroken';
  }
}

/** The last leaf of each stream, as far as they are known: the next leaf of a stream holds the hash of the one before. */
export class LastLeaves {
  private known = new Map<string, LastLeaf>();
  /** Those that have been still for longer. To take single keys out of a map costs more than all the rest here. */
  private older = new Map<string, LastLeaf>();

  constructor(
    private readonly find: FindLeaves,
    private readonly streamsMax = STREAMS_MAX,
  ) {}

  /**
   * The leaf hashes of events that follow each other in the log, one after the other. Nothing is remembered until
   * `remember`.
   * @throws StreamBroken; EntryTooLarge
   */
  async hash(events: readonly LogEvent[]): Promise<Buffer> {
    const before = await this.before(events);
    const leaves = Buffer.allocUnsafeSlow(events.length * HASH_BYTES);
    const inPage = new Map<string, number>();
    for (const [i, event] of events.entries()) {
      const { stream, revision } = event;
      const previous = inPage.get(stream);
      if (previous !== undefined) {
        if ((events[previous] as LogEvent).revision !== revision - 1) throw new StreamBroken(event);
        leafHashInto(leaves, i * HASH_BYTES, event, leaves, previous * HASH_BYTES);
      } else {
        const hash = revision === 0 ? NO_PREVIOUS : before.get(stream);
        if (!hash) throw new StreamBroken(event);
        leafHashInto(leaves, i * HASH_BYTES, event, hash);
      }
      inPage.set(stream, i);
    }
    return leaves;
  }

  /** Remembers the last leaf of each stream of a page that was committed. */
  remember(events: readonly LogEvent[], leaves: Buffer): void {
    const last = new Map<string, number>();
    for (const [i, { stream }] of events.entries()) last.set(stream, i);
    for (const [stream, i] of last) {
      const hash = Buffer.from(leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
      this.known.set(stream, { revision: (events[i] as LogEvent).revision, hash });
    }
    if (this.known.size > this.streamsMax) [this.known, this.older] = [new Map(), this.known];
  }

  /** Of each stream that goes on in a page, the leaf before its first event there. */
  private async before(events: readonly LogEvent[]): Promise<Map<string, Buffer>> {
    const first = new Map<string, LogEvent>();
    for (const event of events) if (!first.has(event.stream)) first.set(event.stream, event);
    const before = new Map<string, Buffer>();
    const missing: StreamPlace[] = [];
    for (const { stream, revision } of first.values()) {
      const last = this.known.get(stream) ?? this.older.get(stream);
      if (last?.revision === revision - 1) before.set(stream, last.hash);
      else if (revision > 0) missing.push({ stream, revision: revision - 1 });
    }
    if (missing.length === 0) return before;
    const found = await this.find(missing);
    missing.forEach(({ stream }, i) => {
      const hash = found[i];
      if (hash) before.set(stream, hash);
    });
    return before;
  }
}
