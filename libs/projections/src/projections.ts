import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, Invalid, NotFound, Unavailable } from '#libs/kernel/src/errors.js';
import { describeError } from '#libs/kernel/src/log.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { APPEND_EVENTS_MAX } from '#libs/event-store/src/codec.js';
import { Checkpoints, LeaseLost, RATE, type Subject } from './checkpoints.js';
import { newId } from '#libs/kernel/src/ids.js';
import { type DueKey, ParkedEvents, type ParkedKey } from './parked-events.js';
import { PositionWaits } from './position-waits.js';
import { isReactor, type Projection, type Reactor } from './projection.js';
import { ProjectionBuilds } from './projection-builds.js';
import { ProjectionLoop } from './projection-loop.js';
import { ProjectionRunner, type RunnerDependencies } from './projection-runner.js';
import { EventPages } from './event-pages.js';

/** How one projection stands in one chain. */
export interface ProjectionStatus {
  readonly projection: string;
  readonly version: number;
  readonly kind: 'projection' | 'reactor';
  /** `building`: has no readers until it has caught up. `superseded`: a newer version of a reactor has taken over. */
  readonly state: 'live' | 'building' | 'superseded';
  readonly chain: string;
  /** Position of the last applied event. */
  readonly position: number;
  /** Position of the chain's newest event. */
  readonly head: number;
  /** How far the position is behind the head: in a store without gaps, the events that are still to be applied. */
  readonly lag: number;
  /** Events applied per second in the last ten seconds or so. */
  readonly ratePerSecond: number;
  /** Events applied since the projection was made or built anew. */
  readonly applied: number;
  /** Events that were set aside because they, or one before them, could not be applied. */
  readonly parked: number;
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
  readonly movedAt: string | null;
}

/** What became of a parked key that was tried again. */
export interface RetriedKey {
  readonly key: string;
  readonly applied: number;
  /** Events that are still set aside, with the error of the first. */
  readonly left: number;
  readonly error: string | null;
}

/** How often a waiting query looks whether a build has taken over. */
const BUILDING_POLL_MS = 100;
/** How often keys are looked for whose time to be tried again has come. */
const RETRY_MS = 15_000;

