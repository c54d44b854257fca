import type { Database, Queryable } from '#libs/database/src/database.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { Build } from './checkpoints.js';
import { isReactor, type Projection, type Reactor, schemaOf } from './projection.js';
import { schemaFor } from './projection-runner.js';
import { limitRows, lockRows, unlimited } from './row-policies.js';

/**
 * A log up to this length is applied at once, in its first page: a read model of it is live from the start. Over a
 * longer one it is built beside whatever serves, and takes over when it has caught up.
 */
const FIRST_PAGE_EVENTS = 500;
/** What is still missing when a build takes over; the live loop applies it in its next page. */
const CAUGHT_UP_EVENTS = 500;
/** Processes of the version before may still read its tables: a deployment that is rolled out takes less than this. */
const OLD_VERSION_HOURS = 24;

/** The tables of read models, and how a new build takes the place of the one that serves. */
export class ProjectionBuilds {
  constructor(
    private readonly db: Database,
    private readonly store: EventStore,
  ) {}

  /**
   * Makes the tables that are missing, and hands the effects of reactors over to their new versions.
   * @returns the projections that have to be built before they can serve
   */
  async prepare(works: readonly (Projection | Reactor)[]): Promise<Projection[]> {
    const projections = works.filter((work): work is Projection => !isReactor(work));
    const reactors = works.filter(isReactor);
    const existing = await this.existing(projections);
    const missing = projections.filter((work) => !existing.has(schemaFor(work, 'live')));
    await this.limit(projections);
    if (reactors.length > 0) await this.succeed(reactors);
    await this.dropOldVersions(projections.filter((work) => !missing.includes(work)));
    if (missing.length === 0) return [];
    const [heads, older] = [await this.store.heads(), await this.olderVersions(missing)];
    const isLong = [...heads.values()].some((head) => head > FIRST_PAGE_EVENTS);
    // Whoever has read the old version must not find the new one empty, however short the log.
    const toBuild = missing.filter(({ name }) => isLong || older.some((row) => row.projection === name));
    for (const work of missing) {
      await this.createSchema(work, schemaFor(work, toBuild.includes(work) ? 'next' : 'live'), false);
    }
    return toBuild;
  }

  /** Tables of a version without limits, or with others, get those of this one without being built anew. */
  private async limit(projections: readonly Projection[]): Promise<void> {
    const { readerRole } = this.db;
    if (readerRole === undefined || projections.length === 0) return;
    for (const work of await unlimited(this.db, projections, readerRole)) {
      await this.db.transaction(async (tx) => {
        await lockRows(tx);
        // Many processes may start at once.
        if ((await unlimited(tx, [work], readerRole)).length > 0) await limitRows(tx, work, schemaOf(work), readerRole);
      });
    }
  }

  /** Whether a projection has tables that serve. */
  async isServing(work: Projection): Promise<boolean> {
    return (await this.existing([work])).has(schemaOf(work));
  }

  /** Throws away what an earlier build has left, and makes empty tables beside those that serve. */
  async begin(work: Projection): Promise<void> {
    // Whoever builds it now finds its checkpoint gone, and holds the tables up no longer.
    await this.db.transaction((tx) => forgetBuild(tx, work));
    await this.createSchema(work, schemaFor(work, 'next'), true);
  }

