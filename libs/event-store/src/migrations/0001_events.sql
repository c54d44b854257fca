-- The log. Nothing in it is ever changed: later versions of the software read what stands here.

create table chain (
  no integer generated always as identity primary key,
  id uuid not null unique,
  slug text not null unique,
  -- A sandbox chain has a clock of its own; a live chain has the database's.
  sandbox boolean not null,
  -- In milliseconds, since an interval of days would depend on the session's time zone.
  clock_offset_ms bigint not null default 0,
  -- Last position given, and when. One row per chain: no gaps, and commit order is position order.
  position bigint not null default 0,
  recorded_at timestamptz not null default '-infinity',
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- Not `event`: that name is taken by BullMQ, whose statements name no schema.
create table event_log (
  chain integer not null,
  position bigint not null,
  stream text not null,
  revision integer not null,
  recorded_at timestamptz not null,
  command_id uuid not null,
  -- How many events this and the following ones of the same append are: set on the first, which the index finds.
  command_events smallint,
  -- The exact bytes (UTF-8) that the ledger commits to; personal data stands in them as ciphertext only.
  header text not null,
  data text not null,
  primary key (chain, position),
  unique (chain, stream, revision)
);
create unique index event_log_command on event_log (chain, command_id) where command_events is not null;

-- One key for each person and class of personal data, wrapped by a key that does not stand in the database.
create table subject_key (
  chain integer not null,
  subject uuid not null,
  class text not null,
  wrapped bytea,
  wrapped_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  destroyed_at timestamptz,
  primary key (chain, subject, class),
  check ((wrapped is null) = (destroyed_at is not null))
);

-- Which master keys this database was written with, so that a wrong or lost one is noticed before anything is written.
create table master_key (
  fingerprint text primary key,
  first_used_at timestamptz not null default clock_timestamp()
);
