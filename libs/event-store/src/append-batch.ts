import type { Id } from '#libs/kernel/src/ids.js';
import { int2Array, int4Array, textArray, uuidArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from './chains.js';
import type { EncodedEvent } from './codec.js';
import { ClockSetBack, GuardFailed, WrongExpectedRevision } from './event-store.errors.js';
import {
  type AppendResult,
  type ExpectedRevision,
  type Guard,
  NO_STREAM_REVISION,
  type StreamName,
} from './event-store.js';

/** An append whose events are encoded: ready to be sent, and to be sent again as it is. */
export interface PreparedAppend {
  readonly commandId: Id;
  readonly streams: readonly {
    readonly stream: StreamName;
    readonly expectedRevision: ExpectedRevision;
    readonly events: readonly EncodedEvent[];
  }[];
  readonly guards: readonly Guard[];
}

/** What became of one append of a batch. */
export type AppendOutcome = AppendResult | WrongExpectedRevision | GuardFailed;

interface BatchRow {
  base: string;
  heads: number[] | null;
  revisions: number[] | null;
  outcomes: number[] | null;
  details: string[] | null;
  actuals: number[] | null;
}

/** What the procedure says of an append. */
const WRITTEN = 0;
const REPEATED = 1;
const CONFLICT = 2;

const EXPECTED = { 'no-stream': -1, any: -2, exists: -3 } as const;
/** A revision that no stream ever has. */
const NEVER = -4;
const REVISION_MAX = 2 ** 31 - 1;
/** SQLSTATE of the procedure's own. */
const CLOCK_SET_BACK = 'PI001';

/**
 * Sends the appends of one chain to the database as one statement, and so as one transaction.
 * @returns an outcome for each append, in their order.
 * @throws ClockSetBack
 */
export async function appendBatch(
  db: Queryable,
  chain: Chain,
  appends: readonly PreparedAppend[],
): Promise<AppendOutcome[]> {
  const batch = new Batch(appends);
  try {
    const { rows } = await db.query<BatchRow>({
      name: 'append_events',
      text: `select * from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      values: [chain.no, ...batch.values()],
    });
    return await outcomesOf(db, chain, batch, rows[0] as BatchRow);
  } catch (error) {
    if ((error as { code?: unknown }).code === CLOCK_SET_BACK) throw new ClockSetBack((error as Error).message, error);
    throw error;
  }
}

interface Check {
  readonly append: number;
  readonly stream: number;
  readonly revision: number;
  readonly failed: (actual: number) => AppendOutcome;
}

interface BatchEvent {
  readonly append: number;
  readonly stream: number;
  readonly name: StreamName;
  readonly nth: number;
  readonly size: number | null;
  readonly event: EncodedEvent;
}

/** The appends as the procedure takes them: parallel arrays that mean appends and streams by their number, from 1. */
class Batch {
  readonly checks: Check[] = [];
  readonly events: BatchEvent[] = [];
  private readonly numbers = new Map<StreamName, number>();
  /** For each stream, how many of the batch's events it gets. */
  private readonly counts: number[] = [];
  /** For each stream, the last append that names it. */
  private readonly users: number[] = [];
  private readonly commands = new Set<Id>();
  private readonly writtenStreams = new Set<number>();
  /** No stream is written by one append and used by another one, and no command comes twice. */
  private isAlone = true;

  constructor(readonly appends: readonly PreparedAppend[]) {
    appends.forEach((append, n) => this.add(append, n + 1));
  }

  values(): unknown[] {
    const { checks, events } = this;
    return [
      textArray([...this.numbers.keys()]),
      uuidArray(this.appends.map(({ commandId }) => commandId)),
      this.isAlone,
      int4Array(checks.map(({ append }) => append)),
      int4Array(checks.map(({ stream }) => stream)),
      int4Array(checks.map(({ revision }) => revision)),
      int4Array(events.map(({ append }) => append)),
      int4Array(events.map(({ stream }) => stream)),
      int4Array(events.map(({ nth }) => nth)),
      int2Array(events.map(({ size }) => size)),
      textArray(events.map(({ name }) => name)),
      textArray(events.map(({ event }) => event.header)),
      textArray(events.map(({ event }) => event.data)),
    ];
  }

  private add({ commandId, streams, guards }: PreparedAppend, append: number): void {
    if (this.commands.has(commandId)) this.isAlone = false;
    this.commands.add(commandId);
    let size: number | null = streams.reduce((sum, { events }) => sum + events.length, 0);
    for (const { stream, expectedRevision, events } of streams) {
      const number = this.use(stream, append, events.length > 0);
      this.checks.push({
        append,
        stream: number,
        revision: typeof expectedRevision === 'number' ? toCheck(expectedRevision) : EXPECTED[expectedRevision],
        failed: (actual) => new WrongExpectedRevision(stream, expectedRevision, actual),
      });
      for (const event of events) {
        const nth = (this.counts[number] ?? 0) + 1;
        this.counts[number] = nth;
        this.events.push({ append, stream: number, name: stream, nth, size, event });
        size = null;
      }
    }
    for (const { stream, revision } of guards) {
      this.checks.push({
        append,
        stream: this.use(stream, append, false),
        revision: toCheck(revision),
        failed: (actual) => new GuardFailed(stream, revision, actual),
      });
    }
  }

  private use(stream: StreamName, append: number, writes: boolean): number {
    let number = this.numbers.get(stream);
    if (number === undefined) {
      number = this.numbers.size + 1;
      this.numbers.set(stream, number);
    } else if (this.users[number] !== append && (writes || this.writtenStreams.has(number))) {
      this.isAlone = false;
    }
    this.users[number] = append;
    if (writes) this.writtenStreams.add(number);
    return number;
  }
}

/** What no stream can have must neither be taken for one of the words nor spoil the batch: it never matches. */
const toCheck = (revision: number): number =>
  Number.isInteger(revision) && revision >= NO_STREAM_REVISION && revision <= REVISION_MAX ? revision : NEVER;

async function outcomesOf(db: Queryable, chain: Chain, batch: Batch, row: BatchRow): Promise<AppendOutcome[]> {
  const { appends, checks } = batch;
  const written = writtenResults(batch, row);
  const firsts = appends.flatMap((_, n) => (row.outcomes?.[n] === REPEATED ? [Number(row.details?.[n])] : []));
  const repeated = firsts.length > 0 ? await repeatedResults(db, chain, firsts) : new Map<number, AppendResult>();
  return appends.map((_, n) => {
    const detail = Number(row.details?.[n] ?? 0);
    switch (row.outcomes?.[n] ?? WRITTEN) {
      case WRITTEN:
        return written[n] as AppendResult;
      case REPEATED:
        return repeated.get(detail) as AppendResult;
      case CONFLICT:
        return (checks[detail - 1] as Check).failed(row.actuals?.[n] as number);
      default:
        return { ...(written[detail - 1] as AppendResult), repeated: true };
    }
  });
}

/** The results of appends that were written; what stands for the others is not meant. */
function writtenResults({ appends, events }: Batch, row: BatchRow): AppendResult[] {
  let position = Number(row.base);
  let nth = 0;
  let at = 0;
  return appends.map((_, n) => {
    const revisions: Record<StreamName, number> = {};
    const isWritten = (row.outcomes?.[n] ?? WRITTEN) === WRITTEN;
    for (; at < events.length && events[at]?.append === n + 1; at += 1) {
      if (!isWritten) continue;
      const { name, stream, nth: nthOfStream } = events[at] as BatchEvent;
      const head = row.heads?.[stream - 1] as number;
      revisions[name] = row.outcomes === null ? head + nthOfStream : (row.revisions?.[nth] as number);
      nth += 1;
      position += 1;
    }
    return { position, revisions, repeated: false };
  });
}

/** The first results of commands, by the position of their first event. */
async function repeatedResults(
  db: Queryable,
  chain: Chain,
  firsts: readonly number[],
): Promise<Map<number, AppendResult>> {
  const { rows } = await db.query<{ first: string; position: string; stream: StreamName; revision: number }>(
    `select f.position as first, e.position, e.stream, e.revision
     from unnest($2::bigint[]) as w(position)
     cross join lateral (
       select l.position, l.command_events from event_log l where l.chain = $1 and l.position = w.position limit 1
     ) f
     cross join lateral (
       select l.position, l.stream, l.revision from event_log l
       where l.chain = $1 and l.position >= f.position and l.position < f.position + f.command_events
       order by l.position limit f.command_events
     ) e
     order by e.position`,
    [chain.no, [...new Set(firsts)]],
  );
  const results = new Map<number, { position: number; revisions: Record<StreamName, number>; repeated: true }>();
  for (const { first, position, stream, revision } of rows) {
    const result = results.get(Number(first)) ?? { position: 0, revisions: {}, repeated: true };
    result.position = Number(position);
    result.revisions[stream] = revision;
    results.set(Number(first), result);
  }
  return results;
}
