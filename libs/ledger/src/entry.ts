import { PistorError } from '#libs/kernel/src/errors.js';
import { HASH_BYTES, leafHash as hashOfLeaf, sha256Into } from './sha256.js';

/**
 * What the ledger commits to of an event: a fixed binary, big endian.
 *
 * | bytes | what |
 * |---|---|
 * | 1 | version, 1 |
 * | 2 + n | length and UTF-8 of the stream's name |
 * | 4 | revision |
 * | 8 | position, from 1 |
 * | 8 | recorded at, ms since 1970 UTC |
 * | 4 + n | length and the exact bytes of the header |
 * | 32 | SHA-256 of the exact bytes of the data |
 * | 32 | leaf hash of the stream's previous event; zeros at revision 0 |
 */
export interface LedgerEntry {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  /** Milliseconds since 1970 UTC. */
  readonly recordedAtMs: number;
  /** The exact text of the header as it is stored. */
  readonly header: string;
  readonly dataHash: Uint8Array;
  /** Leaf hash of the event with the revision before it in the same stream; `NO_PREVIOUS` at revision 0. */
  readonly previous: Uint8Array;
}

/** An event as a log stores it, with all that its entry is made of but the previous leaf. */
export interface LogEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly recordedAtMs: number;
  readonly header: string;
  readonly data: string;
}

export const ENTRY_VERSION = 1;

/** An entry's length has to go into the two bytes that a bundle of entries has for it (C2SP tlog-tiles). */
export const ENTRY_BYTES_MAX = 65_535;

/** Stands in place of a leaf hash before the first event of a stream. */
export const NO_PREVIOUS: Buffer = Buffer.alloc(HASH_BYTES);

/** Without stream and header. */
const FIXED_BYTES = 1 + 2 + 4 + 8 + 8 + 4 + HASH_BYTES + HASH_BYTES;
const U32 = 2 ** 32;

export class EntryTooLarge extends PistorError {
  constructor(position: number, bytes: number) {
    super(
      'refused',
      'ledger.entry-too-large',
      `The entry of position ${position} has ${bytes} bytes; ${ENTRY_BYTES_MAX} is the most.`,
      { data: { position, bytes, bytesMax: ENTRY_BYTES_MAX } },
    );
  }
}

export class EntryMalformed extends PistorError {
  constructor(problem: string) {
    super('invalid', 'ledger.entry-malformed', `These bytes are no entry of a ledger: ${problem}.`);
  }
}

/** @throws EntryTooLarge */
export function encodeEntry(entry: LedgerEntry): Buffer {
  const [stream, header] = [Buffer.from(entry.stream), Buffer.from(entry.header)];
  const bytes = Buffer.alloc(demandSize(entry.position, stream.length + header.length));
  let at = writeHead(bytes, 0, stream.length);
  at += stream.copy(bytes, at);
  at = writeNumbers(bytes, at, entry);
  at = bytes.writeUInt32BE(header.length, at);
  at += header.copy(bytes, at);
  bytes.set(entry.dataHash, at);
  bytes.set(entry.previous, at + HASH_BYTES);
  return bytes;
}

/** The entry of an event. @throws EntryTooLarge */
export function entryOf(event: LogEvent, previous: Uint8Array): Buffer {
  const dataHash = Buffer.alloc(HASH_BYTES);
  sha256Into(dataHash, 0, event.data);
  return encodeEntry({ ...event, dataHash, previous });
}

/**
 * @throws EntryMalformed where a byte is missing or left over, a text is no UTF-8, a number is beyond 2^53, or the
 *   version is unknown
 */
