import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type {
  AppendContext,
  AppendResult,
  EventStore,
  ExpectedRevision,
  Guard,
  StreamAppend,
  StreamName,
} from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { NO_STREAM_REVISION } from '#libs/event-store/src/event-store.js';
import { GuardFailed, WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { STREAM_NAME } from '#libs/event-store/src/stream-name.js';
import { Overloaded, PistorError } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { formatChainPosition } from '#libs/kernel/src/position.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';

/** How a stream's events make a state. Pure. */
export interface Fold<State, E extends NewEvent> {
  readonly initial: State;
  evolve(state: State, event: RecordedEvent<E>): State;
}

/** Who wants something done, and under which id, so that wanting it twice does it once. */
export interface CommandMeta {
  readonly chain: Chain;
  readonly commandId: Id;
  readonly actor: string;
  readonly correlationId?: Id | undefined;
  readonly causationId?: Id | undefined;
  /** Revision that the caller has seen of the stream the command writes (If-Match). */
  readonly ifMatch?: number | undefined;
}

export interface CommandResult {
  /** `chain:position`: a query that is given this sees what the command did. */
  readonly position: string;
  /** Revision of the written stream (of the first, where there are several). */
  readonly revision: number;
  /** True when this command had been done before, and this is what it gave then. */
  readonly repeated: boolean;
}

/** The caller's revision is not the present one. */
export class StaleRevision extends PistorError {
  constructor(expected: number, actual: number) {
    super('stale', 'resource.stale', `It is at revision ${actual} now; you have seen ${expected}. Read it again.`, {
      data: { expected, actual },
    });
  }
}

/** What a command may look at while it decides. Everything it looks at and does not write is guarded by itself. */
export interface Reads {
  readonly chain: Chain;
  /** The chain's present time; known once something was loaded, since both are asked for together. */
  readonly now: Instant;
  /** The state that a stream's events make, and the revision of the last of them (-1 where there is no stream). */
  load<State, E extends NewEvent>(
    stream: StreamName,
    fold: Fold<State, E>,
  ): Promise<{ state: State; revision: number }>;
  /** The events of a stream as they were recorded, corrections and retractions beside what they change. */
  events<E extends NewEvent>(stream: StreamName): Promise<readonly RecordedEvent<E>[]>;
}

export interface StreamEvents {
  readonly stream: StreamName;
  /** Only where the stream was not loaded: a loaded one is expected at the revision it had. */
  readonly expectedRevision?: ExpectedRevision;
  readonly events: readonly NewEvent[];
}

/** A conflict that is only bad luck is decided again. Somebody wins every round, so this is for some fifty at once. */
const ATTEMPTS_MAX = 30;
/** Random, so that those who met do not meet again. */
const PAUSE_MS_MAX = 20;

/**
 * Runs commands: reads what the decision needs, decides, appends. Nothing is written unless everything that was read
 * is still so at that moment; when it is not, it is decided again.
 */
export class CommandRunner {
  constructor(
    private readonly store: EventStore,
    private readonly codec: Codec,
    private readonly chains: Chains,
  ) {}

  /**
   * @throws StaleRevision when `ifMatch` does not fit the first written stream; what `decide` throws; what the store throws.
   */
  async run(
    meta: CommandMeta,
    decide: (reads: Reads) => Promise<readonly StreamEvents[]>,
    options: { readonly site?: Id | undefined; readonly origin?: AppendContext['origin'] } = {},
  ): Promise<CommandResult> {
    // Every stream that the command has to do with: an earlier run of it wrote to some of them.
    const touched = new Set<StreamName>();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(meta, decide, options, touched);
      } catch (error) {
        const lostRace = error instanceof WrongExpectedRevision || error instanceof GuardFailed;
        if (lostRace && meta.ifMatch === undefined && attempt < ATTEMPTS_MAX) {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS_MAX));
          continue;
        }
        if (lostRace && meta.ifMatch !== undefined) throw new StaleRevision(meta.ifMatch, error.actual);
        const refusal = error instanceof PistorError && error.kind !== 'unavailable' && error.kind !== 'overloaded';
        // A repeated command meets the state that it made itself; what it gave then is the answer.
        const first = refusal ? await this.firstResult(meta, touched) : undefined;
        if (first) return first;
        if (lostRace)
          throw new Overloaded('command.contended', 'Too many write the same at once. Try again in a moment.');
        throw error;
      }
    }
  }

  /** The state of one stream, for queries that must be exact. */
  async read<State, E extends NewEvent>(
    chain: Chain,
    stream: StreamName,
    fold: Fold<State, E>,
  ): Promise<{ state: State; revision: number }> {
    return folded(await this.events<E>(chain, stream), fold);
  }

  /** The events of one stream as they were recorded. */
  async events<E extends NewEvent>(chain: Chain, stream: StreamName): Promise<readonly RecordedEvent<E>[]> {
    return this.codec.decode<E>(chain, await this.store.readStream(chain.id, stream));
  }

  private async attempt(
    meta: CommandMeta,
    decide: (reads: Reads) => Promise<readonly StreamEvents[]>,
    options: { readonly site?: Id | undefined; readonly origin?: AppendContext['origin'] },
    touched: Set<StreamName>,
  ): Promise<CommandResult> {
    const { chain } = meta;
    const revisions = new Map<StreamName, number>();
    const asked = this.chains.now(chain);
    let now: Instant | undefined;
    // Whatever is asked of a stream is told of the same reading of it.
    const readings = new Map<StreamName, Promise<readonly RecordedEvent[]>>();
    const read = async (stream: StreamName): Promise<readonly RecordedEvent[]> => {
      touched.add(stream);
      const reading = readings.get(stream) ?? this.events(chain, stream);
      readings.set(stream, reading);
      const [events, at] = await Promise.all([reading, asked]);
      now = at;
      revisions.set(stream, events.at(-1)?.revision ?? NO_STREAM_REVISION);
      return events;
    };
    const reads: Reads = {
      chain,
      get now() {
        if (now === undefined) throw new Error('The time is known once a stream was loaded');
        return now;
      },
      load: async <State, E extends NewEvent>(stream: StreamName, fold: Fold<State, E>) =>
        folded((await read(stream)) as readonly RecordedEvent<E>[], fold),
      events: async <E extends NewEvent>(stream: StreamName) => (await read(stream)) as readonly RecordedEvent<E>[],
    };
    const [written] = await Promise.all([decide(reads), asked]);
    for (const { stream } of written) touched.add(stream);
    const [first] = written;
    if (first && meta.ifMatch !== undefined && revisions.get(first.stream) !== meta.ifMatch) {
      throw new StaleRevision(meta.ifMatch, revisions.get(first.stream) ?? NO_STREAM_REVISION);
    }
    const nothing = written.every(({ events }) => events.length === 0);
    const streams = written.map((each) => expected(each, revisions));
    const result = await this.store.append({
      chain: chain.id,
      commandId: meta.commandId,
      // Nothing may be left to do because this command did it.
      streams: nothing ? [...streams, ...whereverItWrote(touched)] : streams,
      guards: guardsOf(revisions, written),
      context: {
        actor: meta.actor,
        site: options.site,
        origin: options.origin ?? 'live',
        correlationId: meta.correlationId,
        causationId: meta.causationId,
      },
    });
    const firstGetsNothing = first === undefined || first.events.length === 0;
    const revision = first && (result.revisions[first.stream] ?? revisions.get(first.stream));
    return answer(chain, result, firstGetsNothing && !result.repeated ? (revision ?? NO_STREAM_REVISION) : undefined);
  }

  private async firstResult(meta: CommandMeta, touched: ReadonlySet<StreamName>): Promise<CommandResult | undefined> {
    const result = await this.store.append({
      chain: meta.chain.id,
      commandId: meta.commandId,
      streams: whereverItWrote(touched),
      context: { actor: meta.actor, origin: 'live' },
    });
    return result.repeated ? answer(meta.chain, result) : undefined;
  }
}

