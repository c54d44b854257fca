import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Lease, Subject } from './checkpoints.js';

/** A row key that is set aside in one chain, as an operator sees it. */
export interface ParkedKey {
  readonly projection: string;
  readonly version: number;
  readonly kind: 'projection' | 'reactor';
  /** Usually a stream's name. */
  readonly key: string;
  /** Events that are set aside: the one that failed and those that queue behind it. */
  readonly events: number;
  readonly firstPosition: number;
  readonly error: string;
  readonly parkedAt: string;
  readonly attempts: number;
}

/** Which key of which projection is to be tried again. */
export interface DueKey {
  readonly projection: string;
  readonly chainNo: number;
  readonly key: string;
}

/** The first pause before a key is tried again by itself; it doubles with every attempt. */
const RETRY_SECONDS = 30;
const RETRY_SECONDS_MAX = 60 * 60;
/** A projection and a reason; what is longer is a stack or a document. */
const ERROR_CHARACTERS_MAX = 2_000;

const KEY = 'projection = $1 and version = $2 and build = $3 and chain = $4';
const key = ({ name, version, build }: Subject, chainNo: number) => [name, version, build, chainNo] as const;

/**
 * Events that were set aside: one that could not be applied, and behind it the later ones of its key. Whoever writes
 * here holds the row of the checkpoint, so that a page and a retry never meet.
 */
export class ParkedEvents {
  constructor(private readonly db: Database) {}

  /** @param error null for an event that only waits behind one that failed. */
  async park(
    tx: Queryable,
    lease: Lease,
    events: readonly { readonly position: number; readonly key: string }[],
    error: string | null,
  ): Promise<void> {
    await tx.query(
      `insert into projection_parked (projection, version, build, chain, position, key, error, retry_at)
       select $1, $2, $3, $4, p.position, p.key, $7, clock_timestamp() + ${RETRY_SECONDS} * interval '1 second'
       from unnest($5::bigint[], $6::text[]) as p(position, key) on conflict do nothing`,
      [
        ...key(lease.subject, lease.chainNo),
        events.map(({ position }) => position),
        events.map((event) => event.key),
        error?.slice(0, ERROR_CHARACTERS_MAX) ?? null,
      ],
    );
  }

  async keys(db: Queryable, lease: Lease): Promise<Set<string>> {
    const { rows } = await db.query<{ key: string }>(`select distinct key from projection_parked where ${KEY}`, [
      ...key(lease.subject, lease.chainNo),
    ]);
    return new Set(rows.map((row) => row.key));
  }

  /** Positions of the first events of a key, in their order. */
  async positions(db: Queryable, subject: Subject, chainNo: number, of: string, limit: number): Promise<number[]> {
    const { rows } = await db.query<{ position: string }>(
      `select position from projection_parked where ${KEY} and key = $5 order by position limit $6`,
      [...key(subject, chainNo), of, limit],
    );
    return rows.map(({ position }) => Number(position));
  }

  /**
   * The last events up to a position that are set aside, a hundred at most, each with the error of the first of its key.
   * @param most how many positions are looked at
   */
  async before(
    subject: Subject,
    chainNo: number,
    position: number,
    most: number,
  ): Promise<{ position: number; key: string; error: string }[]> {
    const { rows } = await this.db.query<{ position: string; key: string; error: string | null }>(
      `select p.position, p.key, (
         select k.error from projection_parked k
         where k.projection = $1 and k.version = $2 and k.build = $3 and k.chain = $4 and k.key = p.key
           and k.error is not null order by k.position limit 1
       ) as error
       from projection_parked p
       where projection = $1 and version = $2 and build = $3 and chain = $4
         and position between $5::bigint - $6::integer and $5 order by position desc limit 100`,
      [...key(subject, chainNo), position, most],
    );
    return rows.map((row) => ({ position: Number(row.position), key: row.key, error: row.error ?? '' }));
  }

