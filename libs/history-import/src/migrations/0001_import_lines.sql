-- What the import of old histories remembers, so that it can be interrupted and repeated. Codes and contents stand
-- here as keyed hashes only, since many of them say who somebody is.

-- A line that was understood. It is claimed before its events are appended, and done after; a claim without it is
-- finished by the next run.
create table import_line (
  chain integer not null,
  file text not null,
  -- Keyed hash of the identity columns: whoever holds it first, stands.
  identity text not null,
  -- Keyed hash of all columns: tells the same line again from another one with the same identity.
  content text not null,
  -- The thing that the line is about, and what lines that refer to it need to know of it.
  id uuid not null,
  info jsonb,
  done boolean not null default false,
  primary key (chain, file, identity)
);

-- Of the run that is under way: identities in refused lines, so that a line that refers to one can say so.
create table import_refused (
  chain integer not null,
  file text not null,
  identity text not null,
  line integer not null,
  primary key (chain, file, identity)
);

-- Courses whose end waits for all their sessions: the end is dated by the last one. The row goes when it is appended.
create table import_course_end (
  chain integer not null,
  course_id uuid not null,
  patient_id uuid not null,
  site_id uuid not null,
  status text not null,
  -- The reason in words, in a box.
  reason jsonb,
  consulted_at json not null,
  last_session_at json,
  primary key (chain, course_id)
);

-- One import at a time in a chain.
create table import_lease (
  chain integer primary key,
  owner uuid not null,
  beats bigint not null default 0,
  lease_until timestamptz not null
);
