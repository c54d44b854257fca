import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';
import type { Dispatcher } from './dispatcher.js';

/** Messages of one round. */
const BATCH = 200;
/** How long a message is left alone, by the chain's clock. Whatever lifts a block is noticed within that time. */
export const HELD_LOOK_EVERY_MS = 60_000;

export interface HeldMessagesDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Looks again at messages that are held, since something stands against their session. What no longer does is sent, what
 * is no longer of use expires, and nothing is written about the rest, however often it is looked at.
 */
export class HeldMessages {
  constructor(
    private readonly deps: HeldMessagesDependencies,
    private readonly everyMs = HELD_LOOK_EVERY_MS,
  ) {}

  /** Those that nobody has looked at for a minute of the chain's clock, at most `BATCH` of them. */
  async look(chain: Chain): Promise<void> {
    const now = await this.deps.chains.now(chain);
    const before = new Date(Date.parse(now) - this.everyMs).toISOString();
    const { rows } = await this.deps.db.query<{ message_id: Id }>(
      `select m.message_id from ${MESSAGES_SCHEMA}.message m
       left join dispatch_held_look l on l.chain = m.chain and l.message_id = m.message_id
       where m.chain = $1 and m.status = 'held' and (l.looked_at is null or l.looked_at <= $2)
       order by l.looked_at nulls first limit $3`,
      [chain.no, before, BATCH],
    );
    await this.lookAt(chain, rows);
  }

  /** All of them, whenever they were looked at: before the clock of a sandbox goes on. */
  async lookAtAll(chain: Chain): Promise<void> {
    let after: Id | null = null;
    for (;;) {
      const { rows }: { rows: { message_id: Id }[] } = await this.deps.db.query<{ message_id: Id }>(
        `select message_id from ${MESSAGES_SCHEMA}.message
         where chain = $1 and status = 'held' and ($2::uuid is null or message_id > $2) order by message_id limit $3`,
        [chain.no, after, BATCH],
      );
      await this.lookAt(chain, rows);
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return;
      after = last.message_id;
    }
  }

  /** Forgets when those were looked at that are no longer held. */
  async forget(): Promise<void> {
    await this.deps.db.query(
      `delete from dispatch_held_look l
       where not exists (select 1 from ${MESSAGES_SCHEMA}.message m
                         where m.chain = l.chain and m.message_id = l.message_id and m.status = 'held')`,
    );
  }

  private async lookAt(chain: Chain, rows: readonly { readonly message_id: Id }[]): Promise<void> {
    if (rows.length === 0) return;
    const ids = rows.map((row) => row.message_id);
    for (const id of ids) {
      try {
        await this.deps.dispatcher.dispatch(chain, id);
      } catch (error) {
        // One that cannot be decided on now must not keep the others waiting; the next round comes to it again.
        this.deps.log.warn({ message: id, err: error }, 'a message that is held could not be looked at');
      }
    }
    await this.deps.db.query(
      `insert into dispatch_held_look (chain, message_id, looked_at) select $1, id, $3 from unnest($2::uuid[]) as t(id)
       on conflict (chain, message_id) do update set looked_at = excluded.looked_at`,
      [chain.no, ids, await this.deps.chains.now(chain)],
    );
  }
}
