import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { lotNames } from './lot-names.query.js';
import { LOT_TRACE } from './lot-trace.projection.js';

const SCHEMA = `"${schemaOf(LOT_TRACE)}"`;

/** A recall that holds. */
export interface ActiveRecall {
  readonly recallId: Id;
  readonly product: string;
  readonly lotNumber: string;
}

/** What a recalled lot still asks of a site. */
export interface TouchedSite {
  readonly siteId: Id;
  /** Sessions that are booked with the lot. */
  readonly planned: number;
  /** Patients who were treated there with it, and whom nobody has told. */
  readonly notTold: number;
}

/** Where somebody has to do something about recalls, as the read model shows it. */
export class RecallSites {
  constructor(private readonly db: Database) {}

  async active(chain: Chain): Promise<ActiveRecall[]> {
    const { rows } = await this.db.query<{ id: Id; product: string; lot_number: string }>(
      `select id, product, lot_number from ${SCHEMA}.recall where chain = $1 and state->>'status' = 'recalled'`,
      [chain.no],
    );
    return rows.map(({ id, product, lot_number }) => ({ recallId: id, product, lotNumber: lot_number }));
  }

  /** Sites with sessions to plan anew, or with patients to tell; no others. */
  async touched(chain: Chain, { recallId, product, lotNumber }: ActiveRecall): Promise<TouchedSite[]> {
    const { names } = await lotNames(this.db, chain, { product, lotNumber, recallId });
    const { rows } = await this.db.query<{ site_id: Id; planned: number; not_told: number }>(
      `select u.site_id, (count(distinct u.session_id) filter (where u.planned))::int as planned,
         (count(distinct u.patient_id) filter (where not u.planned and t.patient_id is null))::int as not_told
       from unnest($2::text[], $3::text[]) as n(product, lot_number)
       join ${SCHEMA}.lot_use u on u.chain = $1 and u.product = n.product and u.lot_number = n.lot_number
       left join (select distinct patient_id from ${SCHEMA}.told where chain = $1 and recall_id = $4) t
         on t.patient_id = u.patient_id
       group by u.site_id
       having bool_or(u.planned) or bool_or(t.patient_id is null)`,
      [chain.no, names.map((name) => name.product), names.map((name) => name.lotNumber), recallId],
    );
    return rows.map((row) => ({ siteId: row.site_id, planned: row.planned, notTold: row.not_told }));
  }
}
