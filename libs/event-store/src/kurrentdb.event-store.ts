import type { ConsistencyCheck } from '@kurrent/kurrentdb-client';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Chains } from './chains.js';
import type { Codec } from './codec.js';
import { AppendTooLarge, EventTooLarge, MalformedStreamName } from './event-store.errors.js';
import {
  type AppendRequest,
  type AppendResult,
  type EventStore,
  NO_STREAM_REVISION,
  type ReadAllOptions,
  type ReadOptions,
  type StoreCapabilities,
  type StoredEvent,
  type StreamName,
} from './event-store.js';
import { KurrentDbAppended } from './kurrentdb.appended.js';
import { type FirstResult, KurrentDbCommands, readStreamPage } from './kurrentdb.commands.js';
import { KurrentDbConnection, type StreamState } from './kurrentdb.connection.js';
import { actualRevisions, NotAtomic, UnguardedServer } from './kurrentdb.errors.js';
import { KurrentDbHeads } from './kurrentdb.heads.js';
import { KurrentDbLog } from './kurrentdb.log.js';
import { nameOf } from './kurrentdb.names.js';
import { KnownPlaces } from './kurrentdb.places.js';
import { type AppendPlan, type Check, planOf } from './kurrentdb.plan.js';
import { type AppendMarks, recordOf } from './kurrentdb.records.js';
import { demandSupported } from './kurrentdb.server.js';
import { type TurnLimits, Turns } from './kurrentdb.turns.js';
import { STREAM_NAME } from './stream-name.js';

export interface KurrentDbOptions {
  /** `kurrentdb://host:2113?tls=false`, `kurrentdb+discover://…`: what the client reads. */
  readonly url: string;
  readonly chains: Chains;
  readonly codec: Codec;
  /** Works with a server that cannot check several streams at once, and does without that. */
  readonly allowUnguarded?: boolean;
  /** How long a call may take, from one record to the next where it reads. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<TurnLimits>;
}

/** The server itself gives an append up after two to seven seconds, and says so. */
const TIMEOUT_MS = 10_000;
/** As of the other event stores. */
const WAITING_MAX = 20_000;
/** Each is a few round trips. */
const RUNNING_MAX = 64;
/** A page is bounded: at about 450 bytes an event this is 4.5 MB. */
const PAGE_MAX = 10_000;
/** How often an append's own events are looked for after the server took it. */
const LOOKS_MAX = 10;
const LOOK_MS = 50;

/**
 * The event store on KurrentDB, and on EventStoreDB from 22.6 on. Only the log is there: chains, keys, codes and read
 * models stay in the relational database.
 *
 * The server decides every append. A command is looked for in the streams that the append names, before and after: what
 * was appended is known by reading it back, so that the answer is the same whichever server of the line gave it, and
 * after an answer that was lost. Two processes that send a command at once send events with the same ids, which the
 * server takes once.
 *
 * With a server below 26.1 (`allowUnguarded`) an append writes one stream. What it expects of other streams, guards
 * among them, is read just before it: between the two, somebody else may write.
 */
export class KurrentDbEventStore implements EventStore {
  private readonly commands: KurrentDbCommands;
  private readonly newest: KurrentDbHeads;
  private readonly appended: KurrentDbAppended;
  private readonly turns: Turns;
  private readonly places = new KnownPlaces();
  private readonly log: KurrentDbLog;

  private constructor(
    private readonly connection: KurrentDbConnection,
    private readonly chains: Chains,
    private readonly codec: Codec,
    readonly capabilities: StoreCapabilities,
    limits: TurnLimits,
  ) {
    this.commands = new KurrentDbCommands(connection);
    this.newest = new KurrentDbHeads(connection);
    this.appended = new KurrentDbAppended(connection);
    this.turns = new Turns(limits);
    this.log = new KurrentDbLog(connection, this.places);
  }

