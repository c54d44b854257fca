import { createHash } from 'node:crypto';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from './chains.js';
import type { EncodedEvent } from './codec.js';
import { GuardFailed, WrongExpectedRevision } from './event-store.errors.js';
import type { AppendResult, ExpectedRevision, Guard, StreamName } from './event-store.js';

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

interface OutcomeRow {
  append: number;
  outcome: 'appended' | 'repeated' | 'conflict';
  last_position: string | null;
  streams: string[] | null;
  revisions: number[] | null;
  failed_check: number | null;
}

const EXPECTED = { 'no-stream': -1, any: -2, exists: -3 } as const;

/**
 * Sends the appends of one chain to the database as one statement, and so as one transaction.
 * @returns an outcome for each append, in their order.
 */
export async function appendBatch(
  db: Queryable,
  chain: Chain,
  appends: readonly PreparedAppend[],
): Promise<AppendOutcome[]> {
  const streams = new Map<StreamName, number>();
  const index = (name: StreamName) => {
    const known = streams.get(name);
    if (known !== undefined) return known;
    streams.set(name, streams.size + 1);
    return streams.size;
  };
  const locks = new Set<bigint>();
  const guarded = new Set<bigint>();
  const checks: { append: number; stream: number; revision: number; failed: (actual: number) => AppendOutcome }[] = [];
  const events: { append: number; stream: number; event: EncodedEvent }[] = [];

  appends.forEach((append, n) => {
    locks.add(lockOf(chain, `command ${append.commandId}`));
    for (const { stream, expectedRevision, events: encoded } of append.streams) {
      locks.add(lockOf(chain, stream));
      checks.push({
        append: n + 1,
        stream: index(stream),
        revision: typeof expectedRevision === 'number' ? expectedRevision : EXPECTED[expectedRevision],
        failed: (actual) => new WrongExpectedRevision(stream, expectedRevision, actual),
      });
      for (const event of encoded) events.push({ append: n + 1, stream: index(stream), event });
    }
    for (const { stream, revision } of append.guards) {
      guarded.add(lockOf(chain, stream));
      checks.push({
        append: n + 1,
        stream: index(stream),
        revision,
        failed: (actual) => new GuardFailed(stream, revision, actual),
      });
    }
  });

  const all = [...new Set([...locks, ...guarded])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const { rows } = await db.query<OutcomeRow>({
    name: 'append_events',
    text: 'select * from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
    values: [
      chain.no,
      all.map(String),
      all.map((lock) => locks.has(lock)),
      [...streams.keys()],
      appends.map((append) => append.commandId),
      checks.map((check) => check.append),
      checks.map((check) => check.stream),
      checks.map((check) => check.revision),
      events.map((event) => event.append),
      events.map((event) => event.stream),
      events.map((event) => event.event.header),
      events.map((event) => event.event.data),
    ],
  });
  return rows.map((row) => {
    if (row.outcome === 'conflict') {
      const check = checks[(row.failed_check as number) - 1] as (typeof checks)[number];
      return check.failed((row.revisions as number[])[0] as number);
    }
    const revisions: Record<StreamName, number> = {};
    (row.streams ?? []).forEach((stream, n) => (revisions[stream] = (row.revisions as number[])[n] as number));
    return { position: Number(row.last_position), revisions, repeated: row.outcome === 'repeated' };
  });
}

/** 64 bits of SHA-256; two names that share a lock merely wait for each other. */
const lockOf = (chain: Chain, name: string): bigint =>
  createHash('sha256').update(`${chain.no} ${name}`).digest().readBigInt64BE(0);
