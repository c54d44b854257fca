-- How far the erasure of a registration has come. It goes on from here after whatever has interrupted it.
create table erasure_step (
  chain integer not null,
  patient_id uuid not null,
  erasure_id uuid not null,
  -- Real time, all of them.
  noted_at timestamptz not null default clock_timestamp(),
  keys_destroyed_at timestamptz,
  registered_at timestamptz,
  rows_removed_at timestamptz,
  -- The key that wrapped the person's keys is destroyed.
  final_at timestamptz,
  -- Every version of this bucket's key up to `version` may have wrapped a key of the person.
  bucket smallint,
  version integer,
  -- What an operator has to do before it becomes final; null where Pistor does it.
  todo text,
  primary key (chain, patient_id)
);
create index erasure_step_open on erasure_step (chain, patient_id) where final_at is null;
