import type { Pool, PoolClient, QueryResult } from 'pg';
import type { Database, Queryable } from './database.js';
import { isDatabaseLost, toDatabaseError } from './database.errors.js';

/** Longer than any healthy answer to a trivial statement, shorter than the patience of a health probe. */
const PING_MS_MAX = 3_000;

export type Statement = Parameters<Queryable['query']>[0];
export type Rows<R> = { rows: R[]; rowCount: number | null };

/** What both kinds of database have in common: everything that a pg.Pool (or something shaped like one) can do. */
export abstract class PooledDatabase implements Database {
  abstract readonly kind: 'postgres' | 'pglite';
  abstract readonly applicationRole: string | undefined;
  abstract readonly readerRole: string | undefined;
  abstract readonly pool: Pool;
  abstract listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  abstract close(): Promise<void>;

  async query<R extends object = any>(text: Statement, values?: readonly unknown[]): Promise<Rows<R>> {
    try {
      return lastResult(await this.pool.query<R>(text as string, values as unknown[]));
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const client = await this.checkOut();
    const tx = new Transaction(client);
    try {
      await tx.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
      const result = await work(tx);
      await tx.commit();
      return result;
    } catch (error) {
      // What `work` itself threw (a refused connection of its own, a missing file) is not the database's: unchanged.
      await tx.rollBack();
      throw error;
    } finally {
      this.checkIn(client, tx.lost);
    }
  }

  async ping(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), PING_MS_MAX);
    });
    const answer = this.query('SELECT 1').then(
      () => true,
      () => false,
    );
    try {
      return await Promise.race([answer, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  protected async checkOut(): Promise<PoolClient> {
    try {
      const client = await this.pool.connect();
      // A checked-out client that loses its server emits 'error' beside rejecting; unheard, that would end the process.
      client.on('error', ignore);
      return client;
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  /** @param lost why the connection must not be used again. */
  protected checkIn(client: PoolClient, lost: Error | undefined): void {
    client.removeListener('error', ignore);
    client.release(lost);
  }
}

/** A transaction as its work sees it. It is dead once the work is over, so that a forgotten await cannot leak out. */
class Transaction implements Queryable {
  /** Why the connection is no good any more and must not go back to the pool. */
  lost: Error | undefined;
  private over = false;

  constructor(private readonly client: PoolClient) {}

  async query<R extends object = any>(text: Statement, values?: readonly unknown[]): Promise<Rows<R>> {
    if (this.over) throw new Error('The transaction is over: a statement came after its work had ended');
    return lastResult(await this.run<R>(text, values));
  }

  async commit(): Promise<void> {
    this.over = true;
    // A failed statement whose error was swallowed turns COMMIT into ROLLBACK without an error: never say "done" then.
    const { command } = await this.run('COMMIT');
    if (command !== 'COMMIT') throw new Error('The transaction had failed and was rolled back instead of committed');
  }

  async rollBack(): Promise<void> {
    this.over = true;
    // A connection that does not answer would not answer this either.
    if (!this.lost) await this.run('ROLLBACK').catch((error: Error) => (this.lost = error));
  }

  private async run<R extends object>(text: Statement, values?: readonly unknown[]): Promise<QueryResult<R>> {
    try {
      return await this.client.query<R>(text as string, values as unknown[]);
    } catch (error) {
      if (isDatabaseLost(error)) this.lost = error as Error;
      throw toDatabaseError(error);
    }
  }
}

/** Several statements in one text give an array of results; the port promises one. */
export function lastResult<R>(result: Rows<R> | Rows<R>[]): Rows<R> {
  return Array.isArray(result) ? (result.at(-1) ?? { rows: [], rowCount: null }) : result;
}

function ignore(): void {}
