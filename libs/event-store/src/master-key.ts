import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { PistorError } from '#libs/kernel/src/errors.js';

/** The key that wraps every person's keys. It stands outside the database; who loses it loses all personal data. */
export class MasterKey {
  /** Tells keys apart without telling anything of them. */
  readonly fingerprint: string;
  /** Purposes are few: kinds of codes and indexes, by chain. */
  private readonly derived = new Map<string, Buffer>();

  constructor(private readonly key: Buffer) {
    if (key.length !== 32) throw new MasterKeyProblem('A master key has 32 bytes (64 hexadecimal digits).');
    this.fingerprint = createHash('sha256').update('pistor master key').update(key).digest('hex').slice(0, 16);
  }

  /** A key for one purpose, always the same; none can be computed from another. */
  derive(purpose: string): Buffer {
    const known = this.derived.get(purpose);
    if (known) return known;
    const key = Buffer.from(hkdfSync('sha256', this.key, '', `pistor ${purpose}`, 32));
    this.derived.set(purpose, key);
    return key;
  }

  /** A keyed blind index: equal texts are found without the text standing anywhere. */
  blindIndex(purpose: string, text: string): string {
    return createHmac('sha256', this.derive(`blind index ${purpose}`))
      .update(text.normalize('NFC'))
      .digest('base64url');
  }
}

/** The master key is missing, readable by others, malformed or not the one the data was written with. */
export class MasterKeyProblem extends PistorError {
  constructor(message: string) {
    super('unavailable', 'master-key.problem', message);
  }
}

/**
 * Reads a master key file, or makes one (mode 0600) when there is none and `mayCreate` says that nothing was written
 * with another one yet.
 */
export function masterKeyFromFile(file: string, mayCreate: boolean): MasterKey {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new MasterKeyProblem(
        `The master key ${file} can be read by others (mode ${mode.toString(8)}). Mend it: chmod 600 "${file}"`,
      );
    }
    return masterKeyFromHex(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (!mayCreate) {
    throw new MasterKeyProblem(
      `The master key ${file} is missing, but the data was written with one. Put it back; without it no personal data can be read.`,
    );
  }
  createFile(file, `${randomBytes(32).toString('hex')}\n`);
  return masterKeyFromFile(file, false);
}

export function masterKeyFromHex(text: string, where: string): MasterKey {
  const hex = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new MasterKeyProblem(`${where} does not hold 64 hexadecimal digits.`);
  return new MasterKey(Buffer.from(hex, 'hex'));
}

/** Whole or not at all, and never over a file that another process made meanwhile. */
function createFile(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(file), `.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    chmodSync(temporary, 0o600);
    writeSync(descriptor, content);
    fsyncSync(descriptor);
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(descriptor);
    unlinkSync(temporary);
  }
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/**
 * Finds out whether a fresh key may be made, takes the key and claims it: one process after the other, so that of many
 * that start at once on an empty database only one can make a key.
 */
export function settleMasterKey(db: Database, take: (mayCreate: boolean) => MasterKey): Promise<MasterKey> {
  return db.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('pistor master key', 0))`);
    const { rows } = await tx.query<{ used: boolean }>('select exists (select 1 from master_key) as used');
    const key = take(!rows[0]?.used);
    await claimMasterKey(tx, key);
    return key;
  });
}

/**
 * Refuses to go on with another key than the one the data was written with: otherwise two halves of the data would
 * need two keys, and nobody would notice until one is lost.
 */
export async function claimMasterKey(db: Queryable, key: MasterKey): Promise<void> {
  await db.query(
    `insert into master_key (fingerprint) select $1 where not exists (select 1 from master_key) on conflict do nothing`,
    [key.fingerprint],
  );
  const { rows } = await db.query<{ fingerprint: string }>('select fingerprint from master_key');
  if (!rows.some((row) => row.fingerprint === key.fingerprint)) {
    throw new MasterKeyProblem(
      `This is not the master key that the data was written with (it was ${rows.map((row) => row.fingerprint).join(', ')}, this is ${key.fingerprint}).`,
    );
  }
}
