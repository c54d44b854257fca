import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { MESSAGES, MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import { HELD_WAKER } from '../reactor/held-waker.reactor.js';
import { MESSAGE_PLANNER } from '../reactor/message-planner.reactor.js';

/** How a chain stands at one moment, as whoever drives its clock must see it. */
export interface ClockOutlook {
  /** Planner, waker and read model have seen the chain's last event. */
  readonly caughtUp: boolean;
  /** Position of the chain's last event. */
  readonly head: number;
  /** Messages that are due now, or whose provider has not answered. */
  readonly due: readonly Id[];
  /** Of them, those that were not handed to the queue yet. */
  readonly unhanded: number;
  /** Whether a message that is held is to be looked at, or is being looked at: something has happened to what holds it. */
  readonly heldDue: boolean;
  /** When the next message falls due, or one that is held is to be looked at, up to the target. */
  readonly next: Instant | undefined;
}

/** What must have seen an event before anything can be said of what is due. */
const WORKS = [MESSAGE_PLANNER, HELD_WAKER, MESSAGES];

/** More at one instant are dealt with in rounds. */
const DUE_MAX = 1_000;

/**
 * That nothing is due says little unless what has happened by then had been applied. So the rows and how far they have
 * come are read in one statement, and the head of the log, wherever that is kept, after it: if they had come so far,
 * nothing has happened since that they do not show.
 */
export async function clockOutlook(
  { db, store }: { readonly db: Database; readonly store: Pick<EventStore, 'head'> },
  chain: Chain,
  until: Instant,
  skipped: ReadonlySet<Id>,
  others: readonly { readonly name: string; readonly version: number }[] = [],
): Promise<ClockOutlook> {
  const works = [...WORKS, ...others];
  const { rows } = await db.query<{ applied: string; due: Id[]; unhanded: number; held: boolean; next: Date | null }>({
    name: 'clock_outlook',
    text: `
      with clock as (
        select greatest(recorded_at, clock_timestamp() + clock_offset_ms * interval '1 millisecond') as now
        from chain where no = $1
      ), due as materialized (
        select m.message_id, m.deferrals, m.status from ${MESSAGES_SCHEMA}.message m, clock
        where m.chain = $1 and m.message_id <> all($3::uuid[])
          and (m.status = 'attempted' or (m.status = 'pending' and m.next_due <= clock.now))
        order by m.next_due, m.message_id limit ${DUE_MAX}
      )
      select (select case when count(*) < cardinality($4::text[]) then 0 else min(p.position) end
              from projection_checkpoint p
              where p.chain = $1 and p.build = 'live'
                and (p.projection, p.version) in (select * from unnest($4::text[], $5::int[]))) as applied,
             array(select message_id from due) as due,
             (select count(*)::int from due d where d.status = 'pending' and not exists (
                select 1 from dispatch_handed_over h
                where h.chain = $1 and h.message_id = d.message_id and h.deferrals = d.deferrals)) as unhanded,
             exists (select 1 from dispatch_held h where h.chain = $1 and h.next_look <= clock.now) as held,
             -- One that is held is of no use any more from its expiry on, and is then settled.
             (select min(t.at) from (
                select m.next_due as at from ${MESSAGES_SCHEMA}.message m
                where m.chain = $1 and m.status = 'pending' and m.next_due <= $2 and m.message_id <> all($3::uuid[])
                union all
                select h.next_look from dispatch_held h
                where h.chain = $1 and h.next_look > clock.now and h.next_look <= $2
              ) t) as next
      from clock`,
    values: [chain.no, until, [...skipped], works.map(({ name }) => name), works.map(({ version }) => version)],
  });
  const head = await store.head(chain.id);
  const row = rows[0];
  if (!row) return { caughtUp: true, head, due: [], unhanded: 0, heldDue: false, next: undefined };
  const caughtUp = Number(row.applied) >= head;
  const { due, unhanded, held: heldDue } = row;
  return { caughtUp, head, due, unhanded, heldDue, next: row.next?.toISOString() };
}
