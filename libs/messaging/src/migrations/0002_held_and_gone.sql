-- Messages that are held, and when each is to be looked at again. Noted before the hold is on record; a row that is lost
-- is put back within the hour, and one that is left over is forgotten.
create table dispatch_held (
  chain integer not null,
  message_id uuid not null,
  -- From which it was decided: an event in one of them wakes the message.
  streams text[] not null,
  -- By the chain's clock.
  next_look timestamptz not null,
  wakes integer not null default 0,
  -- How often it could not be written.
  failures integer not null default 0,
  -- Real time: somebody is looking at it.
  claimed_until timestamptz,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (chain, message_id)
);
create index dispatch_held_next on dispatch_held (chain, next_look);
create index dispatch_held_streams on dispatch_held using gin (streams);

-- Patients of whom a death, a move or a link with another registration is on record. The planner reads their streams, and
-- nobody else's: most patients have no row. It is filled by the planner itself, from the events: as the planner's version
-- is raised with this table, it looks at all of them once more, those too that came before the table. A row that is
-- missing makes a message under a generation that the dispatcher stops, until the planner comes to the person's events.
create table messaging_person (
  chain integer not null,
  patient_id uuid not null,
  primary key (chain, patient_id)
);
