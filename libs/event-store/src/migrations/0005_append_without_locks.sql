-- Decides and writes a batch of appends of one chain, in order, in one round trip. What each append wants comes as
-- parallel arrays; streams are named once for the batch and meant by their index (from 1).
--
-- The only lock is the chain's row, taken last and held until commit: positions have no gaps and are in the order of
-- commits, and there is no second lock with which two batches could wait for each other in a circle. Heads and command
-- ids are looked up before it. When another batch was committed in between, the chain's position has moved; then what
-- was written since is read under the lock, and the batch is decided on that. (READ COMMITTED: every statement sees
-- what was committed before it.)
drop function append_events;

create function append_events(
  p_chain integer,
  p_streams text[],            -- every stream of the batch, written or guarded
  p_commands uuid[],           -- an append each
  p_alone boolean,             -- no stream is written by one append and used by another one, no command comes twice
  -- an expectation each: which append, which stream; revision, or -1 no stream, -2 any, -3 exists
  p_check_append integer[],
  p_check_stream integer[],
  p_check_revision integer[],
  -- an event each, in the order of appends
  p_event_append integer[],
  p_event_stream integer[],
  p_event_nth integer[],       -- which of the batch's events on this stream, from 1
  p_event_size smallint[],     -- how many events this and the following ones of the same append are; on the first alone
  p_event_name text[],         -- the stream again, since indexing an array of texts takes longer the longer it is
  p_event_header text[],
  p_event_data text[],
  out base bigint,             -- the position before the first event of the batch
  out heads integer[],         -- revision of each stream before the batch, when every append was written
  -- Otherwise:
  out revisions integer[],     -- of the events that were written, in their order
  out outcomes smallint[],     -- for each append: 0 written, 1 repeated, 2 conflict, 3 repeats another one of the batch
  out details bigint[],        -- position of the first event of the repeated command; which check failed; which append
  out actuals integer[]        -- revision of the stream whose check failed
)
language plpgsql
as $$
declare
  v_seen bigint[];
  v_wrong bigint;              -- how many expectations are not met, each append taken alone
  v_since bigint;
  v_now timestamptz;
  v_recorded timestamptz;
  v_count integer;
  v_accepted integer[];
  v_is_simple boolean;
begin
  -- A commit that was answered must be on disk, and each statement must see what was committed before it.
  if current_setting('synchronous_commit') <> 'on' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_events needs READ COMMITTED';
  end if;

  with stream as materialized (
    select s.n, coalesce((
             select e.revision from event_log e where e.chain = p_chain and e.stream = s.name
             order by e.revision desc limit 1
           ), -1) as head
    from unnest(p_streams) with ordinality as s(name, n)
  )
  select c.position,
         (select array_agg(s.head order by s.n) from stream s),
         (select count(*) from unnest(p_check_stream, p_check_revision) as k(stream, wanted)
            join stream s on s.n = k.stream
            where not (k.wanted = s.head or k.wanted = -2 or (k.wanted = -3 and s.head >= 0))),
         (select array_agg((
              select e.position from event_log e
              where e.chain = p_chain and e.command_id = k.id and e.command_events is not null
            ) order by k.n) from unnest(p_commands) with ordinality as k(id, n))
    into v_since, heads, v_wrong, v_seen
    from chain c where c.no = p_chain;
  -- Positions are compared below; with none, that would never come to an end.
  if v_since is null then
    raise exception 'there is no chain %', p_chain;
  end if;

  loop
    v_is_simple := p_alone and v_wrong = 0 and array_remove(v_seen, null) = '{}';
    if v_is_simple then
      v_count := coalesce(array_length(p_event_append, 1), 0);
    else
      select d.accepted, d.revisions, d.outcomes, d.details, d.actuals
        into v_accepted, revisions, outcomes, details, actuals
        from decide_appends(heads, v_seen, p_commands, p_check_append, p_check_stream, p_check_revision,
                            p_event_append, p_event_stream) as d;
      v_count := coalesce(array_length(v_accepted, 1), 0);
    end if;
    if v_count = 0 then
      base := v_since;
      return;
    end if;

    -- An update that fails for the position would wait in the queue for the row, and again for its lock.
    select c.position into base from chain c where c.no = p_chain for no key update;
    exit when base = v_since;

    -- Another batch was faster. Under the lock nobody else can be: this comes once.
    select array_agg(greatest(h.head, n.revision) order by h.n) into heads
      from unnest(p_streams, heads) with ordinality as h(name, head, n)
      left join (
        select e.stream, max(e.revision) as revision from event_log e
        where e.chain = p_chain and e.position > v_since and e.position <= base group by e.stream
      ) n on n.stream = h.name;
    select array_agg(coalesce(s.seen, n.position) order by s.n) into v_seen
      from unnest(p_commands, v_seen) with ordinality as s(id, seen, n)
      left join (
        select e.command_id, e.position from event_log e
        where e.chain = p_chain and e.position > v_since and e.position <= base and e.command_events is not null
      ) n on n.command_id = s.id;
    select count(*) into v_wrong
      from unnest(p_check_stream, p_check_revision) as k(stream, wanted)
      where not (k.wanted = heads[k.stream] or k.wanted = -2 or (k.wanted = -3 and heads[k.stream] >= 0));
    v_since := base;
  end loop;

  update chain c
    set position = c.position + v_count,
        -- Never backwards, whatever happens to the machine's clock; whole milliseconds, as everybody shows them.
        recorded_at = greatest(c.recorded_at, date_trunc('milliseconds', clock_timestamp() + c.clock_offset_ms * interval '1 millisecond'))
    where c.no = p_chain
    returning c.recorded_at, clock_timestamp() + c.clock_offset_ms * interval '1 millisecond' into v_recorded, v_now;

  -- Steps of seconds happen when a clock is disciplined. Beyond that, times of recording would be made up.
  if v_recorded > v_now + interval '10 seconds' then
    raise exception 'the clock shows %, before the newest event (%)', v_now, v_recorded using errcode = 'PI001';
  end if;

  if v_is_simple then
    insert into event_log (chain, position, stream, revision, recorded_at, command_id, command_events, header, data)
      select p_chain, base + w.n, w.name, heads[w.stream] + w.nth, v_recorded, p_commands[w.append], w.size, w.header, w.data
      from unnest(p_event_append, p_event_stream, p_event_nth, p_event_size, p_event_name, p_event_header, p_event_data)
        with ordinality as w(append, stream, nth, size, name, header, data, n);
    outcomes := null;
  else
    insert into event_log (chain, position, stream, revision, recorded_at, command_id, command_events, header, data)
      select p_chain, base + a.n, w.name, a.revision, v_recorded, p_commands[w.append], w.size, w.header, w.data
      from unnest(v_accepted, revisions) with ordinality as a(i, revision, n)
      join unnest(p_event_append, p_event_size, p_event_name, p_event_header, p_event_data)
        with ordinality as w(append, size, name, header, data, i) on w.i = a.i;
  end if;
