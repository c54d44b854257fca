-- The version that took over from this one. It has the last position from which this one had effects; this one moves
-- no further.
alter table projection_checkpoint add column superseded_by integer;
-- Events per second of late: decays with the time since `moved_at`, see checkpoints.ts.
alter table projection_checkpoint add column rate double precision not null default 0;

-- How often a key was tried, and when it is tried again by itself. Only the first event of a key counts.
alter table projection_parked add column attempts integer not null default 1;
alter table projection_parked add column retry_at timestamptz not null default clock_timestamp();
