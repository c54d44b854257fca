import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { DispatchGate } from '../dispatch/dispatch-gate.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import type { MessageBalance } from './message.views.js';
import { MESSAGES, MESSAGES_SCHEMA } from './messages.projection.js';

/** Longer than quiet hours and caps let a due message wait: those make it due later. */
export const DUE_LAG_SECONDS_MAX = 600;
/** Any number of processes check; what one of them has found so lately is not asked again. */
const CHECKED_MS = 20_000;
/** What a store gives at once. */
const PAGE_EVENTS = 10_000;
/** A log of millions is counted over several checks, so that none takes minutes. */
const PAGES_MAX = 50;

export interface BalanceReport {
  readonly checkedAt: Instant;
  /** From the rows; null until the log was counted as far as the rows have come. */
  readonly counts: MessageBalance | null;
  readonly dueLagSeconds: number;
  /** What somebody has to look at, in words; null where all is well. */
  readonly alarm: string | null;
}

export interface BalanceCheckDependencies {
  readonly db: Database;
  readonly store: Pick<EventStore, 'readAll'>;
  readonly chains: Pick<Chains, 'all' | 'now'>;
  readonly gate: Pick<DispatchGate, 'state'>;
  readonly log: { error(fields: object, message: string): void; info(fields: object, message: string): void };
}

const FATES = ['sent', 'suppressed', 'expired', 'failed'] as const;
type CountedType = Extract<
  MessageEvent['type'],
  'MessagePlanned' | 'MessageSent' | 'MessageSuppressed' | 'MessageExpired' | 'MessageFailed'
>;
const TYPE_OF: Readonly<Record<'planned' | (typeof FATES)[number], CountedType>> = {
  planned: 'MessagePlanned',
  sent: 'MessageSent',
  suppressed: 'MessageSuppressed',
  expired: 'MessageExpired',
  failed: 'MessageFailed',
};
const COUNTED: ReadonlySet<string> = new Set(Object.values(TYPE_OF));

type Counts = Partial<Record<CountedType, number>>;

interface LogCount {
  readonly position: number;
  readonly counts: Counts;
}

/**
 * Holds what the rows say of messages against what the log says, at the same position, and looks for messages that should
 * have gone. The log is counted along its positions by types of events alone, with nothing of what makes the rows, so that
 * a mistake there shows here.
 */
export class BalanceCheck {
  constructor(private readonly deps: BalanceCheckDependencies) {}

  async checkAll(): Promise<void> {
    for (const chain of await this.deps.chains.all()) await this.check(chain);
  }

  /** @param anew also where another process has just done it */
  async check(chain: Chain, anew = false): Promise<BalanceReport> {
    const before = await lastBalance(this.deps.db, chain);
    if (!anew && before && Date.now() - Date.parse(before.checkedAt) < CHECKED_MS) return before;
    const { position, counts } = await this.rows(chain);
    const ofLog = await this.ofLog(chain, position);
    const dueLagSeconds = await this.dueLag(chain);
    const alarm = [
      ...(ofLog ? differences(counts, ofLog) : []),
      ...(dueLagSeconds > DUE_LAG_SECONDS_MAX
        ? [`A message has been due for ${Math.round(dueLagSeconds / 60)} minutes and has not gone.`]
        : []),
    ].join(' ');
    const report: BalanceReport = {
      ...{ checkedAt: new Date().toISOString(), counts: ofLog ? counts : (before?.counts ?? null) },
      ...{ dueLagSeconds, alarm: alarm === '' ? null : alarm },
    };
    await this.keep(chain, report);
    this.tell(chain, before?.alarm ?? null, report.alarm);
    return report;
  }

  private tell(chain: Chain, before: string | null, alarm: string | null): void {
    if (alarm === before) return;
    if (alarm !== null) this.deps.log.error({ chain: chain.slug, alarm }, 'messages are out of balance, or late');
    else this.deps.log.info({ chain: chain.slug }, 'messages are in balance and in time again');
  }

  /** The rows by fate, and the position that they have come to: of one moment. */
  private async rows(chain: Chain): Promise<{ readonly position: number; readonly counts: MessageBalance }> {
    const { rows } = await this.deps.db.query<{ position: string | null; counts: Record<string, number> | null }>(
      `select
         (select position from projection_checkpoint
          where projection = $2 and version = $3 and build = 'live' and chain = $1) as position,
         (select json_object_agg(status, n) from (
            select status, count(*)::int as n from "${MESSAGES_SCHEMA}".message where chain = $1 group by status) c) as counts`,
      [chain.no, MESSAGES.name, MESSAGES.version],
    );
    const n = (status: string) => rows[0]?.counts?.[status] ?? 0;
    const fates = { sent: n('sent'), suppressed: n('suppressed'), expired: n('expired'), failed: n('failed') };
    const pending = n('pending') + n('held') + n('attempted');
    const planned = Object.values(rows[0]?.counts ?? {}).reduce((sum, each) => sum + each, 0);
    return {
      position: Number(rows[0]?.position ?? 0),
      counts: { planned, ...fates, unknown: n('unknown'), pending },
    };
  }

