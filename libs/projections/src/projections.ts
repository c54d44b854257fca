import { Invalid, NotFound, Unavailable } from '#libs/kernel/src/errors.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Checkpoints } from './checkpoints.js';
import { newId } from '#libs/kernel/src/ids.js';
import { type Projection, type Reactor, schemaOf } from './projection.js';
import { ProjectionLoop } from './projection-loop.js';
import { ProjectionRunner, type RunnerDependencies, schemaFor } from './projection-runner.js';
import { EventPages } from './event-pages.js';

/** How one projection stands in one chain. */
export interface ProjectionStatus {
  readonly projection: string;
  readonly version: number;
  readonly kind: 'projection' | 'reactor';
  readonly chain: string;
  /** Position of the last applied event. */
  readonly position: number;
  /** Position of the chain's newest event. */
  readonly head: number;
  /** Events that are still to be applied. */
  readonly lag: number;
  /** Events that were set aside because they, or one before them, could not be applied. */
  readonly parked: number;
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
  readonly movedAt: string | null;
}

/** How often a waiting query looks, when the projection runs in another process. */
const WAIT_POLL_MS = 15;

/** All projections and reactors of a deployment: makes their tables, runs them, waits for them, builds them anew. */
export class Projections {
  private readonly runners = new Map<string, ProjectionRunner>();
  private readonly checkpoints: Checkpoints;
  private readonly moved = new Set<() => void>();
  private loop: ProjectionLoop | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly deps: RunnerDependencies,
    private readonly works: readonly (Projection | Reactor)[],
  ) {
    this.checkpoints = new Checkpoints(deps.db, newId());
    const pages = new EventPages(deps.store, deps.codec);
    for (const work of works) {
      this.runners.set(work.name, new ProjectionRunner(work, deps, this.checkpoints, 'live', pages));
    }
  }

  /** Makes the tables of every projection that has none yet. */
  async prepare(): Promise<void> {
    for (const work of this.works) {
      if ('react' in work) continue;
      await this.createSchema(work, schemaOf(work), false);
    }
  }

  /** Follows the log in this process until `stop`. `only` leaves the others to other processes. */
  start(only: (work: Projection | Reactor) => boolean = () => true): void {
    const runners = [...this.runners.values()].filter(({ work }) => only(work));
    const onMoved = () => {
      for (const callback of this.moved) callback();
    };
    // The embedded database has one session for everybody: commands come first.
    const share = this.deps.db.kind === 'pglite' ? 0.25 : 1;
    const loop = new ProjectionLoop(runners, this.checkpoints, this.deps.log, onMoved, { share });
    this.unsubscribe = this.deps.store.onAppended(() => loop.wake());
    this.loop = loop;
    loop.start();
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    await this.loop?.stop();
    this.loop = undefined;
  }

  /** Calls back whenever a checkpoint was moved by this process. */
  onMoved(callback: () => void): () => void {
    this.moved.add(callback);
    return () => this.moved.delete(callback);
  }

  /**
   * Waits until a projection has applied everything up to `position`.
   * @throws Unavailable `projection.behind` after `timeoutMs`.
   */
  async waitFor(name: string, chain: Chain, position: number, timeoutMs: number): Promise<void> {
    const runner = this.runner(name);
    const subject = { name, version: runner.work.version, build: 'live' as const };
    const deadline = performance.now() + timeoutMs;
    let moved: (() => void) | undefined;
    const unsubscribe = this.onMoved(() => moved?.());
    try {
      for (;;) {
        const reached = await this.checkpoints.position(subject, chain.no);
        if (reached >= position) return;
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) {
          throw new Unavailable(
            'projection.behind',
            `${name} has come to ${reached} and not yet to ${position}. Ask again.`,
            {
              data: { projection: name, position: reached, wanted: position },
            },
          );
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(WAIT_POLL_MS, leftMs));
          moved = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      unsubscribe();
    }
  }

  /** Waits until every projection (and reactor, when this process runs them) has reached the chain's present head. */
  async waitForHead(
    chain: Chain,
    timeoutMs: number,
    only: (work: Projection | Reactor) => boolean = () => true,
  ): Promise<void> {
    const head = await this.deps.store.head(chain.id);
    for (const { work } of this.runners.values()) {
      if (only(work)) await this.waitFor(work.name, chain, head, timeoutMs);
    }
  }

  async status(chain: Chain): Promise<ProjectionStatus[]> {
    const { rows } = await this.deps.db.query<{
      projection: string;
      version: number;
      position: string;
      last_error: string | null;
      last_error_at: Date | null;
      moved_at: Date;
      parked: number;
    }>(
      `select p.*, (select count(*)::int from projection_parked k
                    where k.projection = p.projection and k.version = p.version and k.build = p.build and k.chain = p.chain) as parked
       from projection_checkpoint p where p.chain = $1 and p.build = 'live'`,
      [chain.no],
    );
    const head = await this.deps.store.head(chain.id);
    return this.works.map((work) => {
      const row = rows.find((each) => each.projection === work.name && each.version === work.version);
      const position = Number(row?.position ?? 0);
      return {
        projection: work.name,
        version: work.version,
        kind: 'react' in work ? 'reactor' : 'projection',
        chain: chain.id,
        position,
        head,
        lag: Math.max(0, head - position),
        parked: row?.parked ?? 0,
        lastError: row?.last_error ?? null,
        lastErrorAt: row?.last_error_at?.toISOString() ?? null,
        movedAt: row?.moved_at.toISOString() ?? null,
      };
    });
  }

  /**
   * Builds a projection anew beside the one that serves, then puts it in its place in one transaction: no reader sees
   * half of it.
   * @throws NotFound, Invalid for a reactor, whose effects have happened and are not built again.
   */
  async rebuild(name: string, onPage?: (position: number, head: number) => void): Promise<{ events: number }> {
    const { work } = this.runner(name);
    if ('react' in work)
      throw new Invalid('projection.has-effects', `${name} has effects and no rows: there is nothing to rebuild.`);
    await this.deps.db.query(
      `delete from projection_checkpoint where projection = $1 and version = $2 and build = 'next'`,
      [work.name, work.version],
    );
    await this.deps.db.query(
      `delete from projection_parked where projection = $1 and version = $2 and build = 'next'`,
      [work.name, work.version],
    );
    await this.createSchema(work, schemaFor(work, 'next'), true);
    const builders = new Checkpoints(this.deps.db, newId());
    const builder = new ProjectionRunner(work, this.deps, builders, 'next');
    // The second round takes what was appended during the first; the rest is left to the running loop.
    for (let round = 0; round < 2; round += 1) {
      for (const lease of await builders.lease([builder.subject])) {
        await builder.follow(lease, (_chain, position, head) => onPage?.(position, head));
      }
    }
    const events = await this.swap(work);
    this.loop?.forget(work.name);
    return { events };
  }

  /** The new build takes over with its own checkpoint; what was appended meanwhile is applied by the running loop. */
  private async swap(work: Projection): Promise<number> {
    const live = schemaOf(work);
    return this.deps.db.transaction(async (tx) => {
      // The running loop's transaction holds these rows while it writes, and finds another epoch after us.
      await tx.query('select 1 from projection_checkpoint where projection = $1 and version = $2 for update', [
        work.name,
        work.version,
      ]);
      await tx.query(`drop schema if exists "${live}" cascade`);
      await tx.query(`alter schema "${schemaFor(work, 'next')}" rename to "${live}"`);
      const { rows } = await tx.query<{ applied: string }>(
        `select coalesce(sum(applied), 0) as applied from projection_checkpoint
         where projection = $1 and version = $2 and build = 'next'`,
        [work.name, work.version],
      );
      await tx.query(
        `update projection_checkpoint l
         set position = coalesce(n.position, 0), applied = coalesce(n.applied, 0), epoch = l.epoch + 1, owner = null,
             lease_until = '-infinity', last_error = null, last_error_at = null
         from projection_checkpoint old
         left join projection_checkpoint n
           on n.projection = old.projection and n.version = old.version and n.chain = old.chain and n.build = 'next'
         where old.projection = $1 and old.version = $2 and old.build = 'live'
           and l.projection = old.projection and l.version = old.version and l.build = 'live' and l.chain = old.chain`,
        [work.name, work.version],
      );
      await tx.query(
        `insert into projection_checkpoint (projection, version, build, chain, position, applied)
         select projection, version, 'live', chain, position, applied from projection_checkpoint
         where projection = $1 and version = $2 and build = 'next'
         on conflict do nothing`,
        [work.name, work.version],
      );
      await tx.query(`delete from projection_checkpoint where projection = $1 and version = $2 and build = 'next'`, [
        work.name,
        work.version,
      ]);
      await tx.query(`delete from projection_parked where projection = $1 and version = $2 and build = 'live'`, [
        work.name,
        work.version,
      ]);
      await tx.query(
        `update projection_parked set build = 'live' where projection = $1 and version = $2 and build = 'next'`,
        [work.name, work.version],
      );
      return Number(rows[0]?.applied ?? 0);
    });
  }

  private async createSchema(work: Projection, schema: string, anew: boolean): Promise<void> {
    await this.deps.db.transaction(async (tx) => {
      // Many processes may start at once.
      await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`projection ${schema}`]);
      if (anew) await tx.query(`drop schema if exists "${schema}" cascade`);
      const { rows } = await tx.query('select 1 from pg_namespace where nspname = $1', [schema]);
      if (rows.length > 0) return;
      await tx.query(`create schema "${schema}"`);
      await tx.query(`set local search_path to "${schema}", public`);
      await tx.query(work.ddl);
    });
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
