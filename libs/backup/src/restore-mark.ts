import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import pg from 'pg';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { acquireFolderLock } from '#libs/database/src/folder-lock.js';
import { RestoreUnderWay, RestoreUnfinished, TargetNotEmpty } from './backup.errors.js';

/*
 * A place that is being restored into carries a mark from before the first byte to after the last. Whoever opens it
 * meanwhile, or after a restore that was killed, finds the mark and goes no further; only another restore does, and it
 * begins by removing what the last one left.
 */

/** In an embedded folder: a file. */
const MARK_FILE = 'restore.unfinished';
/** On a server: a table, with the time as its comment, which everybody may read. */
const MARK_TABLE = 'restore_unfinished';
/** Names that are told of what stands in the way. */
const TOLD_MAX = 5;
/** Key of the advisory lock of whoever restores: the letters `PIRE`. */
const LOCK_KEY = 0x50495245;

/** @throws RestoreUnfinished */
export function demandWholeFolder(folder: string): void {
  const file = join(folder, MARK_FILE);
  if (existsSync(file)) throw new RestoreUnfinished(folder, readFileSync(file, 'utf8').trim());
}

/** @throws RestoreUnfinished */
export async function demandWholeDatabase(db: Queryable): Promise<void> {
  const begunAt = await markOf(db);
  if (begunAt !== undefined) throw new RestoreUnfinished('this database', begunAt);
}

/**
 * Marks a folder, which must be empty but for keys, or left by a restore that was not finished.
 * @param keyFiles the files and folders of keys, wherever they are
 * @returns takes the mark away, when all is done
 * @throws TargetNotEmpty, Conflict `folder.locked`
 */
export async function markFolder(folder: string, keyFiles: readonly string[]): Promise<() => Promise<void>> {
  const lock = await acquireFolderLock(folder);
  try {
    const mark = join(folder, MARK_FILE);
    const names = await readdir(folder);
    if (existsSync(mark)) {
      const left = names.filter((name) => name === 'pgdata' || name.startsWith('pgdata.'));
      for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
    } else {
      const keys = keyFiles.filter((file) => dirname(resolve(file)) === resolve(folder)).map((file) => basename(file));
      const found = names
        .filter((name) => !name.startsWith('lock.') && !keys.includes(name) && name !== 'lost+found')
        .sort();
      if (found.length > 0) throw new TargetNotEmpty(`the folder ${folder}`, found.slice(0, TOLD_MAX), found.length);
      const file = await open(mark, 'wx', 0o600);
      await file.writeFile(`${new Date().toISOString()}\n`);
      await file.sync();
      await file.close();
      await syncFolder(folder);
    }
    return async () => {
      await rm(mark);
      await syncFolder(folder);
    };
  } finally {
    lock.release();
  }
}

/** Makes the folder where it is missing; only its owner may look into it. */
export const makeFolder = (folder: string): Promise<unknown> => mkdir(folder, { recursive: true, mode: 0o700 });

/**
 * @param db nothing is changed in it
 * @throws TargetNotEmpty unless there is nothing in the database, or what a restore has left that was not finished
 */
export async function demandEmptyDatabase(db: Queryable): Promise<void> {
  if ((await markOf(db)) !== undefined) return;
  const { rows } = await db.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by 1`,
  );
  if (rows.length === 0) return;
  const found = rows.slice(0, TOLD_MAX).map(({ name }) => name);
  throw new TargetNotEmpty('the database', found, rows.length);
}

/**
 * Marks a database of a server, and removes what a restore has left in it that was not finished. One restore at a time.
 * @returns `finish` takes the mark away; `release` lets others restore, whatever has become of this one
 * @throws TargetNotEmpty, RestoreUnderWay
 */
export async function markDatabase(
  db: Database,
): Promise<{ finish: () => Promise<void>; release: () => Promise<void> }> {
  const holder = await db.pool.connect();
  // The server lets go of the lock with the connection; the restore itself then fails at its next statement.
  holder.on('error', () => undefined);
  const release = async () => {
    await holder.query('select pg_advisory_unlock_all()').catch(() => undefined);
    holder.release();
  };
  try {
    const { rows } = await holder.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [LOCK_KEY]);
    if (!rows[0]?.locked) throw new RestoreUnderWay('this database');
    await demandEmptyDatabase(db);
    await db.transaction(async (tx) => {
      await tx.query('set local role none');
      const left = (await tx.query<{ statement: string }>(LEFT_BEHIND)).rows;
      for (const { statement } of left) await tx.query(statement);
      if ((await markOf(tx)) !== undefined) return;
      const begunAt = pg.escapeLiteral(new Date().toISOString());
      await tx.query(`create table ${MARK_TABLE} (); comment on table ${MARK_TABLE} is ${begunAt}`);
    });
  } catch (error) {
    await release();
    throw error;
  }
  const finish = () =>
    db.transaction(async (tx) => {
      await tx.query('set local role none');
      await tx.query(`drop table ${MARK_TABLE}`);
    });
  return { finish, release };
}

async function markOf(db: Queryable): Promise<string | undefined> {
  const { rows } = await db.query<{ begun_at: string | null }>(
    `select coalesce(obj_description(c.oid, 'pg_class'), 'an unknown time') as begun_at
     from pg_class c where c.oid = to_regclass('${MARK_TABLE}')`,
  );
  return rows[0]?.begun_at ?? undefined;
}

/** The database was empty when it was marked, so everything in our schema but the mark is what is to be removed. */
const LEFT_BEHIND = `
  select format('drop table %I.%I cascade', n.nspname, c.relname) as statement
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = current_schema() and c.relkind in ('r', 'p') and c.relname <> '${MARK_TABLE}'
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  union all
  select format('drop routine if exists %s cascade', p.oid::regprocedure)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname = current_schema()
     and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`;

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
