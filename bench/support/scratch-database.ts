import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of its own on the server of DATABASE_URL, so that nothing that stands there is touched. */
export interface ScratchDatabase {
  readonly url: string;
  /** One session as its owner. */
  readonly client: pg.Client;
  drop(): Promise<void>;
}

/**
 * @throws Error when there is no server, or when it would not flush commits to the disk
 */
export async function scratchDatabase(): Promise<ScratchDatabase> {
  const server = process.env['DATABASE_URL'];
  if (!server) throw new Error('Set DATABASE_URL, or run this by `npm run bench`, which starts a server.');
  const name = `pistor_bench_${randomBytes(6).toString('hex')}`;
  await asOwner(server, (client) => client.query(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return {
    url: url.href,
    client,
    drop: async () => {
      await client.end();
      await asOwner(server, (owner) => owner.query(`drop database ${name} with (force)`));
      // Roles are the server's: each database has made one of its own, which would stay.
      await asOwner(server, (owner) => owner.query(`drop role if exists ${name}_application`));
    },
  };
}

/** What the server promises about commits; figures without a flush would not be comparable with anything. */
export async function serverSettings({ client }: ScratchDatabase): Promise<string> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
     where name in ('server_version', 'fsync', 'synchronous_commit', 'wal_sync_method', 'full_page_writes') order by name`,
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    if (settings.get(name) !== 'on') throw new Error(`The server has ${name} = ${settings.get(name)}; set it to on.`);
  }
  return `PostgreSQL ${settings.get('server_version')}, fsync on, synchronous_commit on, ${settings.get('wal_sync_method')}`;
}

async function asOwner(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
