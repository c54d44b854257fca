import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { type Projection, type ProjectionContext, schemaOf } from '#libs/projections/src/projection.js';
import { ERASURE_EVENTS, type ErasureEvent } from './erasure.events.js';

export const ERASURES = { name: 'erasures', version: 1 } as const;
export const ERASURES_SCHEMA = schemaOf(ERASURES);

/** Every erasure that was asked for, and what became of it. Holds ids and instants alone. */
export const erasuresProjection: Projection = {
  ...ERASURES,
  types: new Set(ERASURE_EVENTS.map(({ type }) => type)),
  ddl: `
    create table erasure (
      chain integer not null,
      id uuid not null,
      patient_id uuid not null,
      -- requested, declined, erased
      state text not null,
      ground text not null,
      requested_by text not null,
      requested_at timestamptz not null,
      decided_by text,
      decided_at timestamptz,
      primary key (chain, id)
    );
    create index erasure_patient on erasure (chain, patient_id);
  `,
  // Who may propose an erasure sees what became of it: a case is named by its patient, where the guard has looked.
  rowsOf: { erasure: 'withheld' },
  apply: async (context, events) => {
    for (const event of events as readonly RecordedEvent<ErasureEvent>[]) await applyOne(context, event);
  },
};

/** Erasures are rare: a statement each. */
async function applyOne({ tx, chain }: ProjectionContext, event: RecordedEvent<ErasureEvent>): Promise<void> {
  const { type, data, recordedAt, header } = event;
  if (type === 'ErasureRequested') {
    await tx.query(
      `insert into erasure (chain, id, patient_id, state, ground, requested_by, requested_at)
       values ($1, $2, $3, 'requested', $4, $5, $6) on conflict do nothing`,
      [chain.no, data.erasureId, data.patientId, data.ground, header.actor, recordedAt],
    );
  }
  if (type === 'ErasureConfirmed' || type === 'ErasureDeclined') {
    const state = type === 'ErasureConfirmed' ? 'erased' : 'declined';
    await tx.query('update erasure set state = $3, decided_by = $4, decided_at = $5 where chain = $1 and id = $2', [
      chain.no,
      data.erasureId,
      state,
      header.actor,
      recordedAt,
    ]);
  }
}
