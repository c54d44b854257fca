import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUCKETS, BucketKeyMissing, fingerprintOf, KeyVaultProblem, type KeyVersion } from './key-vault.js';
import { LocalKeyVault } from './local.key-vault.js';

const HEADING = 'pistor bucket keys 1';
const KEY_LINE = /^(\d{1,4})\.(\d{1,9}) ([0-9a-f]{64})$/;
/** A file that is being replaced under the reader has lost its content: the name already stands for the next one. */
const READ_TRIES_MAX = 5;

interface Content {
  readonly id: string;
  /** By bucket, then by version. */
  readonly keys: ReadonlyMap<number, ReadonlyMap<number, Buffer>>;
}

/**
 * Keys of buckets in one file (mode 0600). A change writes a new file, puts it in the old one's place and overwrites what
 * the old one held, so that a destroyed key is not left behind in blocks of the disk that nobody owns. Whether the disk
 * keeps copies of its own (snapshots, copy on write, worn cells of an SSD) no program can tell: an encrypted disk is the
 * answer to that. One process changes it at a time: whoever does holds a lock in the database.
 */
export class FileKeyVault extends LocalKeyVault {
  readonly kind = 'file';
  readonly place: string;
  private content: Content;

  private constructor(private readonly file: string) {
    super();
    this.place = file;
    this.content = readContent(file);
  }

  get id(): string {
    return this.content.id;
  }

  /**
   * Opens the file, or makes it with a key for each bucket when there is none and `mayCreate` says that nothing was
   * wrapped by another one yet.
   * @throws KeyVaultProblem when it is missing, malformed, or can be read by others
   */
  static open(file: string, mayCreate: boolean): FileKeyVault {
    try {
      return new FileKeyVault(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (!mayCreate) {
      throw new KeyVaultProblem(
        `The bucket keys ${file} are missing, but the data was written with them. Put the file back; without it no personal data can be read.`,
      );
    }
    const keys = new Map(
      Array.from({ length: BUCKETS }, (_, bucket) => [bucket, new Map([[1, randomBytes(32)]])] as const),
    );
    createContent(file, { id: randomBytes(8).toString('hex'), keys });
    return new FileKeyVault(file);
  }

  refresh(): Promise<void> {
    try {
      this.content = readContent(this.file);
      return Promise.resolve();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return Promise.reject(error as Error);
      return Promise.reject(new KeyVaultProblem(`The bucket keys ${this.file} are gone. Put the file back.`));
    }
  }

  async rotate(bucket: number): Promise<KeyVersion> {
    await this.refresh();
    const known = this.keysOf(bucket);
    const version = Math.max(0, ...known.keys()) + 1;
    const key = randomBytes(32);
    this.replace(bucket, new Map([...known, [version, key]]));
    return { version, fingerprint: fingerprintOf(key) };
  }

  async destroyBelow(bucket: number, version: number): Promise<void> {
    await this.refresh();
    const known = this.keysOf(bucket);
    if (!known.has(version)) throw new BucketKeyMissing(bucket, version, this.place);
    const left = new Map([...known].filter(([each]) => each >= version));
    if (left.size < known.size) this.replace(bucket, left);
    else wipeLeftovers(this.file);
  }

  protected keysOf(bucket: number): ReadonlyMap<number, Buffer> {
    return this.content.keys.get(bucket) ?? new Map<number, Buffer>();
  }

  protected buckets(): Iterable<number> {
    return this.content.keys.keys();
  }

  private replace(bucket: number, keys: ReadonlyMap<number, Buffer>): void {
    const content = { ...this.content, keys: new Map([...this.content.keys, [bucket, keys]]) };
    wipeLeftovers(this.file);
    const temporary = writeTemporary(this.file, textOf(content));
    // The old file keeps a name until it was wiped: whoever comes after a process that was killed finds it by that.
    linkSync(this.file, temporaryName(this.file));
    renameSync(temporary, this.file);
    syncFolder(dirname(this.file));
    wipeLeftovers(this.file);
    this.content = content;
  }
}

function readContent(file: string): Content {
  for (let tries = 1; ; tries += 1) {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new KeyVaultProblem(
        `The bucket keys ${file} can be read by others (mode ${mode.toString(8)}). Mend it: chmod 600 "${file}"`,
      );
    }
    const content = parse(readFileSync(file, 'latin1'));
    if (content) return content;
    if (tries >= READ_TRIES_MAX)
      throw new KeyVaultProblem(`${file} does not hold bucket keys as Pistor writes them: it was cut off or changed.`);
  }
}

function parse(text: string): Content | undefined {
  const end = text.lastIndexOf('end ');
  if (end < 0 || text.slice(end) !== `end ${digestOf(text.slice(0, end))}\n`) return undefined;
  const [heading, id, ...lines] = text.slice(0, end).trimEnd().split('\n');
  if (heading !== HEADING || !id?.startsWith('id ')) return undefined;
  const keys = new Map<number, Map<number, Buffer>>();
  for (const line of lines) {
    const [, bucket, version, hex] = KEY_LINE.exec(line) ?? [];
    if (bucket === undefined || version === undefined || hex === undefined) return undefined;
    const versions = keys.get(Number(bucket)) ?? new Map<number, Buffer>();
    keys.set(Number(bucket), versions.set(Number(version), Buffer.from(hex, 'hex')));
  }
  return { id: id.slice('id '.length), keys };
}

function textOf({ id, keys }: Content): string {
  const lines = [...keys].flatMap(([bucket, versions]) =>
    [...versions].map(([version, key]) => `${bucket}.${version} ${key.toString('hex')}\n`),
  );
  const text = `${HEADING}\nid ${id}\n${lines.join('')}`;
  return `${text}end ${digestOf(text)}\n`;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Whole or not at all, and never over a file that another process made meanwhile. */
function createContent(file: string, content: Content): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = writeTemporary(file, textOf(content));
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(dirname(file));
}

function writeTemporary(file: string, text: string): string {
  const temporary = temporaryName(file);
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    chmodSync(temporary, 0o600);
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return temporary;
}

const LEFTOVER = '.tmp';

const temporaryName = (file: string): string =>
  join(dirname(file), `.${basename(file)}-${randomBytes(4).toString('hex')}${LEFTOVER}`);

/** Overwrites and removes what holds keys and is not the file itself: its predecessor, and what a killed process left. */
function wipeLeftovers(file: string): void {
  const folder = dirname(file);
  const names = readdirSync(folder).filter((name) => name.startsWith(`.${basename(file)}-`) && name.endsWith(LEFTOVER));
  for (const name of names) {
    const descriptor = openSync(join(folder, name), 'r+');
    const { size } = fstatSync(descriptor);
    writeSync(descriptor, Buffer.alloc(size), 0, size, 0);
    fsyncSync(descriptor);
    closeSync(descriptor);
    unlinkSync(join(folder, name));
  }
  if (names.length > 0) syncFolder(folder);
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
