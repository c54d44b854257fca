import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Queryable } from '#libs/database/src/database.js';
import { pagesOf, type PagesAsked } from './log-pages.js';

const CHAIN = { no: 1 };

/** A log of rows that stand at some positions, which answers the two statements and counts what is open. */
class FakeLog implements Queryable {
  open = 0;
  openMax = 0;
  /** First and last position of each page that was asked for, in the order of asking. */
  readonly windows: (readonly [bigint, bigint])[] = [];
  /** Is told of each statement before it is answered. */
  onStatement: () => void = () => undefined;
  /** The pages that cannot be read, by their first position, and how many turns each takes to fail. */
  readonly broken = new Map<bigint, number>();

  constructor(private positions: readonly bigint[]) {}

  append(count: number): void {
    const last = this.positions.at(-1) ?? 0n;
    this.positions = [...this.positions, ...Array.from({ length: count }, (_, n) => last + BigInt(n) + 1n)];
  }

  async query<R extends object>(asked: Parameters<Queryable['query']>[0]): Promise<{ rows: R[]; rowCount: number }> {
    const { values } = asked as { values: unknown[] };
    const [no, from, until] = values as [number, string, string | undefined];
    expect(no).toBe(CHAIN.no);
    this.onStatement();
    const known = this.positions.filter((each) => each >= BigInt(from));
    if (until === undefined) return this.answer(known.slice(0, 1).map((each) => ({ position: String(each) })));
    this.windows.push([BigInt(from), BigInt(until)]);
    this.openMax = Math.max(this.openMax, ++this.open);
    const fails = this.broken.get(BigInt(from));
    for (let left = fails ?? 3; left > 0; left--) await turn();
    this.open -= 1;
    if (fails !== undefined) throw new Error(`no page from ${from}`);
    const rows = known.filter((each) => each <= BigInt(until));
    return this.answer(rows.map((each) => [String(each), 'note-1', 0, '1000', null, '{}', `${each}`, 1]));
  }

  private answer<R extends object>(rows: readonly object[]): { rows: R[]; rowCount: number } {
    return { rows: rows as R[], rowCount: rows.length };
  }
}

const dense = (from: number, count: number) => Array.from({ length: count }, (_, n) => BigInt(from + n));

/** Positions in the order in which they come; the data of a row tells them where a number cannot. */
async function read(log: FakeLog, asked: Partial<PagesAsked> & { head: number }): Promise<bigint[]> {
  const found: bigint[] = [];
  for await (const page of pagesOf(log, { chain: CHAIN, pageRows: 5, aheadMax: 2, ...asked })) {
    expect(page.length).toBeGreaterThan(0);
    found.push(...page.map(({ data }) => BigInt(data)));
  }
  expect(log.open).toBe(0);
  return found;
}

describe('the pages of a log', () => {
  it('have every row once and in order, whatever positions were tampered with and whatever the chain says its head is', async () => {
    const [min, max] = [-(2n ** 63n), 2n ** 63n - 1n];
    const run = fc.tuple(fc.integer({ min: -20, max: 90 }), fc.integer({ min: 0, max: 40 }));
    const far = fc.oneof(fc.constantFrom(min, min + 3n, max - 3n, max), fc.bigInt({ min, max }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(run, { maxLength: 4 }),
        fc.array(far, { maxLength: 4 }),
        fc.oneof(fc.integer({ min: -5, max: 130 }), fc.constantFrom(Number.MAX_SAFE_INTEGER, Number(max), Number(min))),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
        async (runs, others, head, pageRows, aheadMax) => {
          const all = new Set([...runs.flatMap(([from, count]) => dense(from, count)), ...others]);
          const positions = [...all].sort((a, b) => (a < b ? -1 : 1));
          const log = new FakeLog(positions);
          expect(await read(log, { head, pageRows, aheadMax })).toEqual(positions);
          expect(log.openMax).toBeLessThanOrEqual(aheadMax + 1);
          for (const [from, until] of log.windows) expect(until - from).toBeLessThan(pageRows);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are read ahead, so many as may be and no more, while one is looked at', async () => {
    const log = new FakeLog(dense(1, 100));
    let pages = 0;
    for await (const page of pagesOf(log, { chain: CHAIN, head: 100, pageRows: 5, aheadMax: 2 })) {
      expect(page).toHaveLength(5);
      pages += 1;
      expect(log.windows).toHaveLength(Math.min(pages + 2, 20));
    }
    expect(log.openMax).toBe(3);
  });

  it('miss no event that is recorded meanwhile, and see none before the one before it', async () => {
    const log = new FakeLog(dense(1, 42));
    let left = 60;
    log.onStatement = () => left-- > 0 && log.append(3);
    expect(await read(log, { head: 42 })).toEqual(dense(1, 42 + 60 * 3));
    // What was asked for at once had all been recorded before.
    const ahead = log.windows.filter(([from]) => from <= 42n);
    expect(ahead.at(-1)).toEqual([41n, 42n]);
  });

  it('come up to the one that cannot be read, and then its error, though a later one failed sooner', async () => {
    const log = new FakeLog(dense(1, 100));
    log.broken.set(11n, 9).set(16n, 1);
    const found: number[] = [];
    const reading = async () => {
      for await (const page of pagesOf(log, { chain: CHAIN, head: 100, pageRows: 5, aheadMax: 2 })) {
        found.push(...page.map(({ position }) => position));
        await turn();
      }
    };
    await expect(reading()).rejects.toThrow('no page from 11');
    expect(found).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(log.open).toBe(0);
  });

  it('leave no read open when whoever looks at them stops', async () => {
    const log = new FakeLog(dense(1, 100));
    log.broken.set(6n, 5);
    const stop = async () => {
      for await (const page of pagesOf(log, { chain: CHAIN, head: 100, pageRows: 5, aheadMax: 2 })) {
        expect(log.open).toBe(2);
        throw new Error(`enough after ${page.length}`);
      }
    };
    await expect(stop()).rejects.toThrow('enough after 5');
    expect(log.open).toBe(0);
  });
});