  async remove(tx: Queryable, subject: Subject, chainNo: number, positions: readonly number[]): Promise<void> {
    await tx.query(`delete from projection_parked where ${KEY} and position = any($5::bigint[])`, [
      ...key(subject, chainNo),
      positions,
    ]);
  }

  /** Notes that the first event of a key has failed once more. */
  async failedAgain(subject: Subject, chainNo: number, position: number, error: string): Promise<void> {
    await this.db.query(
      `update projection_parked
       set error = $6, attempts = attempts + 1,
           retry_at = clock_timestamp()
             + least(${RETRY_SECONDS_MAX}, ${RETRY_SECONDS} * 2 ^ least(attempts, 20)) * interval '1 second'
       where ${KEY} and position = $5`,
      [...key(subject, chainNo), position, error.slice(0, ERROR_CHARACTERS_MAX)],
    );
  }

  /** How many events of a key are set aside. */
  async count(subject: Subject, chainNo: number, of: string): Promise<number> {
    const { rows } = await this.db.query<{ n: number }>(
      `select count(*)::integer as n from projection_parked where ${KEY} and key = $5`,
      [...key(subject, chainNo), of],
    );
    return rows[0]?.n ?? 0;
  }

  /** The keys of live projections whose time to be tried again has come; each is given to one caller. */
  async takeDue(subjects: readonly Subject[]): Promise<DueKey[]> {
    const { rows } = await this.db.query<{ projection: string; chain: number; key: string }>(
      `update projection_parked k
       set retry_at = clock_timestamp() + ${RETRY_SECONDS_MAX} * interval '1 second'
       from unnest($1::text[], $2::int[]) as s(name, version)
       where k.projection = s.name and k.version = s.version and k.build = 'live'
         and k.retry_at <= clock_timestamp()
         -- The first of its key, whether or not it has failed itself: a retry that was cut short leaves one that has not.
         and not exists (
           select 1 from projection_parked b
           where b.projection = k.projection and b.version = k.version and b.build = k.build and b.chain = k.chain
             and b.key = k.key and b.position < k.position
         )
       returning k.projection, k.chain, k.key`,
      [subjects.map(({ name }) => name), subjects.map(({ version }) => version)],
    );
    return rows.map((row) => ({ projection: row.projection, chainNo: row.chain, key: row.key }));
  }

  /** The database was away, say: that is no reason to let a key wait for an hour. */
  async soonAgain({ projection, chainNo, key: of }: DueKey): Promise<void> {
    await this.db.query(
      `update projection_parked set retry_at = clock_timestamp() + ${RETRY_SECONDS} * interval '1 second'
       where projection = $1 and chain = $2 and key = $3 and build = 'live'`,
      [projection, chainNo, of],
    );
  }

  /** What is set aside in a chain, by key. */
  async list(subjects: readonly Subject[], chain: Chain): Promise<Omit<ParkedKey, 'kind'>[]> {
    const { rows } = await this.db.query<{
      projection: string;
      version: number;
      key: string;
      events: number;
      first_position: string;
      error: string | null;
      parked_at: Date;
      attempts: number;
    }>(
      `select k.projection, k.version, k.key, count(*)::integer as events, min(k.position) as first_position,
              (array_agg(k.error order by k.position) filter (where k.error is not null))[1] as error,
              min(k.parked_at) as parked_at, max(k.attempts) as attempts
       from projection_parked k
       join unnest($1::text[], $2::int[]) as s(name, version) on k.projection = s.name and k.version = s.version
       where k.build = 'live' and k.chain = $3
       group by k.projection, k.version, k.key
       order by k.projection, min(k.position)`,
      [subjects.map(({ name }) => name), subjects.map(({ version }) => version), chain.no],
    );
    return rows.map((row) => ({
      projection: row.projection,
      version: row.version,
      key: row.key,
      events: row.events,
      firstPosition: Number(row.first_position),
      error: row.error ?? '',
      parkedAt: row.parked_at.toISOString(),
      attempts: row.attempts,
    }));
  }
}
