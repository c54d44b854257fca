import type { Database, Queryable } from '#libs/database/src/database.js';
import { isCollision } from '#libs/database/src/database.errors.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { type Build, type Checkpoints, LEASE_MS, type Lease, LeaseLost, type Subject } from './checkpoints.js';
import { EventPages, type PageEvent, pageEvents, PagesAhead } from './event-pages.js';
import { ParkedEvents } from './parked-events.js';
import { isReactor, type Projection, type Reactor, schemaOf } from './projection.js';

/**
 * Events that are applied with one commit. A page that is read for a live read model is kept short, since a reader waits
 * for it. A build has no readers yet: the larger its pages, the seldomer a row that many events feed is written, and
 * what it holds is bounded all the same, some 2 kB an event with what was decoded of it. The embedded database shares
 * this process's memory.
 */
const PAGE_EVENTS = {
  pglite: { live: 500, next: 2_000 },
  postgres: { live: 2_000, next: 10_000 },
} as const;
/** The effects of a page come before its checkpoint and are tried again with it, so it is kept short. */
const REACTOR_PAGE_EVENTS = 200;

/** Pages of a build that go into one transaction: events read at a time, and when it ends. */
const ACCUMULATED_PAGE = 500;
const ACCUMULATED_EVENTS = 500_000;
/** Events whose rows wait to be written, of some 1.5 kB each, beside those that are being written. */
const WAITING_EVENTS = 64_000;
/** A transaction that says nothing for 15 s is ended by the server, and pages whose rows wait in memory say nothing. */
const KEEP_ALIVE_MS = 2_000;
/** Of a build that workers share: well within the time of a lease, so that no other one begins the same pages. */
const ACCUMULATED_MS = LEASE_MS / 2;

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

/** What is set aside has changed while a page was prepared: it is prepared again. */
class ParkedChanged extends Error {}

/** SQLSTATE of a table, column or schema that is not there (a build that has just taken over), or not ours to use. */
const DEPLOYMENT_ERRORS: ReadonlySet<unknown> = new Set(['42P01', '42703', '3F000', '42501']);

/** Says nothing about the event: it is tried again, by whoever holds the lease then. */
const isPassing = (error: unknown): boolean =>
  error instanceof LeaseLost ||
  error instanceof ParkedChanged ||
  isCollision(error) ||
  DEPLOYMENT_ERRORS.has((error as { code?: unknown }).code) ||
  (error instanceof PistorError && (error.kind === 'unavailable' || error.kind === 'overloaded'));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Applies events to one projection or reactor, page by page, each page with its checkpoint. */
export class ProjectionRunner {
  private readonly pages: EventPages;
  private readonly parked: ParkedEvents;
  private readonly pageEvents: number;

  constructor(
    readonly work: Projection | Reactor,
    private readonly deps: RunnerDependencies,
    private readonly checkpoints: Checkpoints,
    private readonly build: Build = 'live',
    /** Shared by runners that read the same log at the same time. */
    pages?: EventPages,
    /** Builds a version that has never served. */
    private readonly first = false,
  ) {
    this.pages = pages ?? new EventPages(deps.store, deps.codec);
    this.parked = new ParkedEvents(deps.db);
    this.pageEvents = isReactor(work) ? REACTOR_PAGE_EVENTS : PAGE_EVENTS[deps.db.kind][build];
  }

  get subject(): Subject {
    const { work, build, first } = this;
    return { name: work.name, version: work.version, build, first, effects: isReactor(work) };
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
    // After a failure the pages that it may be in are applied one by one.
    let carefulUntil = 0;
    let ahead: PagesAhead | undefined;
    while (lease.position < lease.head && !isStopping()) {
      if (this.mayAccumulate(lease) && lease.position >= carefulUntil) {
        try {
          ahead ??= this.pagesAhead(chain, lease);
          await this.accumulate(chain, lease, ahead, isStopping, onPage);
        } catch (error) {
          if (isPassing(error)) throw error;
          ahead = undefined;
          carefulUntil = lease.position + ACCUMULATED_EVENTS;
        }
        continue;
      }
      const { events, to } = await this.pages.read(chain, lease.position, lease.head, this.pageEvents);
      await this.applyAll(
        chain,
        lease,
        events.filter(({ type }) => this.work.types.has(type)),
        to,
      );
      onPage?.(chain, lease.position, lease.head);
    }
  }

