import type { RowsOf } from '#libs/projections/src/projection.js';

/** What a recall touches, kept so that one lot of a million sessions is found without looking at the others. */
export const LOT_TRACE_DDL = `
  -- What each course still has before it; read and written by the projection alone.
  create table course (chain integer not null, id uuid not null, state json not null, primary key (chain, id));
  -- One row for each lot of each session that was performed, or is booked with that lot.
  create table lot_use (
    chain integer not null,
    session_id uuid not null,
    product text collate "C" not null,
    lot_number text collate "C" not null,
    -- Booked with it, and not performed yet.
    planned boolean not null,
    site_id uuid not null,
    practitioner_id uuid not null,
    course_id uuid not null,
    patient_id uuid not null,
    -- At the site; begins with the local date.
    wall text collate "C" not null,
    instant text collate "C" not null,
    -- Microlitres, so that sums are exact.
    volume_ul bigint not null,
    volume_known boolean not null,
    primary key (chain, session_id, product, lot_number)
  );
  -- Holds all of the row: the sessions of a lot lie all over the table, and fetching each from there costs a page of it.
  create index lot_use_trace on lot_use (chain, product, lot_number, planned)
    include (session_id, patient_id, site_id, practitioner_id, course_id, wall, instant, volume_ul, volume_known);
  create index lot_use_course on lot_use (chain, course_id);
  -- How lots are written wherever one is named, by their number as it is compared.
  create table lot_name (
    chain integer not null,
    lot_key text collate "C" not null,
    product text collate "C" not null,
    lot_number text collate "C" not null,
    primary key (chain, lot_key, product, lot_number)
  );
  -- Where the lots were received.
  create table lot (
    chain integer not null,
    id uuid not null,
    site_id uuid not null,
    product text collate "C" not null,
    lot_number text collate "C" not null,
    received_on date not null,
    expires_on date not null,
    -- Null where nobody counted.
    volume_ul bigint,
    wasted_ul bigint not null,
    -- As it is folded.
    state json not null,
    primary key (chain, id)
  );
  create index lot_trace on lot (chain, product, lot_number);
  create table recall (
    chain integer not null,
    id uuid not null,
    product text collate "C" not null,
    lot_number text collate "C" not null,
    -- The number as it is compared.
    lot_key text collate "C" not null,
    recalled_on date not null,
    state json not null,
    primary key (chain, id)
  );
  create index recall_key on recall (chain, lot_key);
  create index recall_day on recall (chain, recalled_on desc, id);
  create table told (
    chain integer not null,
    recall_id uuid not null,
    -- Of the event.
    entry_id uuid not null,
    patient_id uuid not null,
    on_date date not null,
    how text not null,
    primary key (chain, recall_id, entry_id)
  );
  -- Adverse events as they were reported: in the patient's record, or by a follow-up.
  create table adverse_event (
    chain integer not null,
    id uuid not null,
    patient_id uuid not null,
    course_id uuid,
    session_id uuid,
    site_id uuid not null,
    kind text not null,
    severity text,
    onset_on date not null,
    by_follow_up boolean not null,
    primary key (chain, id)
  );
  create index adverse_event_patient on adverse_event (chain, patient_id, onset_on);
  create index adverse_event_course on adverse_event (chain, course_id) where by_follow_up;
  -- What became of them, which is always in the patient's record.
  create table adverse_event_fate (
    chain integer not null,
    id uuid not null,
    patient_id uuid not null,
    -- Null: as it was reported.
    severity text,
    closed boolean not null,
    primary key (chain, id)
  );
  create index adverse_event_fate_patient on adverse_event_fate (chain, patient_id);
`;

export const LOT_TRACE_ROWS = {
  course: 'withheld',
  lot_use: { site: 'site_id', patient: 'patient_id' },
  lot_name: 'staff',
  lot: 'staff',
  // Of patients who were told it has the ids, and nothing else.
  recall: 'unnamed',
  told: { patient: 'patient_id' },
  adverse_event: { site: 'site_id', patient: 'patient_id' },
  adverse_event_fate: { patient: 'patient_id' },
} as const satisfies Readonly<Record<string, RowsOf>>;
