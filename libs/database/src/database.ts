import type { Pool } from 'pg';

/** Anything that takes one statement: the database itself, or a transaction of it. */
export interface Queryable {
  /**
   * Runs one statement (several, separated by `;`, only without values). Values are bound, never pasted. A `date` comes
   * back as the text `YYYY-MM-DD`, `bigint` and `numeric` as text, `timestamptz` as Date, `json` parsed.
   *
   * @throws Unavailable `database.unavailable` when the database is gone, full or shutting down; the statement may or
   *   may not have been carried out. Every other error of the database passes through unchanged (`error.code` is its
   *   SQLSTATE).
   */
  query<R extends object = any>(
    text: string | { name?: string; text: string; values?: unknown[]; rowMode?: 'array' },
    values?: readonly unknown[],
  ): Promise<{ rows: R[]; rowCount: number | null }>;
}

/** The one way to a relational database, be it a PostgreSQL server or PGlite in a folder. */
export interface Database extends Queryable {
  readonly kind: 'postgres' | 'pglite';
  /**
   * The role that every statement runs as. It may not do what would change history; migrations step out of it. Undefined
   * where the login itself is used.
   */
  readonly applicationRole: string | undefined;
  /**
   * The role that the application takes for reads that are limited to sites and patients (`ReaderDatabase`). It may read
   * what it was granted, and nothing else. Undefined where it could not be made.
   */
  readonly readerRole: string | undefined;
  /** pg.Pool-shaped, for libraries that bring their own SQL (BullMQ). Its errors are the driver's, not mapped. */
  readonly pool: Pool;
  /**
   * Runs `work` in a READ COMMITTED transaction with synchronous_commit on; commits when it resolves, rolls back when
   * it throws. Inside, use `tx` only: on PGlite there is one session, so a plain query that `work` awaits waits for the
   * end of this very transaction (which is rolled back after 15 s of that, with an error that says so).
   *
   * @throws Unavailable as `query`; after it, a commit may or may not have taken place.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /**
   * Calls `onNotify` for every NOTIFY on the channel until the returned function is called. A hint, not a promise:
   * what is notified while the connection is being made again is lost.
   */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /** true when a trivial statement succeeds now */
  ping(): Promise<boolean>;
  /** Waits for what is under way, then lets go of everything. May be called again. */
  close(): Promise<void>;
}
