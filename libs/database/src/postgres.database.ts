import pg from 'pg';
import { takeApplicationRole } from './application.role.js';
import type { ApplicationRole } from './application.role.js';
import { isDatabaseLost, toDatabaseError } from './database.errors.js';
import { lastResult, PooledDatabase } from './pooled.database.js';
import type { Rows, Statement } from './pooled.database.js';
import { PostgresListener } from './postgres.listener.js';
import { valueTypes } from './value.types.js';

/** A statement beyond this is a defect, not work: everything here goes in pages. Migrations lift it for themselves. */
const STATEMENT_MS_MAX = 60_000;
/** The server's own limit comes first; this one is for a server that is silent because it is gone. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 5_000;
const CONNECT_MS_MAX = 5_000;
/** A transaction holds locks that others wait for; nobody needs to think that long inside one. */
const IDLE_IN_TRANSACTION_MS_MAX = 15_000;
const KEEP_ALIVE_MS = 10_000;

export interface PostgresOptions {
  /** Most connections at a time (default 10); one more is opened by the first `listen`. */
  readonly poolMax?: number;
  /** Schema of our own tables (default `public`), made when missing. BullMQ's is always `bullmq`. */
  readonly schema?: string;
  /**
   * `application` (default): statements run as the application's role, which is made when missing, so that not even a
   * defect can change an event. `login`: with all rights of the login.
   */
  readonly as?: 'application' | 'login';
}

/**
 * Opens a bounded pool on a PostgreSQL server and checks that it answers.
 *
 * @throws Unavailable `database.unavailable` when it does not.
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<PostgresDatabase> {
  try {
    const role = await prepare(url, options);
    const database = new PostgresDatabase(url, options, role);
    try {
      await database.query('SELECT 1');
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/** What only the login itself may do, on a connection of its own. */
async function prepare(url: string, { schema = 'public', as }: PostgresOptions): Promise<ApplicationRole> {
  const client = new pg.Client(connectionOf(url, schema));
  client.on('error', () => {});
  try {
    await client.connect();
    if (as !== 'login') return await takeApplicationRole(client, { schema });
    if (schema !== 'public') await createSchema(client, schema);
    return { warning: undefined };
  } finally {
    await client.end().catch(() => {});
  }
}

export class PostgresDatabase extends PooledDatabase {
  readonly kind = 'postgres';
  readonly pool: pg.Pool;
  readonly applicationRole: string | undefined;
  readonly readerRole: string | undefined;
  /** Why history is not protected by grants here, or reads are not limited, and how to mend it; undefined where there is nothing to mend. */
  readonly warning: string | undefined;
  private readonly listener: PostgresListener;
  private closing: Promise<void> | undefined;

  constructor(url: string, { poolMax = 10, schema = 'public' }: PostgresOptions, role: ApplicationRole) {
    super();
    this.applicationRole = role.name;
    this.readerRole = role.name === undefined ? undefined : role.reader;
    this.warning = role.warning;
    const connection = connectionOf(url, schema, role.name);
    this.pool = new pg.Pool({ ...connection, max: poolMax, idleTimeoutMillis: 30_000 });
    // The pool has already thrown the broken idle client away; without a listener the event would end the process.
    this.pool.on('error', () => {});
    // A server that shuts down just after it let a client in: the pool listens no more, whoever waits for it not yet.
    this.pool.on('connect', (client) => client.on('error', () => {}));
    this.listener = new PostgresListener(() => new pg.Client(connection));
  }

  /** The pool's own `query` throws the connection away after every error, be it a mere unique violation. */
  override async query<R extends object = any>(text: Statement, values?: readonly unknown[]): Promise<Rows<R>> {
    const client = await this.checkOut();
    let lost: Error | undefined;
    try {
      return lastResult(await client.query<R>(text as string, values as unknown[]));
    } catch (error) {
      if (isDatabaseLost(error)) lost = error as Error;
      throw toDatabaseError(error);
    } finally {
      this.checkIn(client, lost);
    }
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    try {
      return await this.listener.listen(channel, onNotify);
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  close(): Promise<void> {
    this.closing ??= Promise.all([this.listener.close(), this.pool.end()]).then(() => {});
    return this.closing;
  }
}

function connectionOf(url: string, schema: string, role?: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'pistor',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
    options: sessionOptions(schema, role),
    types: valueTypes,
  };
}

/**
 * Our schema comes first, so that it receives what we create; BullMQ's second, since its statements name their tables
 * without a schema. The role is an option of the session, so that RESET ROLE comes back to it.
 */
function sessionOptions(schema: string, role: string | undefined): string {
  const settings = {
    search_path: `${pg.escapeIdentifier(schema)},bullmq`,
    synchronous_commit: 'on',
    default_transaction_isolation: 'read committed',
    ...(role !== undefined && { role }),
  };
  // Backslashes stand before what the server would split at.
  const escaped = (value: string) => value.replace(/[\\ ]/g, (found) => `\\${found}`);
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${escaped(value)}`)
    .join(' ');
}

async function createSchema(client: pg.Client, schema: string): Promise<void> {
  try {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)}`);
  } catch (error) {
    // Two processes at once: IF NOT EXISTS looks before it creates, the slower one finds the name taken.
    if ((error as { code?: string }).code !== '23505') throw error;
  }
}