  /**
   * Connects, and checks that the server answers, what it can, and that this user may read and write there.
   * @throws Unavailable, UnguardedServer, Refused `event-store.server-too-old`, Invalid `configuration.kurrentdb`
   */
  static async open({
    url,
    chains,
    codec,
    allowUnguarded = false,
    timeoutMs = TIMEOUT_MS,
    limits,
  }: KurrentDbOptions): Promise<KurrentDbEventStore> {
    const connection = await KurrentDbConnection.create(url, timeoutMs);
    try {
      const { version, appendRecords } = await demandSupported(connection);
      if (!appendRecords && !allowUnguarded) throw new UnguardedServer(version);
      const capabilities: StoreCapabilities = {
        atomicStreams: appendRecords,
        guards: appendRecords,
        gapFree: false,
        immutableByGrant: false,
        commandsPerChain: false,
      };
      return new KurrentDbEventStore(connection, chains, codec, capabilities, {
        runningMax: RUNNING_MAX,
        waitingMax: WAITING_MAX,
        waitMsMax: 3 * timeoutMs,
        ...limits,
      });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /**
   * @throws as the port says; NotAtomic for several streams where the server cannot; AppendTooLarge when the events of
   * the append are together more than the server takes; Conflict `stream.deleted` when somebody deleted a stream there
   */
  async append(request: AppendRequest): Promise<AppendResult> {
    for (const { stream } of [...request.streams, ...(request.guards ?? [])]) {
      if (!STREAM_NAME.test(stream)) throw new MalformedStreamName(stream);
    }
    const chain = await this.chains.get(request.chain);
    const given = request.streams.flatMap(({ events }) => events);
    const plan = planOf(request, await this.codec.encode(chain, request.commandId, request.context, given));
    if (plan.written.length > 1 && !this.capabilities.atomicStreams) throw new NotAtomic(plan.written);
    const names = plan.streams.map((stream) => nameOf(chain.id, stream));
    const result = await this.turns.take(names, async () => {
      const first = await this.commands.find(chain.id, plan.commandId, plan.streams);
      if (first) return { ...first.result, repeated: true };
      if (plan.events.length === 0) return this.checkOnly(plan);
      const marks = {
        attempt: newId(),
        streams: plan.written,
        clockOffsetMs: await this.chains.clockOffsetMs(chain),
      };
      return this.write(plan, marks);
    });
    if (result.position > 0) this.places.add(result.position);
    if (!result.repeated && plan.events.length > 0) this.appended.hint(chain.id);
    return result;
  }

  async readStream(
    chainId: Id,
    stream: StreamName,
    { from = 0, limit = PAGE_MAX }: ReadOptions = {},
  ): Promise<StoredEvent[]> {
    const { id } = await this.chains.get(chainId);
    const name = nameOf(id, stream);
    const wanted = Math.min(limit, PAGE_MAX);
    if (wanted <= 0) return [];
    const events = (await readStreamPage(this.connection, name, Math.max(from, 0), wanted)) ?? [];
    this.commands.learn(id, name, Math.max(from, 0), events);
    return events.map(({ event }) => event);
  }

  async readAll(
    chainId: Id,
    { from = 1, to = Number.MAX_SAFE_INTEGER, limit = PAGE_MAX }: ReadAllOptions = {},
  ): Promise<StoredEvent[]> {
    const { id } = await this.chains.get(chainId);
    return this.log.read(id, { from, to, limit: Math.min(limit, PAGE_MAX) });
  }

  async head(chainId: Id): Promise<number> {
    const { id } = await this.chains.get(chainId);
    return (await this.headsOf([id])).get(id) ?? 0;
  }

  async heads(): Promise<ReadonlyMap<Id, number>> {
    return this.headsOf((await this.chains.all()).map(({ id }) => id));
  }

  onAppended(callback: (chain: Id) => void): () => void {
    return this.appended.add(callback);
  }

  async close(): Promise<void> {
    this.appended.close();
    await this.connection.close();
  }

  /** An append without events: leaves no trace, but its expectations and guards must hold. */
  private async checkOnly(plan: AppendPlan): Promise<AppendResult> {
    await this.checkByReading(plan.checks);
    return { position: await this.head(plan.chain), revisions: {}, repeated: false };
  }

  private async write(plan: AppendPlan, marks: AppendMarks): Promise<AppendResult> {
    try {
      await this.send(plan, marks);
    } catch (error) {
      const outcomeUnknown = error instanceof Unavailable;
      const actuals = actualRevisions(error, plan.events[0]?.name as string);
      if (!outcomeUnknown && !actuals) throw this.sizeProblem(plan, error);
      // A twin of this command was faster, or the answer was lost: then the events are there.
      const found = await this.commands.find(plan.chain, plan.commandId, plan.streams).catch((reading: unknown) => {
        throw outcomeUnknown ? error : reading;
      });
      if (found) return answer(found, marks.attempt);
      if (!actuals) throw error;
      throwFirst(plan.checks, actuals);
      // The server did not say which stream it was.
      await this.checkByReading(plan.checks);
      throw new Unavailable(
        'event-store.unavailable',
        'The event store refused the append without a reason that still holds. Send the same command again.',
        { cause: error },
      );
    }
    return answer(await this.ownEvents(plan), marks.attempt);
  }

  private async send(plan: AppendPlan, marks: AppendMarks): Promise<void> {
    const records = plan.events.map(({ id, name, event }) => ({
      streamName: name,
      record: recordOf(id, event, marks),
    }));
    const name = (records[0] as (typeof records)[number]).streamName;
    const conditions = await this.conditionsOf(plan);
    const others = conditions.filter((condition) => condition.streamName !== name);
    if (plan.written.length > 1 || (others.length > 0 && this.capabilities.guards)) {
      await this.connection.appendRecords(records, conditions);
      return;
    }
    if (others.length > 0) await this.checkByReading(plan.checks.filter((check) => check.name !== name));
    await this.connection.append(
      name,
      conditions.find((condition) => condition.streamName === name)?.expectedState ?? 'any',
      records.map(({ record }) => record),
    );
  }

  private async conditionsOf({ conditions, checks }: AppendPlan): Promise<ConsistencyCheck[]> {
    const contradiction = [...conditions.values()].includes(undefined);
    if (contradiction) {
      await this.checkByReading(checks);
      throw new Error('Expectations that no stream can meet were all met.');
    }
    return [...conditions].map(([streamName, expectedState]) => ({
      type: 'stream_state',
      streamName,
      expectedState: expectedState as StreamState,
    }));
  }

  /** @throws the first check that does not hold */
  private async checkByReading(checks: readonly Check[]): Promise<void> {
    const streams = new Set(checks.map(({ name }) => name));
    const revisions = new Map<string, number>();
    await Promise.all([...streams].map(async (name) => revisions.set(name, await this.revisionOf(name))));
    throwFirst(checks, revisions);
  }

  /** The last revision of a stream, read for itself: a guard's stream may be long, and its commands are not asked for. */
  private async revisionOf(name: string): Promise<number> {
    let revision = NO_STREAM_REVISION;
    const options = { direction: 'backwards', fromRevision: 'end', maxCount: 1 } as const;
    try {
      await this.connection.readStream(name, options, ({ event }) => {
        if (event) revision = Number(event.revision);
        return false;
      });
    } catch (error) {
      if ((error as { type?: unknown }).type !== 'stream-not-found') throw error;
    }
    return revision;
  }

  /** What the server took is looked for until it shows: a node that follows may be a moment behind. */
  private async ownEvents(plan: AppendPlan): Promise<FirstResult> {
    for (let look = 1; look <= LOOKS_MAX; look += 1) {
      const found = await this.commands.find(plan.chain, plan.commandId, plan.streams);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Unavailable(
      'event-store.unavailable',
      'The event store took the append but does not show it yet. Send the same command again.',
    );
  }

  private sizeProblem(plan: AppendPlan, error: unknown): unknown {
    const { type, recordId, size, maxSize } = error as {
      type?: unknown;
      recordId?: string;
      size?: number;
      maxSize?: number;
    };
    const single = plan.events.length === 1 ? plan.events[0] : undefined;
    if (type === 'append-record-size-exceeded') {
      const culprit = plan.events.find(({ id }) => id === recordId) ?? single;
      return new EventTooLarge(culprit ? typeOf(culprit.event.header) : 'An event', size ?? 0, maxSize ?? 0);
    }
    if (error instanceof AppendTooLarge && single) {
      const { header, data } = single.event;
      const bytes = Buffer.byteLength(header) + Buffer.byteLength(data);
      return new EventTooLarge(typeOf(header), bytes, Number(error.data['bytesMax'] ?? bytes - 1));
    }
    return error;
  }

  private async headsOf(chains: readonly Id[]): Promise<ReadonlyMap<Id, number>> {
    const heads = await this.newest.of(chains);
    for (const position of heads.values()) if (position > 0) this.places.add(position);
    return heads;
  }
}

/** @throws the first check that fails with these revisions */
function throwFirst(checks: readonly Check[], revisions: ReadonlyMap<string, number>): void {
  for (const check of checks) {
    const actual = revisions.get(check.name);
    if (actual !== undefined && !check.holds(actual)) throw check.failed(actual);
  }
}

const answer = ({ result, attempt }: FirstResult, ownAttempt: Id): AppendResult => ({
  ...result,
  repeated: attempt !== ownAttempt,
});

const typeOf = (header: string): string => (JSON.parse(header) as { type: string }).type;