end;
$$;

-- The appends of a batch one after the other against the heads: a later one sees an earlier one.
create function decide_appends(
  p_heads integer[],
  p_seen bigint[],
  p_commands uuid[],
  p_check_append integer[],
  p_check_stream integer[],
  p_check_revision integer[],
  p_event_append integer[],
  p_event_stream integer[],
  out accepted integer[],      -- indexes of the events to write, with their revisions
  out revisions integer[],
  out outcomes smallint[],
  out details bigint[],
  out actuals integer[]
)
language plpgsql
as $$
declare
  v_heads integer[] := p_heads;
  v_check integer := 1;
  v_event integer := 1;
  v_checks integer := coalesce(array_length(p_check_append, 1), 0);
  v_events integer := coalesce(array_length(p_event_append, 1), 0);
  v_stream integer;
  v_wanted integer;
  v_count integer := 0;
  v_first integer;
  -- The command of each append that has written events. One that was refused, or asks without events what its command
  -- did, leaves nothing that another one could repeat.
  v_written uuid[] := array_fill(null::uuid, array[array_length(p_commands, 1)]);
begin
  accepted := '{}';
  revisions := '{}';
  outcomes := array_fill(0::smallint, array[array_length(p_commands, 1)]);
  details := array_fill(0::bigint, array[array_length(p_commands, 1)]);
  actuals := array_fill(0, array[array_length(p_commands, 1)]);
  for v_append in 1 .. array_length(p_commands, 1) loop
    if p_seen[v_append] is not null then
      outcomes[v_append] := 1;
      details[v_append] := p_seen[v_append];
    else
      v_first := array_position(v_written, p_commands[v_append]);
      if v_first is not null then
        outcomes[v_append] := 3;
        details[v_append] := v_first;
      end if;
    end if;

    while v_check <= v_checks and p_check_append[v_check] = v_append loop
      if outcomes[v_append] = 0 then
        v_wanted := p_check_revision[v_check];
        v_stream := p_check_stream[v_check];
        if not (v_wanted = v_heads[v_stream] or v_wanted = -2 or (v_wanted = -3 and v_heads[v_stream] >= 0)) then
          outcomes[v_append] := 2;
          details[v_append] := v_check;
          actuals[v_append] := v_heads[v_stream];
        end if;
      end if;
      v_check := v_check + 1;
    end loop;

    while v_event <= v_events and p_event_append[v_event] = v_append loop
      if outcomes[v_append] = 0 then
        v_stream := p_event_stream[v_event];
        v_heads[v_stream] := v_heads[v_stream] + 1;
        v_count := v_count + 1;
        accepted[v_count] := v_event;
        revisions[v_count] := v_heads[v_stream];
        v_written[v_append] := p_commands[v_append];
      end if;
      v_event := v_event + 1;
    end loop;
  end loop;
end;
$$;

-- A plan made while the tables were empty scans them, and is six times slower once they are not: only index plans are
-- let. With those pinned, one generic plan serves every call.
alter function append_events set plan_cache_mode = force_generic_plan;
alter function append_events set enable_seqscan = off;
alter function append_events set enable_bitmapscan = off;
-- With the owner's rights: nobody else may write events.
alter function append_events security definer;
do $$
begin
  execute format('alter function append_events set search_path = pg_catalog, %I, pg_temp', current_schema());
  execute format('alter function decide_appends set search_path = pg_catalog, %I, pg_temp', current_schema());
end;
$$;