  /**
   * Puts a build in the place of the one that serves, with its own checkpoints, in one transaction, when it has come at
   * least as far: no reader sees half of it, or less than they have seen.
   * @param heads the build must have caught up with these, too; by number of the chain
   * @returns how many events it was built from; undefined when it has not taken over
   */
  async takeOver(work: Projection, heads: ReadonlyMap<number, number>): Promise<number | undefined> {
    const live = schemaFor(work, 'live');
    const next = schemaFor(work, 'next');
    // Without a lock first: it would hold up the pages of whoever is still building.
    if (isBehind(await rowsOf(this.db, work, 'next'), heads)) return undefined;
    const events = await this.db.transaction(async (tx) => {
      // Running loops hold these rows while they write, and find another epoch after us.
      await tx.query('select 1 from projection_checkpoint where projection = $1 and version = $2 for update', [
        work.name,
        work.version,
      ]);
      const built = await rowsOf(tx, work, 'next');
      const serving = new Map((await rowsOf(tx, work, 'live')).map((row) => [row.chain, Number(row.position)]));
      if (isBehind(built, serving, 0) || isBehind(built, heads)) return undefined;
      if (!(await schemaExists(tx, next))) return undefined;
      await tx.query(`drop schema if exists "${live}" cascade`);
      await tx.query(`alter schema "${next}" rename to "${live}"`);
      await replaceRows(tx, work);
      return built.reduce((sum, { applied }) => sum + Number(applied), 0);
    });
    if (events !== undefined) await this.dropOldVersions([work]);
    return events;
  }

  /**
   * A reactor's new version goes on where the last one stopped: what came before has had its effects. The row of the
   * old version is fenced in the same transaction, so that a process that still runs it reacts to nothing above.
   */
  private async succeed(reactors: readonly Reactor[]): Promise<void> {
    const names = reactors.map(({ name }) => name);
    const { rows } = await this.db.query<{ projection: string }>(
      `select distinct p.projection from projection_checkpoint p
       join unnest($1::text[], $2::int[]) as r(name, version) on p.projection = r.name and p.version < r.version
       where p.superseded_by is null`,
      [names, reactors.map(({ version }) => version)],
    );
    for (const { projection } of rows) {
      const { version } = reactors.find(({ name }) => name === projection) as Reactor;
      await this.db.transaction(async (tx) => {
        await tx.query(
          `select 1 from projection_checkpoint where projection = $1 and version < $2 order by version, chain for update`,
          [projection, version],
        );
        await tx.query(
          `insert into projection_checkpoint (projection, version, build, chain, position)
           select projection, $2, 'live', chain, max(position) from projection_checkpoint
           where projection = $1 and version < $2 group by projection, chain
           on conflict do nothing`,
          [projection, version],
        );
        // What the old version has set aside has had no effect yet: it is the new one's to retry.
        await tx.query(
          `update projection_parked set version = $2, retry_at = clock_timestamp() where projection = $1 and version < $2`,
          [projection, version],
        );
        await tx.query(
          `update projection_checkpoint
           set superseded_by = $2, epoch = epoch + 1, owner = null, lease_until = '-infinity'
           where projection = $1 and version < $2 and superseded_by is null`,
          [projection, version],
        );
      });
    }
  }

  /** Once nobody reads them any more; in the embedded database there is no other process that could. */
  private async dropOldVersions(serving: readonly Projection[]): Promise<void> {
    for (const { projection, version, unused } of await this.olderVersions(serving)) {
      if (!unused) continue;
      await this.db.transaction(async (tx) => {
        for (const build of ['live', 'next'] as const) {
          await tx.query(`drop schema if exists "${schemaFor({ name: projection, version }, build)}" cascade`);
        }
        for (const table of ['projection_checkpoint', 'projection_parked']) {
          await tx.query(`delete from ${table} where projection = $1 and version = $2`, [projection, version]);
        }
      });
    }
  }

  private async olderVersions(
    works: readonly Projection[],
  ): Promise<{ projection: string; version: number; unused: boolean }[]> {
    const hours = this.db.kind === 'pglite' ? 0 : OLD_VERSION_HOURS;
    const { rows } = await this.db.query<{ projection: string; version: number; unused: boolean }>(
      `select p.projection, p.version, max(p.moved_at) <= clock_timestamp() - $3 * interval '1 hour' as unused
       from projection_checkpoint p
       join unnest($1::text[], $2::int[]) as w(name, version) on p.projection = w.name and p.version < w.version
       group by p.projection, p.version`,
      [works.map(({ name }) => name), works.map(({ version }) => version), hours],
    );
    return rows;
  }

