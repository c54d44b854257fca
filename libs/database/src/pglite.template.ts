import { createHash, randomUUID } from 'node:crypto';
import { constants, existsSync, readFileSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Conflict } from '#libs/kernel/src/errors.js';
import { acquireFolderLock } from './folder-lock.js';
import type { FolderLock } from './folder-lock.js';
import { initialiseDatabase, pgliteFolder } from './pglite.host.js';

/** Files that are copied or forced to the disk at a time; libuv has four threads for it. */
const FILES_AT_A_TIME = 8;
/** initdb by another process takes seconds; beyond this we make our own. */
const WAIT_MS_MAX = 30_000;
const DRAFT = '.new-';

/**
 * Sees to it that the folder holds a database: the one that is there, or an empty one. An empty one is a copy of a
 * template that initdb makes once per machine user and version (0.5 s instead of seconds). It is complete under its
 * name or not there at all, on the disk too: made aside, forced to the disk, then renamed.
 *
 * @param scratch leaves out the forcing, for a folder that is thrown away after a test.
 */
export async function provideDatabase(folder: string, { scratch = false } = {}): Promise<'found' | 'made'> {
  if (existsSync(join(folder, 'PG_VERSION'))) return 'found';
  await removeDrafts(folder);
  const draft = `${folder}${DRAFT}${randomUUID()}`;
  const template = await provideTemplate();
  if (template) await copyTree(template, draft, { directoryMode: 0o700, fileMode: 0o600, force: !scratch });
  else await initialiseInto(draft);
  await rename(draft, folder);
  await forceToDisk(dirname(folder));
  return 'made';
}

/** Folder of the template, made when missing; undefined where no cache can be written or read. */
async function provideTemplate(): Promise<string | undefined> {
  const cache = cacheFolder();
  if (!cache) return undefined;
  const template = join(cache, `pglite-${templateKey()}`);
  try {
    await mkdir(cache, { recursive: true });
    for (const until = Date.now() + WAIT_MS_MAX; ; await sleep(100)) {
      if (existsSync(join(template, 'PG_VERSION'))) return (await isReadable(template)) ? template : undefined;
      const lock = await tryLock(cache, Date.now() > until);
      if (!lock) continue;
      try {
        if (!existsSync(join(template, 'PG_VERSION'))) await makeTemplate(template);
      } finally {
        lock.release();
      }
    }
  } catch {
    // A cache is never worth an error: a read-only checkout, a full disk or another user's folder means plain initdb.
    return undefined;
  }
}

async function tryLock(cache: string, isLastTry: boolean): Promise<FolderLock | undefined> {
  try {
    return await acquireFolderLock(cache);
  } catch (error) {
    if (error instanceof Conflict && !isLastTry) return undefined;
    throw error;
  }
}

async function makeTemplate(template: string): Promise<void> {
  await removeDrafts(template);
  const made = `${template}${DRAFT}${randomUUID()}`;
  const draft = `${template}${DRAFT}${randomUUID()}`;
  await initialiseInto(made);
  // Nothing in it is anybody's secret, and another user of the same checkout may use it too.
  await copyTree(made, draft, { directoryMode: 0o755, fileMode: 0o644, force: true });
  await rename(draft, template);
  await rm(made, { recursive: true, force: true });
}

async function initialiseInto(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await initialiseDatabase(folder);
  const names = ['.', ...(await readdir(folder, { recursive: true }))];
  await forEach(names, (name) => forceToDisk(join(folder, name)));
}

/** Beside the packages that it comes from: `node_modules/.cache` of the nearest package that has one. */
function cacheFolder(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', '@electric-sql')))
      return join(folder, 'node_modules', '.cache', 'pistor');
    if (folder === dirname(folder)) return undefined;
  }
}

/** PGlite's version, and what this code does with it: whoever changes either gets a new template. */
function templateKey(): string {
  const packageFile = join(pgliteFolder(), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const worker = readFileSync(new URL('./pglite.worker.mjs', import.meta.url));
  return `${version}-${createHash('sha256').update(worker).digest('hex').slice(0, 12)}`;
}

async function isReadable(template: string): Promise<boolean> {
  return stat(join(template, 'base')).then(
    () => true,
    () => false,
  );
}

/** What a process left that was killed while it made a database. */
async function removeDrafts(folder: string): Promise<void> {
  const prefix = `${basename(folder)}${DRAFT}`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

interface CopyOptions {
  readonly directoryMode: number;
  readonly fileMode: number;
  /** Force every file to the disk, and every folder after its files. */
  readonly force: boolean;
}

async function copyTree(from: string, to: string, { directoryMode, fileMode, force }: CopyOptions): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const path = (entry: Dirent) => relative(from, join(entry.parentPath, entry.name));
  const folders = ['.', ...entries.filter((entry) => entry.isDirectory()).map(path)].sort();
  const files = entries.filter((entry) => entry.isFile()).map(path);
  for (const folder of folders) {
    await mkdir(join(to, folder), { recursive: true });
    await chmod(join(to, folder), directoryMode);
  }
  await forEach(files, async (file) => {
    await copyFile(join(from, file), join(to, file), constants.COPYFILE_FICLONE);
    await chmod(join(to, file), fileMode);
    if (force) await forceToDisk(join(to, file));
  });
  if (force) await forEach(folders, (folder) => forceToDisk(join(to, folder)));
}

async function forEach(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const queue = names.values();
  const workers = Array.from({ length: FILES_AT_A_TIME }, async () => {
    for (const name of queue) await work(name);
  });
  await Promise.all(workers);
}

async function forceToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
