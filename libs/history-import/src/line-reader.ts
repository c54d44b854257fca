import { Invalid } from '#libs/kernel/src/errors.js';
import { type BrokenLine, type CsvProgress, csvRecords } from './csv-records.js';
import type { FileFormat, Values } from './file-format.js';
import { fileNameOf } from './history-file.js';
import type { HistorySource } from './history-source.js';

/** A line of a file as it stands there. */
export interface RawLine {
  readonly line: number;
  /** By column, untouched: what a report shows. */
  readonly raw: Values;
  /** By column, without outer blanks and in one Unicode form: what is compared and recorded. */
  readonly values: Values;
}

/** The first line of a file does not name the columns of its format; nothing of the history is imported. */
export class HeaderInvalid extends Invalid {
  constructor(format: FileFormat, problem: string) {
    super('import.header', `The first line of ${fileNameOf(format.file)} ${problem}`, {
      fields: [
        { field: format.file, message: `Name the columns ${format.columns.map(({ name }) => name).join(', ')}.` },
      ],
    });
  }
}

/** The bytes of the source cannot be read to the end. What was imported before stays; run the import again. */
export class SourceUnreadable extends Invalid {
  constructor(format: FileFormat, cause: Error) {
    super('import.unreadable', `${fileNameOf(format.file)} cannot be read to its end: ${cause.message}`, { cause });
  }
}

/**
 * Checks the header of a file, and nothing else of it.
 * @throws HeaderInvalid, SourceUnreadable
 */
export async function checkHeader(source: HistorySource, format: FileFormat): Promise<void> {
  // A file that is not there has no lines.
  const stream = await source.open(format.file);
  if (!stream) return;
  for await (const _first of readable(format, linesOf(format, csvRecords(stream)))) break;
  stream.destroy();
}

/**
 * The lines of a file, broken ones included, its header left out.
 * @throws HeaderInvalid, SourceUnreadable
 */
export async function* historyLines(
  source: HistorySource,
  format: FileFormat,
  progress: CsvProgress,
): AsyncGenerator<RawLine | BrokenLine> {
  const stream = await source.open(format.file);
  if (!stream) return;
  try {
    yield* readable(format, linesOf(format, csvRecords(stream, progress)));
  } finally {
    stream.destroy();
  }
}

async function* readable<T>(format: FileFormat, lines: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* lines;
  } catch (error) {
    throw error instanceof Invalid ? error : new SourceUnreadable(format, error as Error);
  }
}

async function* linesOf(
  format: FileFormat,
  records: ReturnType<typeof csvRecords>,
): AsyncGenerator<RawLine | BrokenLine> {
  let header: readonly string[] | undefined;
  for await (const record of records) {
    if (header === undefined) {
      if ('problem' in record) throw new HeaderInvalid(format, `cannot be read. ${record.problem}`);
      header = columnsNamed(format, record.fields);
    } else if ('problem' in record) {
      yield record;
    } else {
      yield toLine(header, record.line, record.fields);
    }
  }
  if (header === undefined) throw new HeaderInvalid(format, 'is missing: the file is empty.');
}

function columnsNamed(format: FileFormat, fields: readonly string[]): string[] {
  const named = fields.map((field) => field.trim());
  const known = format.columns.map(({ name }) => name);
  const problems = [
    problem(
      'lacks',
      known.filter((name) => !named.includes(name)),
    ),
    problem(
      'has unknown columns',
      named.filter((name) => !known.includes(name)),
    ),
    problem('names more than once', [...new Set(named.filter((name, n) => named.indexOf(name) !== n))]),
  ].filter((text) => text !== undefined);
  if (problems.length > 0) throw new HeaderInvalid(format, `${problems.join(', ')}.`);
  return named;
}

const problem = (what: string, names: readonly string[]): string | undefined =>
  names.length === 0 ? undefined : `${what} ${names.map((name) => `"${name}"`).join(', ')}`;

function toLine(header: readonly string[], line: number, fields: readonly string[]): RawLine | BrokenLine {
  if (fields.length !== header.length) {
    return {
      line,
      problem: `Give the line ${header.length} fields, as the header has; it has ${fields.length}.`,
      beginning: fields.join(',').slice(0, 100),
    };
  }
  const raw: Record<string, string> = {};
  const values: Record<string, string> = {};
  header.forEach((name, n) => {
    const field = fields[n] as string;
    raw[name] = field;
    values[name] = field.trim().normalize('NFC');
  });
  return { line, raw, values };
}
