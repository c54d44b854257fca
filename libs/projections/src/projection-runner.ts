import type { Database } from '#libs/database/src/database.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { type Build, Checkpoints, type Lease, LeaseLost, type Subject } from './checkpoints.js';
import { type Projection, type Reactor, schemaOf, type SealedEvent } from './projection.js';

/** Large enough that a rebuild is bound by the disk; at most about 1 MB of events in memory. */
const PAGE_EVENTS = 2_000;
/** The truth behind the hints: what was not announced is found within this time. */
const POLL_MS = 500;
/** After an error (the database is gone, a page fails) the first pause, doubled up to the longest. */
const PAUSE_MS = 200;
const PAUSE_MS_MAX = 5_000;

export interface ProjectionLog {
  warn(fields: object, message: string): void;
}

export interface RunnerDependencies {
  readonly db: Database;
  readonly store: EventStore;
  readonly chains: Chains;
  readonly codec: Codec;
  readonly boxes: Boxes;
  readonly log: ProjectionLog;
}

/** Says nothing about the event: it is tried again, by whoever holds the lease then. */
const isPassing = (error: unknown): boolean =>
  error instanceof LeaseLost ||
  (error instanceof PistorError && ['unavailable', 'overloaded', 'conflict'].includes(error.kind));

const isReactor = (work: Projection | Reactor): work is Reactor => 'react' in work;

/**
 * Runs one projection or reactor: catches up, then follows. Several processes may run the same one; a lease for each
 * chain sees to it that one of them works.
 */
export class ProjectionRunner {
  private readonly checkpoints: Checkpoints;
  private stopping = false;
  private loop: Promise<void> | undefined;
  private wakeUp: (() => void) | undefined;
  private woken = false;
  private readonly movedCallbacks = new Set<() => void>();
  private unsubscribe: (() => void) | undefined;

  constructor(
    readonly work: Projection | Reactor,
    private readonly deps: RunnerDependencies,
    private readonly build: Build = 'live',
    owner: Id = newId(),
  ) {
    this.checkpoints = new Checkpoints(deps.db, owner);
  }

  private get subject(): Subject {
    return { name: this.work.name, version: this.work.version, build: this.build };
  }

  start(): void {
    this.unsubscribe = this.deps.store.onAppended(() => this.wake());
    this.loop = this.run();
  }

  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Calls back after each moved checkpoint. */
  onMoved(callback: () => void): () => void {
    this.movedCallbacks.add(callback);
    return () => this.movedCallbacks.delete(callback);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.unsubscribe?.();
    this.wake();
    await this.loop;
    // When the database is gone the lease runs out by itself.
    await this.checkpoints.release().catch(() => undefined);
  }

  /**
   * Applies what there is, in the calling turn.
   * @param rounds how often to look for what was appended meanwhile; under steady writing there is always more
   */
  async catchUp(onPage?: (chain: Chain, position: number, head: number) => void, rounds = Infinity): Promise<void> {
    for (let round = 0; round < rounds && !this.stopping; round += 1) {
      const leases = await this.checkpoints.lease(this.subject);
      if (leases.length === 0) return;
      for (const lease of leases) await this.follow(lease, onPage);
    }
  }

  private async run(): Promise<void> {
    let pauseMs = PAUSE_MS;
    while (!this.stopping) {
      this.woken = false;
      try {
        await this.catchUp();
        pauseMs = PAUSE_MS;
        await this.sleep(POLL_MS);
      } catch (error) {
        if (!(error instanceof LeaseLost)) {
          this.deps.log.warn({ projection: this.work.name, err: error }, 'a projection pauses after an error');
        }
        await this.sleep(pauseMs, false);
        pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
      }
    }
  }

  private sleep(ms: number, wakeable = true): Promise<void> {
    if (this.stopping || (wakeable && this.woken)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wakeUp = () => {
        if (wakeable || this.stopping) done();
      };
    });
  }

  private async follow(lease: Lease, onPage?: (chain: Chain, position: number, head: number) => void): Promise<void> {
    const chain = (await this.deps.chains.all()).find((each) => each.no === lease.chainNo);
    if (!chain) return;
    while (!this.stopping) {
      const page = await this.deps.store.readAll(chain.id, { from: lease.position + 1, limit: PAGE_EVENTS });
      const last = page.at(-1);
      if (!last) return;
      try {
        await this.applyPage(chain, lease, page, last.position);
      } catch (error) {
        if (isPassing(error)) throw error;
        await this.applyOneByOne(chain, lease, page);
      }
      onPage?.(chain, lease.position, Math.max(lease.head, lease.position));
      for (const callback of this.movedCallbacks) callback();
      if (page.length < PAGE_EVENTS) return;
    }
  }

  private async applyPage(chain: Chain, lease: Lease, page: readonly StoredEvent[], to: number): Promise<void> {
    const parked = await this.checkpoints.parkedKeys(lease);
    const wanted = page.filter((event) => this.work.types.has(event.header.type));
    const free = wanted.filter((event) => !parked.has(event.stream));
    const events = free.map((event) => this.deps.codec.decodeSealed(event));
    const waiting = wanted.filter((event) => parked.has(event.stream));
    await this.commit(chain, lease, to, events, waiting);
  }

  /** Finds the event that fails and parks it with its key, so that the others go on. */
  private async applyOneByOne(chain: Chain, lease: Lease, page: readonly StoredEvent[]): Promise<void> {
    for (const event of page) {
      try {
        await this.applyPage(chain, lease, [event], event.position);
      } catch (error) {
        if (isPassing(error)) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        this.deps.log.warn({ projection: this.work.name, position: event.position, err: error }, 'an event is parked');
        await this.deps.db.transaction(async (tx) => {
          await this.checkpoints.park(tx, lease, { position: event.position, key: event.stream }, reason);
          await this.checkpoints.advance(tx, lease, event.position, 0);
        });
        lease.position = event.position;
        await this.checkpoints.recordError(lease, `event ${event.position} is parked: ${reason}`);
      }
    }
  }

  private async commit(
    chain: Chain,
    lease: Lease,
    to: number,
    events: readonly SealedEvent[],
    waiting: readonly StoredEvent[],
  ): Promise<void> {
    const { work } = this;
    // Effects are commands with commits of their own; they are repeatable, so the checkpoint may come after them.
    if (isReactor(work) && events.length > 0) await work.react(chain, events);
    await this.deps.db.transaction(async (tx) => {
      // The checkpoint first: it is the lock that a rebuild taking over waits for before it touches the tables.
      await this.checkpoints.advance(tx, lease, to, events.length);
      for (const event of waiting) {
        await this.checkpoints.park(tx, lease, { position: event.position, key: event.stream }, null);
      }
      if (isReactor(work) || events.length === 0) return;
      await tx.query(`set local search_path to "${schemaFor(work, this.build)}", public`);
      await work.apply({ tx, chain, boxes: this.deps.boxes.within(tx) }, events);
    });
    lease.position = to;
  }
}

export const schemaFor = (projection: Projection, build: Build): string =>
  build === 'live' ? schemaOf(projection) : `${schemaOf(projection)}__next`;
