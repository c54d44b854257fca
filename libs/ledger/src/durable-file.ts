import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes a file, whole or not at all, and never over one that another process made meanwhile. */
export function createFile(file: string, content: string, mode: number): Promise<void> {
  return withTemporary(file, content, mode, async (temporary) => {
    try {
      await link(temporary, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  });
}

/** Puts a file in place of what stands there: whoever reads it, and whatever happens, finds the one or the other. */
export function replaceFile(file: string, content: string, mode: number): Promise<void> {
  return withTemporary(file, content, mode, (temporary) => rename(temporary, file));
}

/** Writes at the end of a file, and returns when it is on the disk. */
export async function appendToFile(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeDurably(await open(file, 'a', 0o644), content);
}

async function withTemporary(
  file: string,
  content: string,
  mode: number,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await writeDurably(await open(temporary, 'wx', mode), content);
    await place(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
  // A name is on the disk only with its folder.
  await closing(await open(folder, 'r'), (handle) => handle.sync());
}

const writeDurably = (handle: FileHandle, content: string): Promise<void> =>
  closing(handle, async () => {
    await handle.writeFile(content);
    await handle.sync();
  });

const closing = async (handle: FileHandle, work: (handle: FileHandle) => Promise<void>): Promise<void> =>
  work(handle).finally(() => handle.close());
