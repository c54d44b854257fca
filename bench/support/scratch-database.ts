import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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
      // Roles are the server's: each database has made two of its own, which would stay.
      await asOwner(server, (owner) => owner.query(`drop role if exists ${name}_application, ${name}_reader`));
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

/**
 * The processor time that the server's sessions have used so far, in seconds, where its processes can be seen: on Linux,
 * on the same machine; else NaN. Of sessions that have ended, nothing is known.
 */
export async function serverCpuSeconds({ client }: ScratchDatabase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pid from pg_stat_activity where pid is not null');
  const ticks = await Promise.all(
    rows.map(async ({ pid }) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      // The name in parentheses may hold anything; what is counted stands behind it.
      const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields ? Number(fields[USER_TICKS]) + Number(fields[USER_TICKS + 1]) : NaN;
    }),
  );
  const known = ticks.filter((each) => !Number.isNaN(each));
  return known.length === 0 ? NaN : known.reduce((sum, each) => sum + each, 0) / TICKS_A_SECOND;
}

/** Place of utime in /proc/PID/stat behind the name; stime follows. */
const USER_TICKS = 11;
const TICKS_A_SECOND = 100;

async function asOwner(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
