import { createHash, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { z } from 'zod';
import { BackupDamaged, BackupNewer, BackupUnreadable, OtherMasterKey } from './backup.errors.js';
import {
  type BlockHead,
  BLOCK_BYTES_MAX,
  blockSchema,
  type Contents,
  contentsSchema,
  FORMAT,
  LINE_BYTES_MAX,
  MAGIC,
  type Manifest,
  manifestSchema,
  type Seal,
  sealSchema,
} from './backup.format.js';
import { hmacOf } from './backup-writer.js';

const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** A part of a backup with the bytes that it was read from. Its hashes were right. */
export type BackupPart =
  | { readonly manifest: Manifest; readonly bytes: Buffer }
  | { readonly block: BlockHead; readonly body: Buffer; readonly bytes: Buffer }
  | { readonly contents: Contents; readonly bytes: Buffer }
  | { readonly seal: Seal; readonly bytes: Buffer };

/** The rows of a block, one a line. */
export const linesOf = async (body: Buffer): Promise<string> =>
  (await unpack(body, { maxOutputLength: BLOCK_BYTES_MAX })).toString('utf8');

/** What a server says in place of the rest, when it could not go on. */
const errorSchema = z.object({ code: z.string(), detail: z.string().optional(), title: z.string().optional() });

/**
 * Reads a backup part by part and checks each, at last the whole: that nothing is missing at its end, that every byte is
 * as it was written, that all rows are there which the manifest promises.
 * @param key also checks that the holder of this master key made it
 * @throws BackupUnreadable, BackupNewer, BackupDamaged, OtherMasterKey; what the server said that sent it
 */
export async function* readBackup(
  chunks: AsyncIterable<Uint8Array>,
  key?: { readonly master: MasterKey; readonly file: string },
): AsyncGenerator<BackupPart> {
  const source = new ByteSource(chunks);
  try {
    const magic = await readMagic(source);
    const { manifest, bytes } = await readManifest(source);
    if (key && key.master.fingerprint !== manifest.masterKey) {
      throw new OtherMasterKey(manifest.masterKey, key.master.fingerprint, key.file);
    }
    const whole = createHash('sha256');
    let length = magic.length + bytes.length;
    whole.update(magic).update(bytes);
    yield { manifest, bytes: Buffer.concat([magic, bytes]) };
    const missing = new Map(manifest.tables.map(({ table, rows }) => [table, rows]));
    for (let no = 1; ; no += 1) {
      const where = `in block ${no}`;
      const start = source.offset;
      const line = await source.line(where);
      const told = parse(line, where, start);
      if ('contents' in told) {
        whole.update(line);
        yield { contents: checked(contentsSchema, told['contents'], 'in its seal', start), bytes: line };
        const read = { blocks: no - 1, bytes: length + line.length, sha256: whole.digest('hex'), missing };
        yield await readSeal(source, read, key?.master);
        return;
      }
      const block = checked(blockSchema, told, where, start);
      const place = `${where} (table ${block.table})`;
      const left = (missing.get(block.table) ?? -1) - block.rows;
      if (block.block !== no || left < 0) throw new BackupDamaged(place, start, 'another block was expected.');
      missing.set(block.table, left);
      const body = await source.take(block.bytes, place);
      if (createHash('sha256').update(body).digest('hex') !== block.sha256) {
        throw new BackupDamaged(place, start + line.length, 'its content is not what was written.');
      }
      whole.update(line).update(body);
      length += line.length + body.length;
      yield { block, body, bytes: Buffer.concat([line, body]) };
    }
  } finally {
    await source.close();
  }
}

async function readMagic(source: ByteSource): Promise<Buffer> {
  const start = await source.peek(MAGIC.length + 1);
  if (start.toString('latin1') !== `${MAGIC} `) throw new BackupUnreadable('This is no backup of Pistor.');
  const line = await source.line('in its first line', 100);
  const format = Number(line.toString('latin1').slice(MAGIC.length + 1));
  if (!Number.isSafeInteger(format) || format < 1) {
    throw new BackupDamaged('in its first line', 0, 'it does not say which format it has.');
  }
  // What a newer format's manifest looks like is not known here, but each says who made it.
  if (format > FORMAT) {
    const text = (await source.line('in its manifest')).toString('utf8');
    throw new BackupNewer(`has format ${format}`, /"version":"([^"]+)"/.exec(text)?.[1] ?? 'that made it');
  }
  return line;
}

