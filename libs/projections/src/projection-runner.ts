import type { Database } from '#libs/database/src/database.js';
import { isCollision } from '#libs/database/src/database.errors.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { type Build, type Checkpoints, type Lease, LeaseLost, type Subject } from './checkpoints.js';
import { EventPages } from './event-pages.js';
import { type Projection, type Reactor, schemaOf, type SealedEvent } from './projection.js';

/**
 * Large enough that a rebuild is bound by the disk. The events are the least of a page: those of an import each touch
 * another course, whose state of some kB is read, folded and written as one value, here and in the embedded database.
 */
const PAGE_EVENTS = 500;
/** The effects of a page come before its checkpoint and are tried again with it, so it is kept short. */
const REACTOR_PAGE_EVENTS = 200;

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
  isCollision(error) ||
  (error instanceof PistorError && (error.kind === 'unavailable' || error.kind === 'overloaded'));

const isReactor = (work: Projection | Reactor): work is Reactor => 'react' in work;

/** Applies events to one projection or reactor, page by page, each page with its checkpoint. */
export class ProjectionRunner {
  private readonly pages: EventPages;

  constructor(
    readonly work: Projection | Reactor,
    private readonly deps: RunnerDependencies,
    private readonly checkpoints: Checkpoints,
    private readonly build: Build = 'live',
    /** Shared by runners that read the same log at the same time. */
    pages?: EventPages,
  ) {
    this.pages = pages ?? new EventPages(deps.store, deps.codec);
  }

  get subject(): Subject {
    return { name: this.work.name, version: this.work.version, build: this.build };
  }

  /**
   * Applies everything up to the head that the lease saw.
   * @throws LeaseLost, Unavailable: what was applied until then is applied
   */
  async follow(
    lease: Lease,
    onPage?: (chain: Chain, position: number, head: number) => void,
    isStopping = () => false,
  ): Promise<void> {
    const chain = await this.deps.chains.byNumber(lease.chainNo);
    const parked = lease.hasParked ? await this.checkpoints.parkedKeys(lease) : new Set<string>();
    while (lease.position < lease.head && !isStopping()) {
      const size = isReactor(this.work) ? REACTOR_PAGE_EVENTS : PAGE_EVENTS;
      const to = Math.min(lease.position + size, lease.head);
      const page = await this.pages.read(chain, lease.position + 1, to);
      try {
        await this.apply(chain, lease, page, to, parked);
      } catch (error) {
        if (isPassing(error)) throw error;
        await this.applyOneByOne(chain, lease, page, parked);
      }
      onPage?.(chain, lease.position, lease.head);
    }
  }

  private async apply(
    chain: Chain,
    lease: Lease,
    page: readonly StoredEvent[],
    to: number,
    parked: ReadonlySet<string>,
  ): Promise<void> {
    const wanted = page.filter((event) => this.work.types.has(event.header.type));
    const waiting = wanted.filter((event) => parked.has(event.stream));
    const events = wanted.filter((event) => !parked.has(event.stream)).map((event) => this.pages.decode(event));
    await this.commit(chain, lease, to, events, waiting);
    lease.position = to;
  }

  /** Finds the event that fails and parks it with its key, so that the others go on. */
  private async applyOneByOne(
    chain: Chain,
    lease: Lease,
    page: readonly StoredEvent[],
    parked: Set<string>,
  ): Promise<void> {
    for (const event of page) {
      if (event.position <= lease.position) continue;
      try {
        await this.apply(chain, lease, [event], event.position, parked);
      } catch (error) {
        if (isPassing(error)) throw error;
        await this.park(lease, event, error);
        parked.add(event.stream);
      }
    }
  }

  private async park(lease: Lease, event: StoredEvent, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    this.deps.log.warn({ projection: this.work.name, position: event.position, err: error }, 'an event is parked');
    await this.deps.db.transaction(async (tx) => {
      await this.checkpoints.advance(tx, lease, event.position, 0);
      await this.checkpoints.park(tx, lease, { position: event.position, key: event.stream }, reason);
    });
    lease.position = event.position;
    lease.hasParked = true;
    await this.checkpoints.recordError(lease, `event ${event.position} is parked: ${reason}`);
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
    if (waiting.length === 0 && (isReactor(work) || events.length === 0)) {
      return this.checkpoints.advance(this.deps.db, lease, to, events.length);
    }
    await this.deps.db.transaction(async (tx) => {
      // The checkpoint first: it is the lock that a rebuild taking over waits for before it touches the tables.
      await this.checkpoints.advance(
        tx,
        lease,
        to,
        events.length,
        isReactor(work) ? undefined : schemaFor(work, this.build),
      );
      for (const event of waiting) {
        await this.checkpoints.park(tx, lease, { position: event.position, key: event.stream }, null);
      }
      if (isReactor(work) || events.length === 0) return;
      await work.apply({ tx, chain, boxes: this.deps.boxes.within(tx) }, events);
    });
  }
}

export const schemaFor = (projection: Projection, build: Build): string =>
  build === 'live' ? schemaOf(projection) : `${schemaOf(projection)}__next`;