  private async createSchema(work: Projection, schema: string, anew: boolean): Promise<void> {
    await this.db.transaction(async (tx) => {
      // Many processes may start at once.
      await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`projection ${schema}`]);
      if (anew) {
        // Again: who has begun anew meanwhile has written into the tables that go now.
        await forgetBuild(tx, work);
        await tx.query(`drop schema if exists "${schema}" cascade`);
      }
      if (await schemaExists(tx, schema)) return;
      await tx.query(`create schema "${schema}"`);
      await tx.query(`set local search_path to "${schema}", public`);
      await tx.query(work.ddl);
      if (this.db.readerRole !== undefined) await limitRows(tx, work, schema, this.db.readerRole);
    });
  }

  private async existing(works: readonly Projection[]): Promise<Set<string>> {
    if (works.length === 0) return new Set();
    const { rows } = await this.db.query<{ nspname: string }>(
      'select nspname from pg_namespace where nspname = any($1::text[])',
      [works.map(schemaOf)],
    );
    return new Set(rows.map(({ nspname }) => nspname));
  }
}

interface CheckpointRow {
  readonly chain: number;
  readonly position: string;
  readonly applied: string;
}

async function rowsOf(db: Queryable, { name, version }: Projection, build: Build): Promise<CheckpointRow[]> {
  const { rows } = await db.query<CheckpointRow>(
    'select chain, position, applied from projection_checkpoint where projection = $1 and version = $2 and build = $3',
    [name, version, build],
  );
  return rows;
}

function isBehind(
  built: readonly CheckpointRow[],
  heads: ReadonlyMap<number, number>,
  most = CAUGHT_UP_EVENTS,
): boolean {
  const positions = new Map(built.map((row) => [row.chain, Number(row.position)]));
  return [...heads].some(([no, head]) => (positions.get(no) ?? 0) < head - most);
}

async function schemaExists(tx: Queryable, schema: string): Promise<boolean> {
  const { rows } = await tx.query('select 1 from pg_namespace where nspname = $1', [schema]);
  return rows.length > 0;
}

async function forgetBuild(tx: Queryable, { name, version }: Projection): Promise<void> {
  for (const table of ['projection_checkpoint', 'projection_parked']) {
    await tx.query(`delete from ${table} where projection = $1 and version = $2 and build = 'next'`, [name, version]);
  }
}

/** Whoever holds the lease finds another epoch. */
const GIVEN_UP = `epoch = l.epoch + 1, owner = null, lease_until = '-infinity',
         last_error = null, last_error_at = null, moved_at = clock_timestamp()`;

/** The checkpoints and parked events of the build become those of the projection that serves. */
async function replaceRows(tx: Queryable, { name, version }: Projection): Promise<void> {
  const values = [name, version];
  // A row that the live loop makes at this moment, for a chain that is new to it, must not stay as it is: what it says
  // is still to be applied stands in the build.
  await tx.query(
    `insert into projection_checkpoint as l (projection, version, build, chain, position, applied)
     select projection, version, 'live', chain, position, applied from projection_checkpoint
     where projection = $1 and version = $2 and build = 'next'
     on conflict (projection, version, build, chain) do update
       set position = excluded.position, applied = excluded.applied, ${GIVEN_UP}`,
    values,
  );
  await tx.query(
    `update projection_checkpoint l set position = 0, applied = 0, ${GIVEN_UP}
     where l.projection = $1 and l.version = $2 and l.build = 'live' and not exists (
       select 1 from projection_checkpoint n
       where n.projection = l.projection and n.version = l.version and n.chain = l.chain and n.build = 'next'
     )`,
    values,
  );
  await tx.query(`delete from projection_checkpoint where projection = $1 and version = $2 and build = 'next'`, values);
  await tx.query(`delete from projection_parked where projection = $1 and version = $2 and build = 'live'`, values);
  await tx.query(
    `update projection_parked set build = 'live' where projection = $1 and version = $2 and build = 'next'`,
    values,
  );
}