function folded<State, E extends NewEvent>(
  events: readonly RecordedEvent<E>[],
  fold: Fold<State, E>,
): { state: State; revision: number } {
  const effective = effectiveHistory(events as readonly RecordedEvent[]) as unknown as readonly RecordedEvent<E>[];
  return {
    state: effective.reduce<State>((state, event) => fold.evolve(state, event), fold.initial),
    revision: events.at(-1)?.revision ?? NO_STREAM_REVISION,
  };
}

function expected(write: StreamEvents, revisions: ReadonlyMap<StreamName, number>): StreamAppend {
  const seen = revisions.get(write.stream);
  const expectedRevision = write.expectedRevision ?? seen;
  if (expectedRevision === undefined) throw new Error(`${write.stream} is written but was neither read nor expected`);
  return { stream: write.stream, events: write.events, expectedRevision };
}

/** Asks for nothing but whether the command is known there. */
const whereverItWrote = (touched: ReadonlySet<StreamName>): StreamAppend[] =>
  // What cannot be a stream was never written to; naming it would hide why the command was refused.
  [...touched]
    .filter((stream) => STREAM_NAME.test(stream))
    .map((stream) => ({ stream, expectedRevision: 'any', events: [] }));

function guardsOf(revisions: ReadonlyMap<StreamName, number>, written: readonly StreamEvents[]): Guard[] {
  const streams = new Set(written.map(({ stream }) => stream));
  // A decision that writes nothing needs nobody to stand still.
  if (written.every(({ events }) => events.length === 0)) return [];
  return [...revisions].filter(([stream]) => !streams.has(stream)).map(([stream, revision]) => ({ stream, revision }));
}

const answer = (chain: Chain, result: AppendResult, revision?: number): CommandResult => ({
  position: formatChainPosition({ chain: chain.id, position: result.position }),
  revision: revision ?? Object.values(result.revisions)[0] ?? NO_STREAM_REVISION,
  repeated: result.repeated,
});