  /** What the log says up to a position; undefined where it was not counted so far yet, or farther already. */
  private async ofLog(chain: Chain, to: number): Promise<MessageBalance | undefined> {
    let counted: LogCount | undefined = await this.counted(chain);
    for (let page = 0; page < PAGES_MAX && counted && counted.position < to; page += 1) {
      counted = await this.countOn(chain, counted, to);
    }
    if (counted?.position !== to) return undefined;
    const n = (fate: keyof typeof TYPE_OF) => counted.counts[TYPE_OF[fate]] ?? 0;
    const { rows } = await this.deps.db.query<{ n: number }>(
      'select count(*)::int as n from message_log_unknown where chain = $1',
      [chain.no],
    );
    const unknown = rows[0]?.n ?? 0;
    const settled = FATES.reduce((sum, fate) => sum + n(fate), unknown);
    return {
      ...{ planned: n('planned'), sent: n('sent'), suppressed: n('suppressed'), expired: n('expired') },
      ...{ failed: n('failed'), unknown, pending: n('planned') - settled },
    };
  }

  private async counted(chain: Chain): Promise<LogCount> {
    const { rows } = await this.deps.db.query<{ position: string; counts: Counts }>(
      'select position, counts from message_log_count where chain = $1',
      [chain.no],
    );
    return { position: Number(rows[0]?.position ?? 0), counts: rows[0]?.counts ?? {} };
  }

  /** Counts a page more. @returns undefined where another process has counted meanwhile */
  private async countOn(chain: Chain, { position, counts }: LogCount, to: number): Promise<LogCount | undefined> {
    const events = await this.deps.store.readAll(chain.id, { from: position + 1, to, limit: PAGE_EVENTS });
    const next: LogCount = {
      position: events.length < PAGE_EVENTS ? to : (events.at(-1) as StoredEvent).position,
      counts: { ...counts },
    };
    const sums: Record<string, number> = next.counts;
    const isUnknown = new Map<string, boolean>();
    for (const event of events) {
      const type = event.type ?? event.header.type;
      if (COUNTED.has(type)) sums[type] = (sums[type] ?? 0) + 1;
      if (type === 'MessageOutcomeUnknown') isUnknown.set(event.stream, true);
      if (type === 'MessageReopened' || type === 'MessageSent') isUnknown.set(event.stream, false);
    }
    const isFirst = await this.deps.db.transaction(async (tx) => {
      if (!(await moveOn(tx, chain, position, next))) return false;
      await noteUnknown(tx, chain, isUnknown);
      return true;
    });
    return isFirst ? next : undefined;
  }

  /** For how long the one that has been due longest has been; 0 while nothing of the chain is to go. */
  private async dueLag(chain: Chain): Promise<number> {
    const { open } = await this.deps.gate.state(chain);
    if (!open) return 0;
    const now = await this.deps.chains.now(chain);
    const { rows } = await this.deps.db.query<{ due: Date | null }>(
      `select min(next_due) as due from "${MESSAGES_SCHEMA}".message where chain = $1 and status = 'pending'`,
      [chain.no],
    );
    const due = rows[0]?.due;
    return due ? Math.max(0, (Date.parse(now) - due.getTime()) / 1000) : 0;
  }

  private async keep(chain: Chain, { checkedAt, counts, dueLagSeconds, alarm }: BalanceReport): Promise<void> {
    await this.deps.db.query(
      `insert into message_balance (chain, checked_at, counts, due_lag_seconds, alarm) values ($1, $2, $3, $4, $5)
       on conflict (chain) do update set checked_at = excluded.checked_at, counts = excluded.counts,
         due_lag_seconds = excluded.due_lag_seconds, alarm = excluded.alarm`,
      [chain.no, checkedAt, counts && JSON.stringify(counts), dueLagSeconds, alarm],
    );
  }
}

/** What the last check of any process found; undefined where there was none. */
export async function lastBalance(db: Queryable, chain: Chain): Promise<BalanceReport | undefined> {
  const { rows } = await db.query<{
    checked_at: Date;
    counts: MessageBalance | null;
    due_lag_seconds: number;
    alarm: string | null;
  }>('select checked_at, counts, due_lag_seconds, alarm from message_balance where chain = $1', [chain.no]);
  const [row] = rows;
  if (!row) return undefined;
  const { counts, due_lag_seconds: dueLagSeconds, alarm } = row;
  return { checkedAt: row.checked_at.toISOString(), counts, dueLagSeconds, alarm };
}

const differences = (rows: MessageBalance, log: MessageBalance): string[] =>
  (Object.keys(log) as (keyof MessageBalance)[])
    .filter((fate) => rows[fate] !== log[fate])
    .map((fate) => `By the log ${log[fate]} messages are ${fate}, by the rows ${rows[fate]}.`);

/** @returns whether nobody else has counted since */
async function moveOn(tx: Queryable, chain: Chain, from: number, { position, counts }: LogCount): Promise<boolean> {
  await tx.query(
    `insert into message_log_count (chain, position, counts) values ($1, 0, '{}') on conflict do nothing`,
    [chain.no],
  );
  const { rows } = await tx.query(
    'update message_log_count set position = $3, counts = $4 where chain = $1 and position = $2 returning chain',
    [chain.no, from, position, JSON.stringify(counts)],
  );
  return rows.length > 0;
}

const PREFIX = messageStream('');

async function noteUnknown(tx: Queryable, chain: Chain, isUnknown: ReadonlyMap<string, boolean>): Promise<void> {
  const ids = (wanted: boolean) =>
    [...isUnknown].filter(([, is]) => is === wanted).map(([stream]) => stream.slice(PREFIX.length));
  const [known, unknown] = [ids(false), ids(true)];
  if (known.length > 0) {
    await tx.query('delete from message_log_unknown where chain = $1 and message_id = any($2::uuid[])', [
      chain.no,
      known,
    ]);
  }
  if (unknown.length > 0) {
    await tx.query(
      `insert into message_log_unknown (chain, message_id) select $1, * from unnest($2::uuid[]) on conflict do nothing`,
      [chain.no, unknown],
    );
  }
}