/** All projections and reactors of a deployment: makes their tables, runs them, waits for them, builds them anew. */
export class Projections {
  private readonly runners = new Map<string, ProjectionRunner>();
  /** Those that have no readers yet. */
  private readonly building = new Map<string, Projection>();
  private readonly builds: ProjectionBuilds;
  private readonly checkpoints: Checkpoints;
  private readonly parkedEvents: ParkedEvents;
  private readonly pages: EventPages;
  private readonly moved = new Set<() => void>();
  private readonly waits: PositionWaits;
  private loop: ProjectionLoop | undefined;
  private unsubscribe: (() => void) | undefined;
  private retrying: NodeJS.Timeout | undefined;
  private retried: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: RunnerDependencies,
    private readonly works: readonly (Projection | Reactor)[],
  ) {
    this.checkpoints = new Checkpoints(deps.db, newId());
    this.builds = new ProjectionBuilds(deps.db, deps.store);
    this.parkedEvents = new ParkedEvents(deps.db);
    this.waits = new PositionWaits(deps.db);
    this.pages = new EventPages(deps.store, deps.codec);
    for (const work of works) {
      this.runners.set(work.name, new ProjectionRunner(work, deps, this.checkpoints, 'live', this.pages));
    }
  }

  /**
   * Makes the tables of every projection that has none yet. Where there is a long log already, they are built by
   * `start` and serve once they have caught up.
   */
  async prepare(): Promise<void> {
    for (const work of await this.builds.prepare(this.works)) this.building.set(work.name, work);
  }

  /** Follows the log in this process until `stop`. `only` leaves the others to other processes. */
  start(only: (work: Projection | Reactor) => boolean = () => true): void {
    const runners = [...this.runners.values()].filter(({ work }) => only(work)).map((runner) => this.firstOf(runner));
    // The embedded database has one session for everybody: commands come first.
    const share = this.deps.db.kind === 'pglite' ? 0.25 : 1;
    const loop = new ProjectionLoop(runners, {
      checkpoints: this.checkpoints,
      log: this.deps.log,
      heads: () => this.heads(),
      onMoved: ({ subject, chainNo, position, hasParked }) => {
        this.waits.moved(subject, chainNo, position, hasParked);
        for (const callback of this.moved) callback();
      },
      onCaughtUp: (runner) => this.takeOver(runner),
      share,
    });
    this.unsubscribe = this.deps.store.onAppended(() => loop.wake());
    this.loop = loop;
    loop.start();
    this.retrying = setInterval(() => void this.retryDue(), RETRY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.retrying);
    this.unsubscribe?.();
    await this.loop?.stop();
    await this.retried;
    this.loop = undefined;
  }

  /** Calls back whenever a checkpoint was moved by this process. */
  onMoved(callback: () => void): () => void {
    this.moved.add(callback);
    return () => this.moved.delete(callback);
  }

  /**
   * @throws Unavailable `projection.building` while a projection has no tables that could be read: its version is new,
   * and is still being built from the log
   */
  async assertServing(name: string): Promise<void> {
    if (await this.isServing(name)) return;
    throw new Unavailable('projection.building', `${name} is being built from the log. Ask again in a while.`, {
      data: { projection: name },
    });
  }

  /**
   * Waits until a projection has applied everything up to `position`.
   * @throws Unavailable `projection.behind` after `timeoutMs`; `projection.parked` when what was appended at that
   * position is set aside, since it could not be applied; `projection.building`
   */
  async waitFor(name: string, chain: Chain, position: number, timeoutMs: number): Promise<void> {
    const { subject } = this.runner(name);
    const deadline = performance.now() + timeoutMs;
    if (this.building.has(name)) await this.waitServing(name, deadline);
    const reached = await this.waits.wait(subject, chain.no, position, deadline - performance.now());
    if (reached.position < position) {
      throw new Unavailable(
        'projection.behind',
        `${name} has come to ${reached.position} and not yet to ${position}. Ask again.`,
        { data: { projection: name, position: reached.position, wanted: position } },
      );
    }
    if (reached.hasParked) await this.refuseParked(subject, chain, position);
  }

  /**
   * Waits until every projection (and reactor, when this process runs them) has come to the chain's present head;
   * events that were set aside do not count.
   */
  async waitForHead(
    chain: Chain,
    timeoutMs: number,
    only: (work: Projection | Reactor) => boolean = () => true,
  ): Promise<void> {
    const head = await this.deps.store.head(chain.id);
    for (const { work } of this.runners.values()) {
      if (!only(work)) continue;
      await this.waitFor(work.name, chain, head, timeoutMs).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== 'projection.parked') throw error;
      });
    }
  }

  async status(chain: Chain): Promise<ProjectionStatus[]> {
    const { rows } = await this.deps.db.query<{
      projection: string;
      version: number;
      build: 'live' | 'next';
      position: string;
      applied: string;
      current_rate: number;
      superseded_by: number | null;
      last_error: string | null;
      last_error_at: Date | null;
      moved_at: Date;
      parked: number;
    }>(
      `select p.*, ${RATE} as current_rate, (
         select count(*)::int from projection_parked k
         where k.projection = p.projection and k.version = p.version and k.build = p.build and k.chain = p.chain) as parked
       from projection_checkpoint p where p.chain = $1`,
      [chain.no],
    );
    const head = await this.deps.store.head(chain.id);
    return Promise.all(
      this.works.map(async (work) => {
        const serving = isReactor(work) || (await this.isServing(work.name));
        const build = serving ? 'live' : 'next';
        const row = rows.find(
          (each) => each.projection === work.name && each.version === work.version && each.build === build,
        );
        const position = Number(row?.position ?? 0);
        return {
          projection: work.name,
          version: work.version,
          kind: isReactor(work) ? ('reactor' as const) : ('projection' as const),
          state:
            row?.superseded_by != null ? ('superseded' as const) : serving ? ('live' as const) : ('building' as const),
          chain: chain.id,
          position,
          head,
          lag: Math.max(0, head - position),
          ratePerSecond: Math.round((row?.current_rate ?? 0) * 10) / 10,
          applied: Number(row?.applied ?? 0),
          parked: row?.parked ?? 0,
          lastError: row?.last_error ?? null,
          lastErrorAt: row?.last_error_at?.toISOString() ?? null,
          movedAt: row?.moved_at.toISOString() ?? null,
        };
      }),
    );
  }

  /** What is set aside, by key. @throws NotFound for an unknown projection */
  async parked(chain: Chain, name?: string): Promise<ParkedKey[]> {
    const runners = name === undefined ? [...this.runners.values()] : [this.runner(name)];
    const keys = await this.parkedEvents.list(
      runners.map(({ subject }) => subject),
      chain,
    );
    return keys.map((key) => ({
      ...key,
      kind: isReactor(this.runner(key.projection).work) ? ('reactor' as const) : ('projection' as const),
    }));
  }

  /**
   * Applies what was set aside, key by key in the order of positions, until nothing is left or an event fails again.
   * @param key when left out, all keys of the projection
   * @throws NotFound for an unknown projection, or a key of which nothing is set aside
   */
  async retry(name: string, chain: Chain, key?: string): Promise<RetriedKey[]> {
    const runner = this.runner(name);
    const parked = await this.parked(chain, name);
    const keys = parked.filter((each) => key === undefined || each.key === key);
    if (key !== undefined && keys.length === 0) {
      throw new NotFound('projection.not-parked', `Nothing of ${key} is set aside by ${name}.`);
    }
    const outcomes: RetriedKey[] = [];
    for (const { key: each } of keys) outcomes.push({ key: each, ...(await runner.retry(chain, each)) });
    this.loop?.wake();
    return outcomes;
  }

  /** Tries parked keys again whose time has come: twice as long after every attempt, an hour at most. */
  async retryDue(): Promise<void> {
    const run = async () => {
      try {
        const subjects = [...this.runners.values()].map(({ subject }) => subject);
        for (const due of await this.parkedEvents.takeDue(subjects)) await this.tryAgain(due);
      } catch (error) {
        this.deps.log.warn({ error: describeError(error) }, 'parked events could not be tried again');
      }
    };
    this.retried = this.retried.then(run);
    await this.retried;
  }

  /**
   * Builds a projection anew beside the one that serves, then puts it in its place in one transaction: no reader sees
   * half of it.
   * @throws NotFound; Invalid for a reactor, whose effects have happened and are not built again; Conflict
   * `projection.building` when somebody else has begun to build it meanwhile
   */
  async rebuild(name: string, onPage?: (position: number, head: number) => void): Promise<{ events: number }> {
    const { work } = this.runner(name);
    if (isReactor(work))
      throw new Invalid('projection.has-effects', `${name} has effects and no rows: there is nothing to rebuild.`);
    await this.builds.begin(work);
    const builders = new Checkpoints(this.deps.db, newId());
    const pages = new EventPages(this.deps.store, this.deps.codec, BUILD_PAGES_MAX);
    const builder = new ProjectionRunner(work, this.deps, builders, 'next', pages);
    let events: number | undefined;
    try {
      for (let round = 0; events === undefined && round < ROUNDS_MAX; round += 1) {
        const heads = await this.heads();
        const leases = await builders.lease([builder.subject], heads);
        for (const lease of leases) await builder.follow(lease, (_chain, position, head) => onPage?.(position, head));
        // Up to the heads, since workers may be building some of the chains: there is nothing to be level with before a
        // first build serves.
        events = await this.builds.takeOver(work, heads);
        if (events === undefined && leases.length === 0) await sleep(BUILDING_POLL_MS);
      }
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      throw new Conflict('projection.building', `Somebody else has begun to build ${name} meanwhile.`);
    }
    if (events === undefined)
      throw new Unavailable('projection.busy', `${name} could not be overtaken while so much is appended. Try again.`);
    this.building.delete(name);
    this.waits.forget(name);
    this.loop?.forget(work.name);
    return { events };
  }

  /** One key that cannot be tried now does not keep the others, whose time has come, from it. */
  private async tryAgain({ projection, chainNo, key }: DueKey): Promise<void> {
    try {
      await this.runner(projection).retry(await this.deps.chains.byNumber(chainNo), key);
    } catch (error) {
      this.deps.log.warn({ projection, key, error: describeError(error) }, 'a parked key could not be tried again');
      await this.parkedEvents.soonAgain({ projection, chainNo, key });
    }
  }

  /** The runner with which a projection begins here: of the build, while it does not serve. */
  private firstOf(runner: ProjectionRunner): ProjectionRunner {
    const work = this.building.get(runner.work.name);
    if (!work) return runner;
    return new ProjectionRunner(
      work,
      this.deps,
      this.checkpoints,
      'next',
      new EventPages(this.deps.store, this.deps.codec, BUILD_PAGES_MAX),
      true,
    );
  }

  /** A build that has caught up begins to serve; here or in another process, which this one then sees. */
  private async takeOver(runner: ProjectionRunner): Promise<void> {
    const { work } = runner;
    if (isReactor(work)) return;
    // A reader may have seen it before this runner did, which is replaced all the same.
    if (!(await this.isServing(work.name))) {
      if ((await this.builds.takeOver(work, await this.heads())) === undefined) return;
      this.building.delete(work.name);
    }
    this.loop?.replace(runner, this.runner(work.name));
  }

  private async isServing(name: string): Promise<boolean> {
    const work = this.building.get(name);
    if (!work) return true;
    const serving = await this.builds.isServing(work);
    if (serving) this.building.delete(name);
    return serving;
  }

  private async waitServing(name: string, deadline: number): Promise<void> {
    while (!(await this.isServing(name))) {
      if (performance.now() > deadline) await this.assertServing(name);
      await sleep(BUILDING_POLL_MS);
    }
  }

  /** The truth about the append that ended at a position: one of its events may have been set aside. */
  private async refuseParked(subject: Subject, chain: Chain, position: number): Promise<void> {
    const parked = await this.parkedEvents.before(subject, chain.no, position, APPEND_EVENTS_MAX);
    if (parked.length === 0) return;
    const commandAt = async (at: number) =>
      (await this.deps.store.readAll(chain.id, { from: at, to: at }))[0]?.header.commandId;
    const command = await commandAt(position);
    const commands = await Promise.all(parked.map((each) => commandAt(each.position)));
    const found = parked.find((_, n) => commands[n] === command);
    if (!found) return;
    throw new Unavailable(
      'projection.parked',
      `${subject.name} has set event ${found.position} of ${found.key} aside and does not show it: ${found.error}`,
      { data: { projection: subject.name, position: found.position, key: found.key } },
    );
  }

  /** Position of the newest event of each chain, by the chain's number. */
  private async heads(): Promise<Map<number, number>> {
    const heads = await this.deps.store.heads();
    const byNumber = new Map<number, number>();
    for (const [id, head] of heads) byNumber.set((await this.deps.chains.get(id)).no, head);
    return byNumber;
  }

  private runner(name: string): ProjectionRunner {
    const runner = this.runners.get(name);
    if (!runner) {
      const known = [...this.runners.keys()].join(', ');
      throw new NotFound('projection.unknown', `There is no projection ${name}. There are: ${known}.`);
    }
    return runner;
  }
}

/**
 * How often a rebuild catches up before it gives up: a round takes milliseconds, and needs one moment in which nothing
 * was applied to the projection that serves.
 */
const ROUNDS_MAX = 100;

/** The page of a build that is applied, and the next one, which is read meanwhile. */
const BUILD_PAGES_MAX = 2;
