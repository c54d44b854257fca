import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { ADVERSE_EVENTS } from './adverse-events.projection.js';

/** Who has an adverse event that no physician has closed, as the read model shows it. */
export class OpenAdverseEvents {
  constructor(private readonly db: Database) {}

  async patients(chain: Chain): Promise<Id[]> {
    const { rows } = await this.db.query<{ patient_id: Id }>(
      `select distinct patient_id from "${schemaOf(ADVERSE_EVENTS)}".adverse_event where chain = $1 and state = 'open'`,
      [chain.no],
    );
    return rows.map(({ patient_id }) => patient_id);
  }
}