export function decodeEntry(bytes: Uint8Array): LedgerEntry {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer[0] !== ENTRY_VERSION) throw new EntryMalformed(`its version is ${buffer[0] ?? 'missing'}`);
  if (buffer.length < FIXED_BYTES || buffer.length > ENTRY_BYTES_MAX) throw new EntryMalformed('its length is wrong');
  const streamBytes = buffer.readUInt16BE(1);
  const numbersAt = 3 + streamBytes;
  const headerAt = numbersAt + 24;
  if (headerAt + 2 * HASH_BYTES > buffer.length) throw new EntryMalformed('its length is wrong');
  const hashesAt = headerAt + buffer.readUInt32BE(headerAt - 4);
  if (hashesAt + 2 * HASH_BYTES !== buffer.length) throw new EntryMalformed('its length is wrong');
  return {
    stream: textOf(buffer.subarray(3, numbersAt)),
    revision: buffer.readUInt32BE(numbersAt),
    position: readU64(buffer, numbersAt + 4),
    recordedAtMs: readU64(buffer, numbersAt + 12),
    header: textOf(buffer.subarray(headerAt, hashesAt)),
    dataHash: buffer.subarray(hashesAt, hashesAt + HASH_BYTES),
    previous: buffer.subarray(hashesAt + HASH_BYTES),
  };
}

/** Hash of an entry's leaf: SHA-256(0x00 || entry). */
export const leafHash = (entry: Uint8Array): Buffer => hashOfLeaf(entry);

/** The leaf's prefix, and an entry as long as it may be; a UTF-16 unit is three bytes at most, so what is written fits. */
const scratch = Buffer.alloc(1 + 3 * ENTRY_BYTES_MAX + FIXED_BYTES);

/**
 * Writes the leaf hash of an event into `target`, as `leafHash(entryOf(event, previous))`, in a fifth of the time:
 * nothing is allocated.
 * @param previous where the previous leaf hash stands: 32 bytes from `previousAt`
 * @throws EntryTooLarge
 */
export function leafHashInto(
  target: Buffer,
  at: number,
  event: LogEvent,
  previous: Buffer = NO_PREVIOUS,
  previousAt = 0,
): void {
  const { stream, header } = event;
  if (stream.length + header.length > ENTRY_BYTES_MAX)
    throw new EntryTooLarge(event.position, stream.length + header.length);
  const streamBytes = scratch.write(stream, 4, 'utf8');
  writeHead(scratch, 1, streamBytes);
  const headerAt = writeNumbers(scratch, 4 + streamBytes, event) + 4;
  const headerBytes = scratch.write(header, headerAt, 'utf8');
  scratch.writeUInt32BE(headerBytes, headerAt - 4);
  const hashesAt = headerAt + headerBytes;
  demandSize(event.position, streamBytes + headerBytes);
  sha256Into(scratch, hashesAt, event.data);
  previous.copy(scratch, hashesAt + HASH_BYTES, previousAt, previousAt + HASH_BYTES);
  // The first byte is the prefix of a leaf, 0.
  sha256Into(target, at, scratch.subarray(0, hashesAt + 2 * HASH_BYTES));
}

function writeHead(bytes: Buffer, at: number, streamBytes: number): number {
  bytes[at] = ENTRY_VERSION;
  return bytes.writeUInt16BE(streamBytes, at + 1);
}

function writeNumbers(
  bytes: Buffer,
  at: number,
  { revision, position, recordedAtMs }: Pick<LogEvent, 'revision' | 'position' | 'recordedAtMs'>,
): number {
  bytes.writeUInt32BE(revision, at);
  writeU64(bytes, at + 4, position);
  writeU64(bytes, at + 12, recordedAtMs);
  return at + 20;
}

function demandSize(position: number, texts: number): number {
  const bytes = FIXED_BYTES + texts;
  if (bytes > ENTRY_BYTES_MAX) throw new EntryTooLarge(position, bytes);
  return bytes;
}

function writeU64(bytes: Buffer, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no unsigned number of 64 bits`);
  bytes.writeUInt32BE(Math.floor(value / U32), at);
  bytes.writeUInt32BE(value % U32, at + 4);
}

function readU64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32BE(at) * U32 + bytes.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) throw new EntryMalformed('a number is beyond 2^53');
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new EntryMalformed('a text is not UTF-8');
  }
}
