-- Codes from outside (a clinic's own numbers) and the ids they stand for. Not part of the log, so that it can be
-- erased. A code of a patient is personal: it stands here as a keyed blind index and in a box.
create table external_code (
  chain integer not null,
  kind text not null,
  code_index text not null,
  id uuid not null,
  code text,
  box jsonb,
  created_at timestamptz not null default clock_timestamp(),
  primary key (chain, kind, code_index),
  check ((code is null) <> (box is null))
);
-- Led by the id: an index that begins like the primary key would be taken for it while the table is empty.
create unique index external_code_id on external_code (id, chain, kind);
