/**
 * One-dimensional arrays in PostgreSQL's binary format, as values of a statement (the driver sends a Buffer as it is).
 * As text, every element would be quoted here and parsed there, which costs more than all the rest of a large batch.
 */
const INT4 = 23;
const INT2 = 21;
const TEXT = 25;
const UUID = 2950;
const JSON_TEXT = 114;
const BOOL = 16;

/** Dimensions, flags, type of the elements, length, lower bound. */
const HEAD_BYTES = 20;

export function int4Array(values: readonly number[]): Buffer {
  const buffer = begin(INT4, values.length, values.length * 8);
  let at = HEAD_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(4, at);
    buffer.writeInt32BE(value, at + 4);
    at += 8;
  }
  return buffer;
}

/** @param values null for elements that are null */
export function int2Array(values: readonly (number | null)[]): Buffer {
  const nulls = values.reduce<number>((count, value) => count + (value === null ? 1 : 0), 0);
  const buffer = begin(INT2, values.length, values.length * 6 - nulls * 2, nulls > 0);
  let at = HEAD_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value === null ? -1 : 2, at);
    if (value !== null) at = buffer.writeInt16BE(value, at);
  }
  return buffer;
}

export const textArray = (values: readonly string[]): Buffer => texts(TEXT, values);

/** @param values texts of JSON */
export const jsonArray = (values: readonly string[]): Buffer => texts(JSON_TEXT, values);

export function boolArray(values: readonly boolean[]): Buffer {
  const buffer = begin(BOOL, values.length, values.length * 5);
  let at = HEAD_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(1, at);
    buffer[at + 4] = value ? 1 : 0;
    at += 5;
  }
  return buffer;
}

function texts(elementType: number, values: readonly string[]): Buffer {
  // At most three bytes for each unit of UTF-16: measuring exactly first would go through every text twice.
  const most = values.reduce((sum, value) => sum + 4 + value.length * 3, 0);
  const buffer = begin(elementType, values.length, most);
  let at = HEAD_BYTES;
  for (const value of values) {
    const bytes = buffer.write(value, at + 4, 'utf8');
    buffer.writeInt32BE(bytes, at);
    at += 4 + bytes;
  }
  return values.length === 0 ? buffer : buffer.subarray(0, at);
}

/** @throws RangeError for what is no UUID */
export function uuidArray(values: readonly string[]): Buffer {
  const buffer = begin(UUID, values.length, values.length * 20);
  let at = HEAD_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(16, at);
    writeUuid(buffer, at + 4, value);
    at += 20;
  }
  return buffer;
}

const HEX = '0123456789abcdef';
const HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);
/** Where in its text the 32 digits of a UUID stand. */
const DIGITS = Array.from({ length: 36 }, (_, n) => n).filter((n) => !HYPHENS.has(n));
/** The value of a digit by the code of its character; 16 for what is none. */
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = HEX.indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? 16 : value;
});

/** Digit by digit, which takes a tenth of the time of taking the hyphens out and having the rest read as hex. */
function writeUuid(buffer: Buffer, at: number, uuid: string): void {
  let wrong = uuid.length === 36 ? 0 : 16;
  for (let n = 0; n < 16; n += 1) {
    const high = NIBBLES[uuid.charCodeAt(DIGITS[2 * n] as number)] ?? 16;
    const low = NIBBLES[uuid.charCodeAt(DIGITS[2 * n + 1] as number)] ?? 16;
    wrong |= high | low;
    buffer[at + n] = (high << 4) | low;
  }
  if (wrong > 15) throw new RangeError(`${uuid} is no UUID`);
}

function begin(elementType: number, length: number, bodyBytes: number, hasNulls = false): Buffer {
  // An empty array has no dimension, and nothing after the type of its elements.
  const buffer = Buffer.allocUnsafe(length === 0 ? 12 : HEAD_BYTES + bodyBytes);
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(elementType, 8);
  if (length > 0) {
    buffer.writeInt32BE(length, 12);
    buffer.writeInt32BE(1, 16);
  }
  return buffer;
}
