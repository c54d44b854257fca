import { changesHistory } from '#libs/event-store/src/correction.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { lotFold, type LotState, type ReceivedLot } from '../../lot/lot.state.js';
import type { LotEvent, LotStreamEvent } from '../../lot/lot.events.js';
import { foldName } from '../../lot/lot-name.js';
import type { RecallEvent, RecallStreamEvent } from '../recall.events.js';
import { recallFold, type RecallState } from '../recall.state.js';
import { saveLotNames } from './lot-name.rows.js';

type Tables = Pick<ProjectionContext, 'tx' | 'chain'>;
type StoredRecall = Exclude<RecallState, { status: 'none' }>;

/** Where lots were received, with what was wasted of them; and recalls, with who was told. */
export class RecallRows {
  async applyLots({ tx, chain }: Tables, page: readonly SealedEvent<LotStreamEvent>[]): Promise<void> {
    const ids = [...new Set(page.map(({ data }) => data.lotId))];
    if (ids.length === 0) return;
    const states = new Map<Id, LotState>();
    for (const lot of await this.receivedLots({ tx, chain }, ids)) states.set(lot.lotId, lot);
    for (const event of page) {
      const { lotId } = event.data;
      const entries = event.history ?? [event];
      const before = changesHistory(event.type) ? lotFold.initial : (states.get(lotId) ?? lotFold.initial);
      states.set(lotId, (entries as readonly SealedEvent<LotEvent>[]).reduce(lotFold.evolve, before));
    }
    await tx.query('delete from lot where chain = $1 and id = any($2::uuid[])', [chain.no, ids]);
    const rows = [...states.values()].filter((lot): lot is ReceivedLot => lot.status === 'received');
    if (rows.length === 0) return;
    await saveLotNames({ tx, chain }, rows);
    await tx.query(
      `insert into lot (chain, id, site_id, product, lot_number, received_on, expires_on, volume_ul, wasted_ul, state)
       select $1, (r.state ->> 'lotId')::uuid, (r.state ->> 'siteId')::uuid, r.state ->> 'product', r.state ->> 'lotNumber',
         (r.state ->> 'receivedOn')::date, (r.state ->> 'expiresOn')::date,
         round((r.state ->> 'volumeMl')::numeric * 1000), round((r.state ->> 'wastedMl')::numeric * 1000), r.state
       from unnest($2::json[]) as r(state)`,
      [chain.no, rows.map((lot) => JSON.stringify(lot))],
    );
  }

  async applyRecalls({ tx, chain }: Tables, page: readonly SealedEvent<RecallStreamEvent>[]): Promise<void> {
    const ids = [...new Set(page.map(({ data }) => data.recallId))];
    if (ids.length === 0) return;
    const { rows } = await tx.query<{ id: Id; state: StoredRecall }>(
      'select id, state from recall where chain = $1 and id = any($2::uuid[])',
      [chain.no, ids],
    );
    const states = new Map<Id, RecallState>(rows.map((row) => [row.id, row.state]));
    const anew = new Set<Id>();
    for (const event of page) {
      const { recallId } = event.data;
      const entries = event.history ?? [event];
      if (changesHistory(event.type)) anew.add(recallId);
      const before = changesHistory(event.type) ? recallFold.initial : (states.get(recallId) ?? recallFold.initial);
      states.set(recallId, (entries as readonly SealedEvent<RecallEvent>[]).reduce(recallFold.evolve, before));
    }
    await tx.query('delete from told where chain = $1 and recall_id = any($2::uuid[])', [chain.no, [...anew]]);
    await this.saveTold({ tx, chain }, states);
    await this.saveRecalls({ tx, chain }, ids, states);
  }

  private async receivedLots({ tx, chain }: Tables, ids: readonly Id[]): Promise<ReceivedLot[]> {
    const { rows } = await tx.query<{ state: ReceivedLot }>(
      'select state from lot where chain = $1 and id = any($2::uuid[])',
      [chain.no, ids],
    );
    return rows.map(({ state }) => state);
  }

  /** States are kept without the patients who were told, who may be ten thousand: each stands in a row once. */
  private async saveTold({ tx, chain }: Tables, states: ReadonlyMap<Id, RecallState>): Promise<void> {
    const rows = [...states].flatMap(([recall_id, state]) =>
      state.status === 'none'
        ? []
        : state.told.map(({ entryId, patientId, on, how }) => ({
            recall_id,
            entry_id: entryId,
            patient_id: patientId,
            on_date: on,
            how,
          })),
    );
    if (rows.length === 0) return;
    await tx.query(
      `insert into told (chain, recall_id, entry_id, patient_id, on_date, how)
       select $1, r.* from jsonb_to_recordset($2::jsonb)
         as r(recall_id uuid, entry_id uuid, patient_id uuid, on_date date, how text)
       on conflict do nothing`,
      [chain.no, JSON.stringify(rows)],
    );
  }

  private async saveRecalls(
    { tx, chain }: Tables,
    ids: readonly Id[],
    states: ReadonlyMap<Id, RecallState>,
  ): Promise<void> {
    await tx.query('delete from recall where chain = $1 and id = any($2::uuid[])', [chain.no, ids]);
    const known = [...states.values()].filter((state): state is StoredRecall => state.status !== 'none');
    if (known.length === 0) return;
    await tx.query(
      `insert into recall (chain, id, product, lot_number, lot_key, recalled_on, state)
       select $1, (r.state ->> 'recallId')::uuid, r.state ->> 'product', r.state ->> 'lotNumber', r.lot_key,
         (r.state ->> 'recalledOn')::date, r.state
       from unnest($2::json[], $3::text[]) as r(state, lot_key)`,
      [
        chain.no,
        known.map((state) => JSON.stringify({ ...state, told: [] })),
        known.map(({ lotNumber }) => foldName(lotNumber)),
      ],
    );
  }
}
