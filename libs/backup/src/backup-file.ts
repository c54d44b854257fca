import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Conflict, NotFound, Unavailable } from '#libs/kernel/src/errors.js';

/** A backup on its way to the disk: under its name it is complete, or not there. Only its owner may read it. */
export class BackupFile {
  private constructor(
    private readonly path: string,
    private readonly draft: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws Conflict `backup.exists`; NotFound `backup.no-folder`; Unavailable `backup.not-written` */
  static async create(name: string): Promise<BackupFile> {
    const path = resolve(name);
    demandFree(path);
    const draft = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.unfinished`);
    try {
      return new BackupFile(path, draft, await open(draft, 'wx', 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        throw new NotFound('backup.no-folder', `There is no folder ${dirname(path)} to write the backup to.`);
      }
      throw notWritten(path, error);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.file.appendFile(bytes);
    } catch (error) {
      throw notWritten(this.path, error);
    }
  }

  /** On the disk and under its name. @throws Conflict `backup.exists` when another one came meanwhile */
  async complete(): Promise<void> {
    try {
      await this.file.sync();
      await this.file.close();
      demandFree(this.path);
      await rename(this.draft, this.path);
      const folder = await open(dirname(this.path), 'r');
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      if (error instanceof Conflict) throw error;
      throw notWritten(this.path, error);
    }
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await this.file.close().catch(() => undefined);
    await rm(this.draft, { force: true });
  }
}

/** Bytes of a backup that is there. @throws NotFound `backup.no-file` */
export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new NotFound('backup.no-file', `There is no file ${path}.`);
  return found.size;
}

function demandFree(path: string): void {
  if (!existsSync(path)) return;
  throw new Conflict(
    'backup.exists',
    `${path} is there already, and no backup is written over another. Name a new file.`,
  );
}

function notWritten(path: string, error: unknown): Unavailable {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : message;
  return new Unavailable(
    'backup.not-written',
    `The backup ${path} could not be written: ${reason}. Nothing is left of it.`,
    {
      cause: error,
    },
  );
}
