import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Id } from '#libs/kernel/src/ids.js';
import type { PersonalClass } from './personal-data.js';

/** A key of a person as it is wrapped now; it opens with the bucket's present key alone. */
export interface RewrappedKey {
  /** Id of the chain: numbers of chains mean nothing elsewhere. */
  readonly chain: Id;
  readonly subject: Id;
  readonly class: PersonalClass;
  readonly wrappedBy: string;
  readonly wrapped: Buffer;
}

/**
 * What is left of a bucket after its key was changed, as files beside the key vault. An older backup holds keys that were
 * wrapped by the version that is destroyed now: those of the erased person, which must never open again, and those of
 * everybody else in the bucket. From here a restore takes the latter. Everything in it is ciphertext.
 */
export class RewrappedKeys {
  constructor(private readonly folder: string) {}

  /** Takes the place of what was kept of the bucket before; it is durable when this returns. */
  async save(bucket: number, keys: readonly RewrappedKey[]): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = this.fileOf(bucket);
    const temporary = `${file}.tmp`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(
        keys
          .map(({ wrapped, ...key }) => `${JSON.stringify({ ...key, wrapped: wrapped.toString('base64') })}\n`)
          .join(''),
      );
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    const folder = await open(this.folder, 'r');
    await folder.sync().finally(() => folder.close());
  }

  /** What is kept of a bucket; nothing where its key was never changed. */
  async *of(bucket: number): AsyncGenerator<RewrappedKey> {
    const file = this.fileOf(bucket);
    if (!existsSync(file)) return;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      const { wrapped, ...key } = JSON.parse(line) as RewrappedKey & { wrapped: string };
      yield { ...key, wrapped: Buffer.from(wrapped, 'base64') };
    }
  }

  private fileOf(bucket: number): string {
    return join(this.folder, `rewrapped-${String(bucket).padStart(4, '0')}.keys`);
  }
}
