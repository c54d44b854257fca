import type { Projection, SealedEvent } from '#libs/projections/src/projection.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, WallTime } from '#libs/kernel/src/zoned-time.js';
import { SLOT_EVENTS, type SlotEvent } from '../slot/slot.events.js';
import type { SlotView } from './slots.contract.js';

export const SLOTS = { name: 'slots', version: 1 } as const;

export interface SlotRow {
  readonly chain: number;
  readonly id: Id;
  readonly state: SlotView['state'];
  readonly course_id: Id;
  readonly patient_id: Id;
  readonly site_id: Id;
  readonly ordinal: number;
  readonly try: number;
  readonly at_wall: WallTime | null;
  readonly duration_minutes: number | null;
  readonly held_until: Instant | null;
  readonly confirmed_by: 'patient' | 'staff' | null;
  readonly against: readonly string[];
  readonly reason: SlotView['reason'];
  readonly answered_late: boolean;
  readonly session_id: Id | null;
}

/** Each slot as it stands, in a row of its own. */
export const slotsProjection: Projection = {
  ...SLOTS,
  types: new Set(SLOT_EVENTS.map(({ type }) => type)),
  ddl: `
    create table slot (
      chain integer not null,
      id uuid not null,
      state text not null,
      course_id uuid not null,
      patient_id uuid not null,
      site_id uuid not null,
      ordinal integer not null,
      try integer not null,
      -- At the site.
      at_wall text collate "C",
      duration_minutes integer,
      held_until text,
      confirmed_by text,
      against jsonb not null,
      reason text,
      answered_late boolean not null,
      session_id uuid,
      primary key (chain, id)
    );
    create index slot_site on slot (chain, site_id, at_wall, id);
    create index slot_course on slot (chain, course_id);
  `,
  rowsOf: { slot: { site: 'site_id', patient: 'patient_id' } },
  apply: async ({ tx, chain }, events) => {
    const page = events as readonly SealedEvent<SlotEvent>[];
    const ids = [...new Set(page.map(({ data }) => data.slotId))];
    const { rows } = await tx.query<SlotRow>('select * from slot where chain = $1 and id = any($2::uuid[])', [
      chain.no,
      ids,
    ]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const event of page) {
      const row = evolveRow(chain.no, byId.get(event.data.slotId), event);
      byId.set(row.id, row);
    }
    await tx.query(
      `insert into slot select r.* from jsonb_populate_recordset(null::slot, $1) r
       on conflict (chain, id) do update set state = excluded.state, against = excluded.against,
         reason = excluded.reason, answered_late = excluded.answered_late, session_id = excluded.session_id`,
      [JSON.stringify([...byId.values()])],
    );
  },
};

function evolveRow(chain: number, row: SlotRow | undefined, event: SealedEvent<SlotEvent>): SlotRow {
  if (event.type === 'SlotHeld') {
    const { slotId, courseId, patientId, siteId, ordinal, at, durationMinutes, heldUntil, confirmedBy } = event.data;
    return {
      ...{ chain, id: slotId, state: 'held', course_id: courseId, patient_id: patientId, site_id: siteId, ordinal },
      ...{ try: event.data.try, at_wall: at.wall, duration_minutes: durationMinutes, held_until: heldUntil },
      ...{ confirmed_by: confirmedBy, against: [], reason: null, answered_late: false, session_id: null },
    };
  }
  if (event.type === 'SlotsExhausted') {
    const { slotId, courseId, patientId, siteId, ordinal, tries, reason } = event.data;
    return {
      ...{
        chain,
        id: slotId,
        state: 'exhausted',
        course_id: courseId,
        patient_id: patientId,
        site_id: siteId,
        ordinal,
      },
      ...{ try: tries, at_wall: null, duration_minutes: null, held_until: null, confirmed_by: null },
      ...{ against: [], reason, answered_late: false, session_id: null },
    };
  }
  if (!row) throw new Error(`${event.type} of a slot that was never held`);
  switch (event.type) {
    case 'SlotAccepted':
      return { ...row, state: 'accepted', against: event.data.against };
    case 'SlotConfirmed':
      return { ...row, state: 'confirmed', session_id: event.data.sessionId };
    case 'SlotReleased':
      return { ...row, state: 'released', reason: event.data.reason, session_id: null };
    case 'SlotAnsweredLate':
      return { ...row, answered_late: true };
  }
}
