import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';

/** A message that is held is looked at so often even when nothing was heard, by the chain's clock. */
export const HELD_LOOK_EVERY_MS = 15 * 60_000;
/** For so long nobody else looks at what one process has taken. Real time; much longer than a look takes. */
const CLAIM_MS = 60_000;

/** A message that was taken to be looked at. */
export interface ClaimedMessage {
  readonly messageId: Id;
  /** How often it had been woken by then. */
  readonly wakes: number;
  readonly failures: number;
}

/**
 * Which messages are held, by what streams that was decided, and when each is to be looked at again: when an event comes
 * to one of these streams, when the message is of no use any more, and now and then in case nothing was heard.
 */
export class HeldNotes {
  constructor(
    private readonly db: Database,
    private readonly everyMs = HELD_LOOK_EVERY_MS,
  ) {}

  /** To be called before the hold is on record, so that no event can pass between the two. */
  async watch(
    chain: Chain,
    messageId: Id,
    streams: readonly StreamName[],
    times: { readonly now: Instant; readonly expiresAt: Instant },
  ): Promise<void> {
    await this.db.query(
      `insert into dispatch_held (chain, message_id, streams, next_look) values ($1, $2, $3, $4)
       on conflict (chain, message_id) do update set streams = excluded.streams`,
      [chain.no, messageId, streams, this.nextLook(chain, times)],
    );
  }

  /** Events have come to these streams: whatever is held because of one is looked at. */
  async wake(chain: Chain, streams: readonly StreamName[]): Promise<void> {
    await this.db.query({
      name: 'dispatch_held_wake',
      text: `update dispatch_held set next_look = '-infinity', wakes = wakes + 1
             where chain = $1 and streams && $2::text[]`,
      values: [chain.no, streams],
    });
  }

  /** Takes messages that are to be looked at now; of many processes one gets each. */
  async claim(chain: Chain, now: Instant, max: number): Promise<ClaimedMessage[]> {
    const { rows } = await this.db.query<{ message_id: Id; wakes: number; failures: number }>({
      name: 'dispatch_held_claim',
      text: `update dispatch_held h set claimed_until = clock_timestamp() + $4 * interval '1 millisecond'
             from (select chain, message_id from dispatch_held
                   where chain = $1 and next_look <= $2
                     and (claimed_until is null or claimed_until < clock_timestamp())
                   order by next_look limit $3 for update skip locked) d
             where h.chain = d.chain and h.message_id = d.message_id
             returning h.message_id, h.wakes, h.failures`,
      values: [chain.no, now, max, CLAIM_MS],
    });
    return rows.map(({ message_id: messageId, wakes, failures }) => ({ messageId, wakes, failures }));
  }

  /** It is held still. Who was woken meanwhile is looked at once more. */
  async leave(chain: Chain, { messageId, wakes }: ClaimedMessage, now: Instant): Promise<void> {
    await this.db.query(
      `update dispatch_held h set claimed_until = null,
         next_look = case when h.wakes = $3 then least(m.expires_at, $4::timestamptz) else h.next_look end
       from ${MESSAGES_SCHEMA}.message m
       where h.chain = $1 and h.message_id = $2 and m.chain = h.chain and m.message_id = h.message_id`,
      [chain.no, messageId, wakes, chain.sandbox ? 'infinity' : after(now, this.everyMs)],
    );
  }

  /** It could not be decided on now: not because of the message. */
  async postpone(chain: Chain, messageId: Id, until: Instant): Promise<void> {
    await this.db.query(
      'update dispatch_held set claimed_until = null, next_look = $3 where chain = $1 and message_id = $2',
      [chain.no, messageId, until],
    );
  }

  /** Its own fault. @returns how often that has happened */
  async failed(chain: Chain, messageId: Id): Promise<number> {
    const { rows } = await this.db.query<{ failures: number }>(
      `update dispatch_held set claimed_until = null, failures = failures + 1
       where chain = $1 and message_id = $2 returning failures`,
      [chain.no, messageId],
    );
    return rows[0]?.failures ?? 0;
  }

  /** It is no longer held. */
  async forget(chain: Chain, messageId: Id): Promise<void> {
    await this.db.query('delete from dispatch_held where chain = $1 and message_id = $2', [chain.no, messageId]);
  }

  /** Puts right whatever was lost on the way: forgets what is not held, and looks at what is held and not noted. */
  async mend(): Promise<void> {
    await this.db.query(
      `delete from dispatch_held h
       where noted_at < clock_timestamp() - interval '1 hour'
         and not exists (select 1 from ${MESSAGES_SCHEMA}.message m
                         where m.chain = h.chain and m.message_id = h.message_id and m.status = 'held')`,
    );
    await this.db.query(
      `insert into dispatch_held (chain, message_id, streams, next_look)
       select chain, message_id, '{}', '-infinity' from ${MESSAGES_SCHEMA}.message where status = 'held'
       on conflict do nothing`,
    );
  }

  /** The clock of a sandbox jumps: there only what is heard counts, and the end. */
  private nextLook(chain: Chain, { now, expiresAt }: { readonly now: Instant; readonly expiresAt: Instant }): Instant {
    const next = after(now, this.everyMs);
    return chain.sandbox || expiresAt < next ? expiresAt : next;
  }
}

const after = (now: Instant, ms: number): Instant => new Date(Date.parse(now) + ms).toISOString();
