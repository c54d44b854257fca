import { migrate } from '#libs/database/src/migrations.js';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { join } from 'node:path';
import type { Id } from '#libs/kernel/src/ids.js';

export const migrateProjections = (db: Database): Promise<string[]> =>
  migrate(db, { name: 'projections', folder: join(import.meta.dirname, 'migrations') });

/** Takes all leases away. Only for a database that no other process can have open. */
export async function clearLeases(db: Database): Promise<void> {
  await db.query(`update projection_checkpoint set owner = null, lease_until = '-infinity' where owner is not null`);
}

export type Build = 'live' | 'next';

/** A projection, version and build, whose checkpoints are meant. */
export interface Subject {
  readonly name: string;
  readonly version: number;
  readonly build: Build;
  /** The first build of this version: over as soon as there is a live one. */
  readonly first?: boolean;
  /** Has effects: over as soon as a newer version has been anywhere, also in chains that begin later. */
  readonly effects?: boolean;
}

/** Permission to move one checkpoint, until it runs out or another owner takes it. */
export interface Lease {
  readonly subject: Subject;
  readonly chainNo: number;
  readonly epoch: number;
  /** Position up to which everything is applied. */
  position: number;
  /** Position of the chain's newest event, as far as it is known. */
  head: number;
  /** When it was taken or last renewed (performance.now()). */
  renewedAt: number;
  /** Whether events were set aside: then later ones of their keys queue behind them. */
  hasParked: boolean;
}

/** Another process has moved the checkpoint or taken the lease: what was about to be written is rolled back. */
export class LeaseLost extends Error {
  constructor(subject: Subject) {
    super(`${subject.name} v${subject.version} is owned by another process now`);
    this.name = 'LeaseLost';
  }
}

/**
 * Longer than a page takes under load; a dead owner is replaced after it, sooner than a reader who waits for their own
 * writes gives up.
 */
export const LEASE_MS = 6_000;
/** What was applied this long ago counts for a third in the rate. */
const RATE_SECONDS = 10;

const KEY = 'projection = $1 and version = $2 and build = $3';
const key = ({ name, version, build }: Subject) => [name, version, build] as const;

interface LeaseRow {
  n: string;
  no: number;
  epoch: number;
  position: string;
  head: string;
  has_parked: boolean;
}

/** How far each projection has come in each chain, and who may move it. */
export class Checkpoints {
  constructor(
    private readonly db: Database,
    /** This process. */
    private readonly owner: Id,
  ) {}

  /**
   * Takes the lease on every chain in which one of the subjects is behind its head and has no other living owner; one
   * query for all of them.
   * @param heads position of the newest event of each chain, by its number
   */
  async lease(subjects: readonly Subject[], heads: ReadonlyMap<number, number>): Promise<Lease[]> {
    const { rows } = await this.db.query<LeaseRow>({
      name: 'lease_projections',
      text: `with subject as (
         select * from unnest($1::text[], $2::int[], $3::text[], $8::boolean[], $9::boolean[])
           with ordinality as s(name, version, build, first, effects, n)
         where (not s.first or not exists (
           select 1 from projection_checkpoint l
           where l.projection = s.name and l.version = s.version and l.build = 'live'
         )) and (not s.effects or not exists (
           select 1 from projection_checkpoint l where l.projection = s.name and l.version > s.version
         ))
       ), behind as (
         select s.name, s.version, s.build, s.n, c.no, c.head
         from subject s
         cross join unnest($6::int[], $7::bigint[]) as c(no, head)
         left join projection_checkpoint p
           on p.chain = c.no and p.projection = s.name and p.version = s.version and p.build = s.build
         where c.head > coalesce(p.position, 0) and p.superseded_by is null
           and (p.owner is null or p.owner = $4 or p.lease_until < clock_timestamp())
       ), taken as (
         insert into projection_checkpoint as p (projection, version, build, chain, owner, lease_until, epoch)
         select name, version, build, no, $4, clock_timestamp() + $5 * interval '1 millisecond', 1 from behind
         on conflict (projection, version, build, chain) do update
           set owner = excluded.owner,
               lease_until = excluded.lease_until,
               epoch = p.epoch + (p.owner is distinct from excluded.owner)::int
           where p.superseded_by is null
             and (p.owner is null or p.owner = excluded.owner or p.lease_until < clock_timestamp())
         returning projection, version, build, chain, epoch, position
       )
       select b.n, b.no, t.epoch, t.position, b.head, exists (
                select 1 from projection_parked k
                where k.projection = b.name and k.version = b.version and k.build = b.build and k.chain = b.no
              ) as has_parked
       from taken t
       join behind b on b.no = t.chain and b.name = t.projection and b.version = t.version and b.build = t.build
       order by b.n, b.no`,
      values: [
        subjects.map(({ name }) => name),
        subjects.map(({ version }) => version),
        subjects.map(({ build }) => build),
        this.owner,
        LEASE_MS,
        [...heads.keys()],
        [...heads.values()],
        subjects.map(({ first = false }) => first),
        subjects.map(({ effects = false }) => effects),
      ],
    });
    return rows.map((row) => ({
      subject: subjects[Number(row.n) - 1] as Subject,
      chainNo: row.no,
      epoch: row.epoch,
      position: Number(row.position),
      head: Number(row.head),
      renewedAt: performance.now(),
      hasParked: row.has_parked,
    }));
  }

  /**
   * Moves a checkpoint in the transaction of the rows.
   * @param schema becomes the transaction's search path, in the same round trip
   * @throws LeaseLost, which rolls the rows back.
   */
  async advance(tx: Queryable, lease: Lease, to: number, applied: number, schema?: string): Promise<void> {
    const { rowCount } = await tx.query({
      name: schema === undefined ? 'advance_checkpoint' : 'advance_checkpoint_in_schema',
      text: `update projection_checkpoint
       set position = $7, applied = applied + $8, moved_at = clock_timestamp(),
           rate = rate * exp(greatest(-100, -extract(epoch from clock_timestamp() - moved_at) / ${RATE_SECONDS})) + $8::float / ${RATE_SECONDS},
           lease_until = clock_timestamp() + $9 * interval '1 millisecond'
       where ${KEY} and chain = $4 and epoch = $5 and position = $6
       ${schema === undefined ? '' : `returning set_config('search_path', '"' || $10::text || '", public', true)`}`,
      values: [
        ...key(lease.subject),
        lease.chainNo,
        lease.epoch,
        lease.position,
        to,
        applied,
        LEASE_MS,
        ...(schema === undefined ? [] : [schema]),
      ],
    });
    if (rowCount !== 1) throw new LeaseLost(lease.subject);
    lease.renewedAt = performance.now();
  }

  /** Gives all leases of this process back, so that others need not wait for them to run out. */
  async release(): Promise<void> {
    await this.db.query(`update projection_checkpoint set owner = null, lease_until = '-infinity' where owner = $1`, [
      this.owner,
    ]);
  }

  async recordError(lease: Lease, error: unknown): Promise<void> {
    await this.db.query(
      `update projection_checkpoint set last_error = $5, last_error_at = clock_timestamp() where ${KEY} and chain = $4`,
      [...key(lease.subject), lease.chainNo, String(error instanceof Error ? error.message : error).slice(0, 1000)],
    );
  }
}

/** Events per second of late, from the columns that `advance` keeps. */
export const RATE = `rate * exp(greatest(-100, -extract(epoch from clock_timestamp() - moved_at) / ${RATE_SECONDS}))`;