  /**
   * Applies what was set aside of a key, in the order of positions, until nothing is left or one fails again.
   * @returns how many events were applied, and the error that ended it
   */
  async retry(chain: Chain, key: string): Promise<{ applied: number; left: number; error: string | null }> {
    let applied = 0;
    for (let most = RETRY_EVENTS; ; ) {
      const positions = await this.parked.positions(this.deps.db, this.subject, chain.no, key, most);
      if (positions.length === 0) return { applied, left: 0, error: null };
      try {
        await this.applyParked(chain, key, positions, most);
        applied += positions.length;
      } catch (error) {
        if (error instanceof ParkedChanged) continue;
        if (isPassing(error)) throw error;
        // The first of them alone shows whether it is the culprit.
        if (positions.length > 1) most = 1;
        else {
          const reason = messageOf(error);
          await this.parked.failedAgain(this.subject, chain.no, positions[0] as number, reason);
          return { applied, left: await this.parked.count(this.subject, chain.no, key), error: reason };
        }
      }
    }
  }

  /**
   * Whether many pages may go into one transaction. They are read while it is open, for which the embedded database
   * would need a second session.
   */
  private mayAccumulate(lease: Lease): boolean {
    const { work, build } = this;
    return build === 'next' && this.deps.db.kind === 'postgres' && !lease.hasParked && 'accumulate' in work;
  }

  private pagesAhead(chain: Chain, lease: Lease): PagesAhead {
    return new PagesAhead(lease.position, lease.head, (after) =>
      this.pages.read(chain, after, lease.head, ACCUMULATED_PAGE),
    );
  }

  /** Applies many pages with one commit, so that a row that many events feed is written seldom. */
  private async accumulate(
    chain: Chain,
    lease: Lease,
    ahead: PagesAhead,
    isStopping: () => boolean,
    onPage?: (chain: Chain, position: number, head: number) => void,
  ): Promise<void> {
    const work = this.work as Projection & Required<Pick<Projection, 'accumulate'>>;
    const since = performance.now();
    let to = lease.position;
    let applied = 0;
    await this.deps.db.transaction(async (tx) => {
      // The tables are small when it begins and large when it ends: a plan that is kept from the beginning goes through
      // all of them for each row in the end.
      await tx.query(
        `set local search_path to "${this.schema}", public; set local plan_cache_mode to force_custom_plan; set local jit to off`,
      );
      const rows = work.accumulate({ tx, chain, boxes: this.deps.boxes.within(tx) });
      const msMax = this.first ? ACCUMULATED_MS : Infinity;
      const isFull = () => applied >= ACCUMULATED_EVENTS || performance.now() - since > msMax;
      let saidAt = since;
      while (to < lease.head && !isStopping() && !isFull()) {
        const page = await ahead.next();
        if (performance.now() - saidAt > KEEP_ALIVE_MS) {
          await tx.query('select 1');
          saidAt = performance.now();
        }
        const events = page.events.filter(({ type }) => work.types.has(type));
        await rows.add(events);
        if (rows.size >= WAITING_EVENTS) await rows.evict();
        to = page.to;
        applied += events.length;
        onPage?.(chain, to, lease.head);
      }
      await rows.flush();
      await this.checkpoints.advance(tx, lease, to, applied);
    });
    lease.position = to;
  }

  /** Halves the events until the one that fails is found, which is parked. */
  private async applyAll(chain: Chain, lease: Lease, events: readonly PageEvent[], to: number): Promise<void> {
    try {
      await this.applyPage(chain, lease, events, to);
    } catch (error) {
      if (error instanceof ParkedChanged) return this.applyAll(chain, lease, events, to);
      if (isPassing(error) || events.length === 0) throw error;
      if (events.length === 1) return this.park(lease, (events[0] as PageEvent).stored, to, error);
      const middle = events.length >> 1;
      await this.applyAll(chain, lease, events.slice(0, middle), (events[middle - 1] as PageEvent).position);
      await this.applyAll(chain, lease, events.slice(middle), to);
    }
  }

