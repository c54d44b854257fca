import type { Queryable } from '#libs/database/src/database.js';

/** One statement with the values of its `$1`, `$2` and so on. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A read whose rows are `Row`. */
export interface Read<Row extends object> extends Statement {
  /** Never there: it carries the type. */
  readonly row?: Row;
}

/** The rows of several reads. */
export type RowsOf<Reads extends readonly Read<object>[]> = {
  -readonly [N in keyof Reads]: Reads[N] extends Read<infer Row> ? Row[] : never;
};

interface Combined {
  readonly name: string;
  readonly text: string;
}

/** Bounded: the texts of an application are few, and those that go together as well. */
const KNOWN_MAX = 200;
const known = new Map<string, Combined>();

/**
 * Carries several reads out in one round trip, which a page of a few events spends most of its time on. Rows come as
 * JSON makes them: numbers (`bigint` too) as numbers, dates and uuids as text, `json` as what it holds.
 * @returns the rows of each read
 */
export async function readTogether<const Reads extends readonly Read<object>[]>(
  tx: Queryable,
  reads: Reads,
): Promise<RowsOf<Reads>> {
  const found: object[][] = reads.map(() => []);
  if (reads.length > 0) {
    const { rows } = await run<{ part: number; row: object }>(tx, reads, combinedReads);
    for (const { part, row } of rows) found[part]?.push(row);
  }
  return found as RowsOf<Reads>;
}

/** Carries several writes out in one round trip. None sees what another one writes: they are for different tables. */
export async function writeTogether(tx: Queryable, writes: readonly Statement[]): Promise<void> {
  if (writes.length > 0) await run(tx, writes, combinedWrites);
}

async function run<Row extends object>(
  tx: Queryable,
  parts: readonly Statement[],
  combine: (texts: readonly string[]) => string,
): Promise<{ rows: Row[] }> {
  const { name, text } = combined(parts, combine);
  return tx.query<Row>({ name, text, values: parts.flatMap(({ values }) => values) });
}

function combined(parts: readonly Statement[], combine: (texts: readonly string[]) => string): Combined {
  const key = `${combine.name}\0${parts.map(({ text }) => text).join('\0')}`;
  let found = known.get(key);
  if (!found) {
    if (known.size >= KNOWN_MAX) throw new Error('Statements that are combined must have constant texts');
    let before = 0;
    const texts = parts.map(({ text, values }) => {
      const renumbered = text.replace(/\$(\d+)/g, (_, n: string) => `$${before + Number(n)}`);
      before += values.length;
      return renumbered;
    });
    // Named, so that the server plans it once for each connection: that takes longer than carrying it out.
    found = { name: `${combine.name}_${known.size}`, text: combine(texts) };
    known.set(key, found);
  }
  return found;
}

const combinedReads = (texts: readonly string[]): string =>
  texts.map((text, n) => `select ${n} as part, row_to_json(r${n}) as row from (${text}) r${n}`).join('\nunion all\n');

function combinedWrites(texts: readonly string[]): string {
  const last = texts.at(-1) as string;
  const others = texts.slice(0, -1);
  if (others.length === 0) return last;
  return `with ${others.map((text, n) => `w${n} as (${text})`).join(', ')}\n${last}`;
}
