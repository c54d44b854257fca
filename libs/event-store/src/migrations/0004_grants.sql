-- Nobody but the owner changes history: the application reads it and appends to it, through the procedure alone.

insert into application_right (table_name, privilege, column_name) values
  ('event_log', 'SELECT', ''),
  -- Position and time of the last event are the procedure's.
  ('chain', 'SELECT', ''),
  ('chain', 'INSERT', 'id'),
  ('chain', 'INSERT', 'slug'),
  ('chain', 'INSERT', 'sandbox'),
  ('chain', 'UPDATE', 'clock_offset_ms'),
  ('master_key', 'SELECT', ''),
  ('master_key', 'INSERT', ''),
  -- A key is destroyed or wrapped anew; that there was one is never forgotten.
  ('subject_key', 'SELECT', ''),
  ('subject_key', 'INSERT', ''),
  ('subject_key', 'UPDATE', 'wrapped'),
  ('subject_key', 'UPDATE', 'wrapped_by'),
  ('subject_key', 'UPDATE', 'destroyed_at');

-- Only a sandbox has a clock that can be moved, and with it the time that events are recorded at.
alter table chain add constraint chain_clock_is_real check (sandbox or clock_offset_ms = 0);

alter function append_events security definer;
-- The names in it must mean ours, whatever the caller has made in schemas of its own or among its temporary tables.
-- Whoever replaces the function has to repeat both: replacing it drops them.
do $$
begin
  execute format('alter function append_events set search_path = pg_catalog, %I, pg_temp', current_schema());
end;
$$;
