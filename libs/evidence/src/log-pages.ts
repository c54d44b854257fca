import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { chainNoOfReads, isReadsChain } from '#libs/read-record/src/reads-chain.js';
import type { LogRow } from './verify-log.js';

export interface PagesAsked {
  readonly chain: Pick<Chain, 'no'>;
  /**
   * Position of the chain's last event before the first page is asked for. Positions are given in the order of commits
   * and nothing is taken back: whatever is read later sees every event up to here, so that pages up to here may be read
   * in any order and still be of one log. What is past it may be coming in and is read one page after the other.
   */
  readonly head: number;
  /** Positions of a page. */
  readonly pageRows: number;
  /** Pages that are read while one is looked at, each on a connection of its own where there are several. */
  readonly aheadMax: number;
}

/** What a position can be in the database. One that was tampered with may be any of them. */
const POSITION_MIN = -(2n ** 63n);
const POSITION_MAX = 2n ** 63n - 1n;

type Row = [
  position: string,
  stream: string,
  revision: number | string,
  at: string,
  command: string | null,
  header: string,
  data: string,
  /** Of an event how many its command has, on the first; of a read the patients, as an array in PostgreSQL's words. */
  beside: number | string | null,
];

/** The rows at some positions, which are being read. */
interface Window {
  readonly from: bigint;
  readonly until: bigint;
  readonly rows: Promise<readonly Row[]>;
}

/**
 * Every row of the chain in the order of positions, those with positions that cannot be, too. A page is asked for by its
 * first and its last position: then nothing needs to be known of the page before it. And a server that has no statistics
 * of the table, as after a restore, cannot do worse than sort that page; asked for the next rows after a position, it
 * sorts all that is left of the log, for each page anew.
 *
 * Memory: `aheadMax` + 1 pages. An error comes in the place of the page that could not be read, after those before it.
 * Whoever stops in between has no read left open.
 */
export async function* pagesOf(db: Queryable, asked: PagesAsked): AsyncGenerator<LogRow[]> {
  const log = new LogReads(db, asked.chain);
  const head = least(BigInt(asked.head), POSITION_MAX);
  const windows: Window[] = [];
  let from: bigint | undefined = await log.next(POSITION_MIN);
  try {
    while (from !== undefined) {
      while (windows.length === 0 || (windows.length <= asked.aheadMax && from <= head)) {
        const until: bigint = least(from + BigInt(asked.pageRows) - 1n, from <= head ? head : POSITION_MAX);
        windows.push(log.window(from, until));
        from = until + 1n;
      }
      const window = windows.shift() as Window;
      const rows = await window.rows;
      if (rows.length > 0) yield rows.map(log.rowOf);
      if (rows.length > 0 && window.until < head) continue;
      // Past the head, or where rows are missing: a gap may be as wide as a number goes, so that the next row is looked for.
      await settled(windows.splice(0));
      const last = rows.at(-1)?.[0];
      from = await log.next(last === undefined ? window.from : BigInt(last) + 1n);
    }
  } finally {
    await settled(windows);
  }
}

const settled = (windows: readonly Window[]) => Promise.allSettled(windows.map(({ rows }) => rows));

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The statements on the log of a chain, or on the record of its reads. */
class LogReads {
  private readonly ofReads: boolean;
  private readonly table: string;
  private readonly no: number;
  readonly rowOf: (row: Row) => LogRow;

  constructor(
    private readonly db: Queryable,
    chain: Pick<Chain, 'no'>,
  ) {
    this.ofReads = isReadsChain(chain);
    this.table = this.ofReads ? 'read_record' : 'event_log';
    this.no = this.ofReads ? chainNoOfReads(chain) : chain.no;
    this.rowOf = this.ofReads ? readOf : eventOf;
  }

  window(from: bigint, until: bigint): Window {
    const columns = this.ofReads ? `'reads', position - 1` : 'stream, revision';
    const rows = this.db
      .query<Row>({
        name: `verify_${this.table}`,
        text: `select position, ${columns}, date_part('epoch', recorded_at) * 1000,
                 ${this.ofReads ? 'null' : 'command_id'}, header, data,
                 ${this.ofReads ? 'patients::text' : 'command_events'}
               from ${this.table} where chain = $1 and position between $2 and $3 order by position`,
        values: [this.no, String(from), String(until)],
        rowMode: 'array',
      })
      .then((found) => found.rows);
    // Whoever stops before it leaves it alone: it must not be a rejection that nobody has seen.
    rows.catch(() => undefined);
    return { from, until, rows };
  }

  /** The first position from one on that has a row. */
  async next(from: bigint): Promise<bigint | undefined> {
    if (from > POSITION_MAX) return undefined;
    const { rows } = await this.db.query<{ position: string }>({
      name: `verify_next_${this.table}`,
      text: `select position from ${this.table} where chain = $1 and position >= $2 order by position limit 1`,
      values: [this.no, String(from)],
    });
    return rows[0] && BigInt(rows[0].position);
  }
}

const eventOf = ([position, stream, revision, at, commandId, header, data, commandEvents]: Row): LogRow => ({
  position: Number(position),
  stream,
  revision: Number(revision),
  recordedAtMs: wholeMilliseconds(Number(at)),
  commandId: commandId ?? undefined,
  commandEvents: commandEvents === null ? null : Number(commandEvents),
  patients: undefined,
  header,
  data,
});

const readOf = ([position, stream, revision, at, , header, data, patients]: Row): LogRow => ({
  position: Number(position),
  stream,
  revision: Number(revision),
  recordedAtMs: wholeMilliseconds(Number(at)),
  commandId: undefined,
  commandEvents: undefined,
  patients: patients === null ? null : String(patients),
  header,
  data,
});

/**
 * Times are recorded in whole milliseconds, which a number of 64 bits has exactly once it is multiplied out to within
 * some tenths of a microsecond. A time that was changed by less than one is none that was ever recorded.
 */
function wholeMilliseconds(ms: number): number {
  const whole = Math.round(ms);
  return Math.abs(ms - whole) < 0.000_6 ? whole : Number.NaN;
}
