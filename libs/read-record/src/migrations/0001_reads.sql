-- Who has seen whose data. Nothing in it is ever changed: the application appends through the procedure alone.

create table read_head (
  chain integer primary key,
  position bigint not null default 0,
  recorded_at timestamptz not null default '-infinity'
) with (fillfactor = 50);

create table read_record (
  chain integer not null,
  position bigint not null,
  recorded_at timestamptz not null,
  -- The exact texts that the tree over them commits to: who, when, why and how; and of whom.
  header text not null,
  data text not null,
  -- Whom the answer was about, to be found by. Null: anybody of the chain.
  patients uuid[],
  primary key (chain, position)
);
create index read_record_patients on read_record using gin (patients);
create index read_record_anybody on read_record (chain, position) where patients is null;

insert into application_right (table_name, privilege, column_name) values
  ('read_head', 'SELECT', ''),
  ('read_record', 'SELECT', '');

-- Positions have no gaps and are in the order of commits, as those of events are. A record each; patients as an array
-- literal, null for anybody.
create function append_reads(
  p_chain integer,
  p_headers text[],
  p_data text[],
  p_patients text[]
) returns bigint
language plpgsql
security definer
as $$
declare
  v_count integer := coalesce(array_length(p_headers, 1), 0);
  v_last bigint;
  v_recorded timestamptz;
begin
  if current_setting('synchronous_commit') <> 'on' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  insert into read_head (chain) values (p_chain) on conflict do nothing;
  update read_head h
    set position = h.position + v_count,
        recorded_at = greatest(h.recorded_at,
          date_trunc('milliseconds', clock_timestamp() + c.clock_offset_ms * interval '1 millisecond'))
    from chain c
    where h.chain = p_chain and c.no = p_chain
    returning h.position, h.recorded_at into v_last, v_recorded;
  if v_last is null then
    raise exception 'there is no chain %', p_chain;
  end if;
  insert into read_record (chain, position, recorded_at, header, data, patients)
    select p_chain, v_last - v_count + r.n, v_recorded, r.header, r.data, r.patients::uuid[]
    from unnest(p_headers, p_data, p_patients) with ordinality as r(header, data, patients, n);
  return v_last;
end;
$$;
-- The names in it must mean ours, whatever the caller has made in schemas of its own or among its temporary tables.
do $$
begin
  execute format('alter function append_reads set search_path = pg_catalog, %I, pg_temp', current_schema());
end;
$$;
