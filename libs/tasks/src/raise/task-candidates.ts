import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { TASKS_SCHEMA } from '../tasks/tasks.projection.js';

const SCHEMA = `"${TASKS_SCHEMA}"`;

/** Where time alone may have made a task, as the read model shows it; what is so is decided from the events. */
export class TaskCandidates {
  constructor(private readonly db: Database) {}

  /** Check-ins of patients that were sent, and that nobody has answered. */
  async checkInsOf(chain: Chain, patientIds: readonly Id[]): Promise<Id[]> {
    if (patientIds.length === 0) return [];
    const { rows } = await this.db.query<{ message_id: Id }>(
      `select message_id from ${SCHEMA}.check_in
       where chain = $1 and patient_id = any($2::uuid[]) and sent_at is not null and not answered`,
      [chain.no, patientIds],
    );
    return rows.map(({ message_id }) => message_id);
  }

  /** The same, sent by some instant, of which no task was raised that still holds or was seen to. */
  async silentSince(chain: Chain, patientIds: readonly Id[], sentBy: Instant): Promise<Id[]> {
    if (patientIds.length === 0) return [];
    const { rows } = await this.db.query<{ message_id: Id }>(
      `select message_id from ${SCHEMA}.check_in c
       where chain = $1 and patient_id = any($2::uuid[]) and sent_at <= $3 and not answered and not exists (
         select 1 from ${SCHEMA}.task t
         where t.chain = c.chain and t.message_id = c.message_id and t.kind = 'check-in-unanswered'
           and t.state <> 'withdrawn')
       order by sent_at`,
      [chain.no, patientIds, sentBy],
    );
    return rows.map(({ message_id }) => message_id);
  }

  /** The sites at which a recall has a task, and whether somebody still has to see to it. */
  async recallTasks(chain: Chain, recallId: Id): Promise<Map<Id, 'open' | 'taken' | 'done' | 'withdrawn'>> {
    const { rows } = await this.db.query<{ site_id: Id; state: 'open' | 'taken' | 'done' | 'withdrawn' }>(
      `select site_id, state from ${SCHEMA}.task where chain = $1 and recall_id = $2`,
      [chain.no, recallId],
    );
    return new Map(rows.map(({ site_id, state }) => [site_id, state]));
  }
}
