import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refused } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';

/** In the folder of keys, beside the vault: what outlives any copy of the database. */
const REGISTER_FILE = 'erasures.ndjson';
const HEADING = { pistorErasures: 1 };

/** That somebody was erased, a registration or the account of one who signs in; ids only. */
export type RegisteredErasure = { readonly chain: Id; readonly erasureId: Id } & (
  | { readonly patientId: Id }
  | { readonly userId: Id }
);

/** Whose keys were destroyed. */
export const subjectOf = (erasure: RegisteredErasure): Id => ('userId' in erasure ? erasure.userId : erasure.patientId);

/** The register cannot be read, so that nobody could tell who has to be erased again. */
export class RegisterUnreadable extends Refused {
  constructor(file: string, what: string) {
    super(
      'erasure.register-unreadable',
      `The register of erasures ${file} ${what}. Put back the file as it was last: whoever stands in it must not come back.`,
    );
  }
}

/**
 * Who was erased, in a file outside the database that is only ever appended to: a backup of before the erasure knows
 * nothing of it. Written before an erasure is answered, read before a restored backup serves. Holds ids and no personal data.
 */
export class ErasureRegister {
  readonly file: string;

  constructor(keysFolder: string) {
    this.file = join(keysFolder, REGISTER_FILE);
  }

  get exists(): boolean {
    return existsSync(this.file);
  }

  /** Makes the file where it is missing, so that its absence means something later. */
  async make(): Promise<void> {
    if (this.exists) return;
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    await this.write(`${JSON.stringify(HEADING)}\n`);
    const folder = await open(dirname(this.file), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /** On the disk when this returns. What is in it already may be added again. */
  async add(erasures: readonly RegisteredErasure[]): Promise<void> {
    if (erasures.length === 0) return;
    await this.make();
    // A line that a killed process began is ended first, and passed over by whoever reads.
    await this.write(erasures.map((each) => `\n${JSON.stringify(each)}\n`).join(''));
  }

  /** Everybody who stands in it, once each; nobody where there is no file. @throws RegisterUnreadable */
  async all(): Promise<RegisteredErasure[]> {
    if (!this.exists) return [];
    const lines = (await readFile(this.file, 'utf8')).split('\n').filter((line) => line !== '');
    const [heading, ...rest] = lines.map(parsed);
    if ((heading as typeof HEADING | undefined)?.pistorErasures !== HEADING.pistorErasures)
      throw new RegisterUnreadable(this.file, 'does not begin as Pistor writes it');
    const all = new Map<string, RegisteredErasure>();
    for (const each of rest) {
      const { chain, patientId, userId, erasureId } = (each ?? {}) as Partial<Record<string, Id>>;
      // Begun and never ended: its erasure was not answered, and is in the database or nowhere.
      if (chain === undefined || erasureId === undefined) continue;
      if (patientId !== undefined) all.set(`${chain}/${patientId}`, { chain, patientId, erasureId });
      if (userId !== undefined) all.set(`${chain}/${userId}`, { chain, userId, erasureId });
    }
    return [...all.values()];
  }

  private async write(text: string): Promise<void> {
    const handle = await open(this.file, 'a', 0o600);
    try {
      // One write to a file that is open for appending: several processes may do it at once.
      await handle.write(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