async function readManifest(source: ByteSource): Promise<{ manifest: Manifest; bytes: Buffer }> {
  const where = 'in its manifest';
  const start = source.offset;
  const bytes = await source.line(where);
  const told = parse(bytes, where, start);
  return { manifest: checked(manifestSchema, told['manifest'], where, start), bytes };
}

function parse(line: Buffer, where: string, start: number): Record<string, unknown> {
  let told: unknown;
  try {
    told = JSON.parse(line.toString('utf8'));
  } catch {
    throw new BackupDamaged(where, start, 'a line of it cannot be read.');
  }
  if (typeof told !== 'object' || told === null) throw new BackupDamaged(where, start, 'a line of it cannot be read.');
  if ('error' in told) {
    const { code, detail, title } = checked(errorSchema, told.error, where, start);
    throw new PistorError('unavailable', code, `No backup was made: ${detail ?? title ?? code}`);
  }
  return told as Record<string, unknown>;
}

function checked<T>(schema: z.ZodType<T>, value: unknown, where: string, start: number): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BackupDamaged(where, start, 'a line of it does not say what it should.');
}

/** What was read before the seal. */
interface Read {
  readonly blocks: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Rows that the manifest promises and no block had. */
  readonly missing: ReadonlyMap<string, number>;
}

async function readSeal(source: ByteSource, read: Read, master: MasterKey | undefined): Promise<BackupPart> {
  const where = 'in its seal';
  const start = source.offset;
  const bytes = await source.line(where);
  const seal = checked(sealSchema, parse(bytes, where, start)['seal'], where, start);
  for (const [table, rows] of read.missing) {
    if (rows > 0) throw new BackupDamaged(where, start, `${rows} rows of the table ${table} are missing.`);
  }
  if (seal.blocks !== read.blocks || seal.bytes !== read.bytes || seal.sha256 !== read.sha256) {
    throw new BackupDamaged(where, start, 'what stands before it is not what was sealed.');
  }
  if (master) {
    const expected = Buffer.from(hmacOf(master, seal.sha256), 'hex');
    if (!timingSafeEqual(expected, Buffer.from(seal.hmac, 'hex'))) {
      throw new BackupDamaged(where, start, 'it was not sealed with the master key.');
    }
  }
  await source.demandEnd();
  return { seal, bytes };
}

const NEWLINE = 10;

/** Bytes in the pieces that are asked for, whatever pieces they come in. */
class ByteSource {
  /** Of the next byte, from the beginning. */
  offset = 0;
  private readonly chunks: AsyncIterator<Uint8Array>;
  private parts: Buffer[] = [];
  private length = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Up to and with the next newline. */
  async line(where: string, bytesMax = LINE_BYTES_MAX): Promise<Buffer> {
    for (let searched = 0; ; ) {
      const at = this.joined().indexOf(NEWLINE, searched);
      if (at >= 0) return this.cut(at + 1);
      searched = this.length;
      if (searched > bytesMax) throw new BackupDamaged(where, this.offset, 'a line of it does not end.');
      if (!(await this.more())) throw this.tooShort(where);
    }
  }

  async take(bytes: number, where: string): Promise<Buffer> {
    while (this.length < bytes) if (!(await this.more())) throw this.tooShort(where);
    return this.cut(bytes);
  }

  /** As many as there are, up to so many; they stay to be read. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.length < bytes && (await this.more()));
    return this.joined().subarray(0, bytes);
  }

  async demandEnd(): Promise<void> {
    if (this.length > 0 || (await this.more())) {
      throw new BackupDamaged('after its seal', this.offset, 'there is more than was written.');
    }
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private tooShort(where: string): BackupDamaged {
    return new BackupDamaged(where, this.offset + this.length, 'it ends here, before it was complete.');
  }

  private async more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.chunks.next();
      if (done) return false;
      if (value.length === 0) continue;
      this.parts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      this.length += value.length;
      return true;
    }
  }

  private joined(): Buffer {
    const [whole = Buffer.alloc(0)] = this.parts.length > 1 ? [Buffer.concat(this.parts)] : this.parts;
    this.parts = [whole];
    return whole;
  }

  private cut(bytes: number): Buffer {
    const whole = this.joined();
    this.parts = whole.length === bytes ? [] : [whole.subarray(bytes)];
    this.length -= bytes;
    this.offset += bytes;
    return whole.subarray(0, bytes);
  }
}
