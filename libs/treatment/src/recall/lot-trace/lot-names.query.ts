import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { foldName } from '../../lot/lot-name.js';
import { recallIdOf } from '../recall.events.js';
import { isSameLot, type NamedLot, recallOfLot } from '../recalled-lot.rules.js';
import type { RecallState } from '../recall.state.js';
import { LOT_TRACE } from './lot-trace.projection.js';

const SCHEMA = `"${schemaOf(LOT_TRACE)}"`;

type StoredRecall = Exclude<RecallState, { status: 'none' }>;

/** All that is one lot, by the rule that a recall goes by. */
export interface LotNames {
  /** How it is written, the asked spelling first. */
  readonly names: readonly Pick<NamedLot, 'product' | 'lotNumber'>[];
  readonly recallId: Id;
  /** Receipts of it at sites. */
  readonly receipts: number;
}

interface NameRow {
  readonly product: string;
  readonly lot_number: string;
  /** Of each receipt under the name. */
  readonly gtins: (string | null)[];
}

/**
 * Every spelling under which a lot stands on record, and its recall. A lot number has few spellings, and few products share
 * it: they are compared here, by the rule, and not in SQL.
 * @param asked the recall is looked for where it is left out
 */
export async function lotNames(
  db: Pick<Database, 'query'>,
  chain: Chain,
  asked: {
    readonly product: string;
    readonly lotNumber: string;
    readonly gtin?: string | null;
    readonly recallId?: Id;
  },
): Promise<LotNames> {
  const { product, lotNumber } = asked;
  const key = [chain.no, foldName(lotNumber)];
  const [{ rows }, { rows: recalls }] = await Promise.all([
    db.query<NameRow>(
      `select n.product, n.lot_number, coalesce((
         select json_agg(l.state ->> 'gtin') from ${SCHEMA}.lot l
         where l.chain = n.chain and l.product = n.product and l.lot_number = n.lot_number), '[]') as gtins
       from ${SCHEMA}.lot_name n where n.chain = $1 and n.lot_key = $2`,
      key,
    ),
    db.query<{ id: Id; state: StoredRecall }>(
      `select id, state from ${SCHEMA}.recall where chain = $1 and lot_key = $2 order by recalled_on, id`,
      key,
    ),
  ]);
  const exactly = recallIdOf(chain.id, product, lotNumber);
  const own = recalls.find(({ id }) => id === (asked.recallId ?? exactly));
  const known = recalls.map(({ state }) => state);
  const about = own ? own.state : recallOfLot(known, { product, lotNumber, gtin: asked.gtin ?? null });
  const gtin = asked.gtin ?? (about.status === 'none' ? null : about.latest.gtin);
  const gtinsOf = ({ gtins }: NameRow) => (gtins.length === 0 ? [null] : gtins);
  const isIt = (row: NameRow, of: string | null) =>
    isSameLot({ product, lotNumber, gtin }, { product: row.product, lotNumber: row.lot_number, gtin: of });
  const same = rows.filter((row) => gtinsOf(row).some((of) => isIt(row, of)));
  const others = same
    .map((row) => ({ product: row.product, lotNumber: row.lot_number }))
    .filter((name) => name.product !== product || name.lotNumber !== lotNumber);
  return {
    names: [{ product, lotNumber }, ...others],
    recallId: own?.id ?? (about.status === 'none' ? exactly : about.recallId),
    receipts: same.flatMap((row) => row.gtins.filter((of) => isIt(row, of))).length,
  };
}
