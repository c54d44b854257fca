import type { Id } from '#libs/kernel/src/ids.js';
import { NO_STREAM_REVISION, type AppendResult, type StreamName } from './event-store.js';
import type { KurrentDbConnection } from './kurrentdb.connection.js';
import { nameOf } from './kurrentdb.names.js';
import { type KurrentDbEvent, readRecord } from './kurrentdb.records.js';

/** What is known of a command in one stream: its last event there. */
interface Carried {
  readonly attempt: Id;
  readonly streams: readonly StreamName[];
  readonly revision: number;
  readonly position: number;
}

/** What is known of one stream: everything up to a revision. */
interface KnownStream {
  readonly chain: Id;
  revision: number;
  readonly commands: Map<Id, Carried>;
}

/** The first result of a command, and which try of it brought it about. */
export interface FirstResult {
  readonly result: Omit<AppendResult, 'repeated'>;
  readonly attempt: Id;
}

/** Commands that are kept in memory, at some 600 bytes each. What was dropped is read again. */
const COMMANDS_MAX = 50_000;
const PAGE_EVENTS = 1_000;

/**
 * Which commands wrote to which streams, learned from the streams themselves. A stream is read once and then from
 * where it was left, so that looking for a command costs one read of what is new.
 */
export class KurrentDbCommands {
  /** By the server's name, the one that was needed longest ago first. */
  private readonly known = new Map<string, KnownStream>();
  /** A stream of each command; only a hint, for those who ask for a command without saying where to look. */
  private readonly streamOf = new Map<string, StreamName>();
  private commands = 0;

  constructor(
    private readonly connection: KurrentDbConnection,
    private readonly commandsMax = COMMANDS_MAX,
  ) {}

  /** Notes what somebody has read of a stream from a revision on. @returns whether it follows on what is known */
  learn(chain: Id, name: string, from: number, events: readonly KurrentDbEvent[]): boolean {
    const stream = this.known.get(name) ?? { chain, revision: NO_STREAM_REVISION, commands: new Map<Id, Carried>() };
    // Between what is known and what was read there may be something else.
    if (from > stream.revision + 1) return false;
    this.known.delete(name);
    this.known.set(name, stream);
    for (const { event, attempt, streams } of events) {
      if (event.revision <= stream.revision) continue;
      stream.revision = event.revision;
      const { commandId } = event.header;
      if (!stream.commands.has(commandId)) this.commands += 1;
      stream.commands.set(commandId, { attempt, streams, revision: event.revision, position: event.position });
      this.streamOf.set(`${chain} ${commandId}`, event.stream);
    }
    this.forget(name);
    return true;
  }

  /** The revision that a stream has now. @throws Unavailable */
  async revision(chain: Id, stream: StreamName): Promise<number> {
    return (await this.catchUp(chain, stream)).revision;
  }

  /**
   * Looks for a command in the streams that it may have written to, as they are now.
   * @throws Unavailable
   */
  async find(chain: Id, commandId: Id, streams: readonly StreamName[]): Promise<FirstResult | undefined> {
    const hint = this.streamOf.get(`${chain} ${commandId}`);
    const places = new Set(hint === undefined ? streams : [...streams, hint]);
    const known = new Map<StreamName, KnownStream>();
    await Promise.all([...places].map(async (stream) => known.set(stream, await this.catchUp(chain, stream))));
    const first = [...known.values()].flatMap(({ commands }) => commands.get(commandId) ?? [])[0];
    if (!first) return undefined;
    const revisions: Record<StreamName, number> = {};
    let position = 0;
    for (const stream of first.streams) {
      // A stream that was read a moment before the append may not have shown it yet.
      const carried =
        known.get(stream)?.commands.get(commandId) ?? (await this.catchUp(chain, stream)).commands.get(commandId);
      if (!carried) continue;
      revisions[stream] = carried.revision;
      position = Math.max(position, carried.position);
    }
    return { result: { position, revisions }, attempt: first.attempt };
  }

  private async catchUp(chain: Id, stream: StreamName): Promise<KnownStream> {
    const name = nameOf(chain, stream);
    for (;;) {
      const from = (this.known.get(name)?.revision ?? NO_STREAM_REVISION) + 1;
      const page = await readStreamPage(this.connection, name, from, PAGE_EVENTS);
      if (page === undefined) {
        // What was known of it, if anything, was before the server was emptied.
        this.drop(name);
        return { chain, revision: NO_STREAM_REVISION, commands: new Map() };
      }
      // What was known may have been dropped meanwhile: then it begins anew.
      const follows = this.learn(chain, name, from, page);
      const known = this.known.get(name);
      if (follows && known && page.length < PAGE_EVENTS) return known;
    }
  }

  private forget(kept: string): void {
    for (const name of this.known.keys()) {
      if (this.commands + this.known.size <= this.commandsMax || name === kept) return;
      this.drop(name);
    }
  }

  private drop(name: string): void {
    const stream = this.known.get(name);
    if (!stream) return;
    this.known.delete(name);
    this.commands -= stream.commands.size;
    for (const commandId of stream.commands.keys()) this.streamOf.delete(`${stream.chain} ${commandId}`);
  }
}

/**
 * Reads a page of a stream; undefined where there is no such stream.
 * @throws Unavailable, UnreadableEvent
 */
export async function readStreamPage(
  connection: KurrentDbConnection,
  name: string,
  from: number,
  limit: number,
): Promise<KurrentDbEvent[] | undefined> {
  const events: KurrentDbEvent[] = [];
  try {
    await connection.readStream(name, { fromRevision: BigInt(from), maxCount: limit }, (record) => {
      const event = readRecord(record);
      if (event) events.push(event);
      return events.length < limit;
    });
  } catch (error) {
    if ((error as { type?: unknown }).type === 'stream-not-found') return undefined;
    throw error;
  }
  return events;
}