  private async applyPage(chain: Chain, lease: Lease, page: readonly PageEvent[], to: number): Promise<void> {
    const keys = lease.hasParked ? await this.parked.keys(this.deps.db, lease) : new Set<string>();
    lease.hasParked = keys.size > 0;
    const waiting = page.filter(({ stored }) => keys.has(this.keyOf(stored))).map(({ stored }) => stored);
    const events = page.filter(({ stored }) => !keys.has(this.keyOf(stored))).map(({ sealed }) => sealed);
    const { work } = this;
    // Effects are commands with commits of their own; they are repeatable, so the checkpoint may come after them.
    if (isReactor(work) && events.length > 0) await work.react(chain, events);
    if (keys.size === 0 && (isReactor(work) || events.length === 0)) {
      await this.checkpoints.advance(this.deps.db, lease, to, events.length);
    } else {
      await this.deps.db.transaction(async (tx) => {
        // The checkpoint first: it is the lock that a retry, and a build taking over, wait for.
        await this.checkpoints.advance(tx, lease, to, events.length, this.schema);
        if (keys.size > 0) await this.queueBehind(tx, lease, keys, waiting);
        if (!isReactor(work) && events.length > 0) {
          await work.apply({ tx, chain, boxes: this.deps.boxes.within(tx) }, events);
        }
      });
    }
    lease.position = to;
  }

  /** @throws ParkedChanged when a retry has emptied a queue meanwhile, behind which nothing must wait any more. */
  private async queueBehind(
    tx: Queryable,
    lease: Lease,
    keys: ReadonlySet<string>,
    waiting: readonly StoredEvent[],
  ): Promise<void> {
    const now = await this.parked.keys(tx, lease);
    if (now.size !== keys.size || [...keys].some((key) => !now.has(key))) throw new ParkedChanged();
    if (waiting.length > 0) await this.parked.park(tx, lease, waiting.map(this.placeOf), null);
  }

  private async park(lease: Lease, event: StoredEvent, to: number, error: unknown): Promise<void> {
    const reason = messageOf(error);
    this.deps.log.warn({ projection: this.work.name, position: event.position, err: error }, 'an event is parked');
    await this.deps.db.transaction(async (tx) => {
      await this.checkpoints.advance(tx, lease, to, 0);
      await this.parked.park(tx, lease, [this.placeOf(event)], reason);
    });
    lease.position = to;
    lease.hasParked = true;
    await this.checkpoints.recordError(lease, `event ${event.position} is parked: ${reason}`);
  }

  private async applyParked(chain: Chain, key: string, positions: readonly number[], most: number): Promise<void> {
    const { work, subject } = this;
    const stored = await Promise.all(positions.map((at) => this.deps.store.readAll(chain.id, { from: at, to: at })));
    const { store, codec } = this.deps;
    const events = (await pageEvents(store, codec, chain, stored.flat())).map(({ sealed }) => sealed);
    if (isReactor(work)) await work.react(chain, events);
    await this.deps.db.transaction(async (tx) => {
      await tx.query(
        `select 1 from projection_checkpoint where projection = $1 and version = $2 and build = $3 and chain = $4 for update`,
        [subject.name, subject.version, subject.build, chain.no],
      );
      const now = await this.parked.positions(tx, subject, chain.no, key, most);
      if (now.join() !== positions.join()) throw new ParkedChanged();
      if (!isReactor(work)) {
        await tx.query(`set local search_path to "${this.schema}", public`);
        await work.apply({ tx, chain, boxes: this.deps.boxes.within(tx) }, events);
      }
      await this.parked.remove(tx, subject, chain.no, positions);
    });
  }

  private get schema(): string | undefined {
    return isReactor(this.work) ? undefined : schemaFor(this.work, this.build);
  }

  private keyOf(event: StoredEvent): string {
    return this.work.keyOf?.(event) ?? event.stream;
  }

  private readonly placeOf = (event: StoredEvent) => ({ position: event.position, key: this.keyOf(event) });
}

/** Events of a key that are applied together when it is tried again. */
const RETRY_EVENTS = 500;

export const schemaFor = (projection: Pick<Projection, 'name' | 'version'>, build: Build): string =>
  build === 'live' ? schemaOf(projection) : `${schemaOf(projection)}__next`;
