import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Unavailable } from '#libs/kernel/src/errors.js';

const READ_BYTES = 256 * 1024;

/** A file without a name: it is gone with this process, whatever ends that. */
export class Spool {
  private length = 0;

  private constructor(private readonly file: FileHandle) {}

  static async open(): Promise<Spool> {
    const path = join(tmpdir(), `pistor-backup-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600).catch(explain);
    await unlink(path);
    return new Spool(file);
  }

  async write(bytes: Buffer): Promise<void> {
    await this.file.appendFile(bytes).catch(explain);
    this.length += bytes.length;
  }

  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.length; ) {
      const { bytesRead, buffer } = await this.file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function explain(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOSPC' ? 'the disk is full' : message;
  throw new Unavailable(
    'backup.no-room',
    `The folder for temporary files, ${tmpdir()}, does not take what is read first: ${reason}. Name another one in TMPDIR.`,
    { cause: error },
  );
}
