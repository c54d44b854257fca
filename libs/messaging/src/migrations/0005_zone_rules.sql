-- By which tz database the plans of a chain were looked through last.
create table zone_rules (
  chain integer primary key,
  tzdb text collate "C" not null default '',
  -- Processes with older rules may have gone on for a while beside the first with newer ones: it is looked once more.
  again_at timestamptz,
  -- One process looks at a time. Real time.
  lease_until timestamptz not null default '-infinity'
);

-- Booked sessions that newer rules have moved, for people to look at. Noted before the event of the course.
create table zone_moved_session (
  chain integer not null,
  course_id uuid not null,
  session_id uuid not null,
  wall text not null,
  zone text not null,
  old_instant timestamptz not null,
  old_tzdb text not null,
  new_instant timestamptz not null,
  new_tzdb text collate "C" not null,
  -- By the chain's clock.
  moved_at timestamptz not null,
  primary key (chain, session_id, new_tzdb)
);
create index zone_moved_session_newest on zone_moved_session (chain, moved_at desc, session_id desc);
