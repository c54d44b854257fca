import type { Readable } from 'node:stream';

/**
 * Reads CSV (RFC 4180) in bounded memory and goes on after every line that is broken.
 *
 * It is our own because a general parser loses what follows a broken line: after `1,"x"y` csv-parse takes the rest of
 * the file for one quoted field, and skips all of it. Here a record that does not come out well costs its first line
 * only; reading starts again at the next one.
 */

export interface CsvRecord {
  /** Line on which the record starts, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A line that is no part of a readable record. */
export interface BrokenLine {
  readonly line: number;
  /** What to mend, as a sentence. */
  readonly problem: string;
  /** How the line begins, where it is text. */
  readonly beginning: string;
}

export interface CsvProgress {
  /** Bytes of the stream that were taken so far. */
  bytes: number;
}

/** A real line has a few hundred characters; more than this is a picture or another kind of file. */
const LINE_BYTES_MAX = 1_000_000;
/** A quoted field may hold a letter's worth of lines. The bound keeps an unclosed quote from taking the file with it. */
const RECORD_LINES_MAX = 200;
const BEGINNING_CHARACTERS = 100;

const PROBLEMS = {
  encoding: 'Write the line in UTF-8; it has bytes that are none.',
  nul: 'Take the NUL character out of the line.',
  long: `Shorten the line; it may have ${LINE_BYTES_MAX} bytes.`,
  opening: 'Put the field that has a quotation mark inside into quotation marks, and double the mark inside.',
  closing: 'Put a comma after the closing quotation mark, or double the mark if it belongs to the text.',
  unclosed: 'Close the quotation mark that is opened in this line.',
} as const;

/** Records and broken lines in the order of the file; lines without any character but blanks are left out. */
export async function* csvRecords(
  stream: Readable,
  progress: CsvProgress = { bytes: 0 },
): AsyncGenerator<CsvRecord | BrokenLine> {
  const lines = new LineQueue(physicalLines(stream, progress));
  for (let first = await lines.next(); first !== undefined; first = await lines.next()) {
    if (first.problem !== undefined) {
      yield broken(first, first.problem);
    } else if (first.text.trim() !== '') {
      yield first.text.includes('"')
        ? await quotedRecord(first, lines)
        : { line: first.line, fields: first.text.split(',') };
    }
  }
}

/** Takes as many further lines as the record's quoted fields span; puts them back where that comes to nothing. */
async function quotedRecord(first: PhysicalLine, lines: LineQueue): Promise<CsvRecord | BrokenLine> {
  let text = first.text;
  let result = splitQuoted(text);
  const taken: PhysicalLine[] = [];
  while (result === 'unclosed' && taken.length < RECORD_LINES_MAX && text.length < LINE_BYTES_MAX) {
    const next = await lines.next();
    if (next === undefined) break;
    taken.push(next);
    if (next.problem !== undefined) break;
    text += `\n${next.text}`;
    // Only a line with a quotation mark can close the field.
    if (next.text.includes('"')) result = splitQuoted(text);
  }
  if (typeof result !== 'string') return { line: first.line, fields: result };
  lines.putBack(taken);
  return broken(first, PROBLEMS[result]);
}

const broken = ({ line, text }: PhysicalLine, problem: string): BrokenLine => ({
  line,
  problem,
  beginning: text.slice(0, BEGINNING_CHARACTERS),
});

/** The fields of a record, or what is wrong with its quotation marks. */
function splitQuoted(text: string): string[] | 'opening' | 'closing' | 'unclosed' {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (text[at] === '"') {
      let field = '';
      let from = at + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote === -1) return 'unclosed';
        field += text.slice(from, quote);
        from = quote + 1;
        if (text[from] !== '"') break;
        field += '"';
        from += 1;
      }
      fields.push(field);
      end = from;
      if (end < text.length && text[end] !== ',') return 'closing';
    } else {
      const comma = text.indexOf(',', at);
      end = comma === -1 ? text.length : comma;
      const field = text.slice(at, end);
      if (field.includes('"')) return 'opening';
      fields.push(field);
    }
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

interface PhysicalLine {
  readonly line: number;
  readonly text: string;
  readonly problem?: string;
}

/** Lines, some of which were taken too early and come again. */
class LineQueue {
  private readonly again: PhysicalLine[] = [];

  constructor(private readonly lines: AsyncGenerator<PhysicalLine[]>) {}

  async next(): Promise<PhysicalLine | undefined> {
    while (this.again.length === 0) {
      const { done, value } = await this.lines.next();
      if (done) return undefined;
      for (let n = value.length - 1; n >= 0; n -= 1) this.again.push(value[n] as PhysicalLine);
    }
    return this.again.pop();
  }

  putBack(lines: readonly PhysicalLine[]): void {
    this.again.push(...lines.toReversed());
  }
}

const LF = 0x0a;
const CR = 0x0d;

/** The lines of each chunk of the stream, ended by LF or CRLF; a byte-order mark at the very beginning is taken off. */
async function* physicalLines(stream: Readable, progress: CsvProgress): AsyncGenerator<PhysicalLine[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;

  const finish = (last: Buffer): PhysicalLine => {
    line += 1;
    const tooLong = restBytes + last.length > LINE_BYTES_MAX;
    const bytes = rest.length === 0 ? last : Buffer.concat([...rest, last]);
    rest = [];
    restBytes = 0;
    return physicalLine(decoder, line, bytes, tooLong);
  };

  for await (const chunk of stream as AsyncIterable<Buffer>) {
    progress.bytes += chunk.length;
    const lines: PhysicalLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      lines.push(finish(chunk.subarray(from, end)));
      from = end + 1;
    }
    const tail = chunk.subarray(from);
    // Of a line that is too long anyway, the rest is counted but not kept.
    if (restBytes <= LINE_BYTES_MAX && tail.length > 0) rest.push(tail);
    restBytes += tail.length;
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [finish(Buffer.alloc(0))];
}

function physicalLine(
  decoder: InstanceType<typeof TextDecoder>,
  line: number,
  bytes: Buffer,
  tooLong: boolean,
): PhysicalLine {
  if (tooLong) return { line, text: bytes.subarray(0, BEGINNING_CHARACTERS).toString('utf8'), problem: PROBLEMS.long };
  const content = bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
  try {
    const decoded = decoder.decode(content);
    const text = line === 1 && decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded;
    return text.includes('\0')
      ? { line, text: text.replaceAll('\0', '\uFFFD'), problem: PROBLEMS.nul }
      : { line, text };
  } catch {
    return { line, text: content.toString('utf8'), problem: PROBLEMS.encoding };
  }
}
