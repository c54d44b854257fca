-- Decides and writes a batch of appends of one chain, in order, in one round trip. What each append wants comes as
-- parallel arrays; streams are named once for the batch and meant by their index (from 1).
--
-- Locks: advisory, exclusive or shared, all in one sorted order and before anything is read, so that two batches never
-- wait for each other in a circle; the statements after them see what those before have committed (READ COMMITTED). The chain's row is taken
-- last and held until commit: positions have no gaps and are in the order of commits.
create function append_events(
  p_chain integer,
  p_locks bigint[],            -- of command ids, written and guarded streams; sorted, without repeats
  p_exclusive boolean[],       -- for each lock: false for a stream that is only guarded
  p_streams text[],            -- every stream of the batch, written or guarded
  p_commands uuid[],           -- an append each
  -- an expectation each: which append, which stream; revision, or -1 no stream, -2 any, -3 exists
  p_check_append integer[],
  p_check_stream integer[],
  p_check_revision integer[],
  -- an event each, in the order of appends
  p_event_append integer[],
  p_event_stream integer[],
  p_event_header text[],
  p_event_data text[]
) returns table (
  append integer,
  outcome text,                -- appended, repeated, conflict
  last_position bigint,
  streams text[],              -- of appended and repeated: the written streams and their new revisions
  revisions integer[],         -- of conflict: the stream and its actual revision
  failed_check integer         -- which check failed
)
language plpgsql
as $$
declare
  v_heads integer[];
  v_seen bigint[];
  v_check integer := 1;
  v_event integer := 1;
  v_checks integer := coalesce(array_length(p_check_append, 1), 0);
  v_events integer := coalesce(array_length(p_event_append, 1), 0);
  v_append integer;
  v_stream integer;
  v_wanted integer;
  v_actual integer;
  v_failed integer;
  v_first integer;
  v_accepted integer[] := '{}';          -- indexes of events to write
  v_revisions integer[] := '{}';
  v_sizes smallint[] := '{}';
  v_ends integer[] := array_fill(0, array[coalesce(array_length(p_commands, 1), 0)]);
  v_outcomes text[] := array_fill('appended'::text, array[coalesce(array_length(p_commands, 1), 0)]);
  v_failures integer[] := array_fill(0, array[coalesce(array_length(p_commands, 1), 0)]);
  v_actuals integer[] := array_fill(0, array[coalesce(array_length(p_commands, 1), 0)]);
  v_count integer := 0;
  v_base bigint;
  v_recorded timestamptz;
begin
  -- A commit that was answered must be on disk, and each statement must see what was committed before it.
  perform set_config('synchronous_commit', 'on', true);
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_events needs READ COMMITTED';
  end if;

  perform case when l.exclusive then pg_advisory_xact_lock(l.key) else pg_advisory_xact_lock_shared(l.key) end
    from unnest(p_locks, p_exclusive) as l(key, exclusive);

  select array_agg(coalesce((
      select e.revision from event_log e where e.chain = p_chain and e.stream = s.name order by e.revision desc limit 1
    ), -1) order by s.n)
    into v_heads
    from unnest(p_streams) with ordinality as s(name, n);
  select array_agg((
      select e.position from event_log e
      where e.chain = p_chain and e.command_id = c.id and e.command_events is not null
    ) order by c.n)
    into v_seen
    from unnest(p_commands) with ordinality as c(id, n);

  for v_append in 1 .. coalesce(array_length(p_commands, 1), 0) loop
    v_failed := 0;
    -- The same command twice in one batch: the second is a repeat of the first.
    if v_seen[v_append] is null then
      v_first := array_position(p_commands, p_commands[v_append]);
      if v_first < v_append and v_outcomes[v_first] = 'appended' then
        v_outcomes[v_append] := 'twin';
        v_failures[v_append] := v_first;
      end if;
    else
      v_outcomes[v_append] := 'repeated';
    end if;

    while v_check <= v_checks and p_check_append[v_check] = v_append loop
      if v_outcomes[v_append] = 'appended' and v_failed = 0 then
        v_wanted := p_check_revision[v_check];
        v_actual := v_heads[p_check_stream[v_check]];
        if not (v_wanted = v_actual or v_wanted = -2 or (v_wanted = -3 and v_actual >= 0)) then
          v_failed := v_check;
          v_outcomes[v_append] := 'conflict';
          v_failures[v_append] := v_check;
          v_actuals[v_append] := v_actual;
        end if;
      end if;
      v_check := v_check + 1;
    end loop;

    v_first := v_count;
    while v_event <= v_events and p_event_append[v_event] = v_append loop
      if v_outcomes[v_append] = 'appended' then
        v_stream := p_event_stream[v_event];
        v_heads[v_stream] := v_heads[v_stream] + 1;
        v_count := v_count + 1;
        v_accepted[v_count] := v_event;
        v_revisions[v_count] := v_heads[v_stream];
        v_sizes[v_count] := null;
      end if;
      v_event := v_event + 1;
    end loop;
    if v_count > v_first then v_sizes[v_first + 1] := v_count - v_first; end if;
    v_ends[v_append] := v_count;
  end loop;

  if v_count > 0 then
    update chain c
      set position = c.position + v_count,
          -- Never backwards, whatever happens to the machine's clock; whole milliseconds, as everybody shows them.
          recorded_at = greatest(c.recorded_at, date_trunc('milliseconds', clock_timestamp() + c.clock_offset_ms * interval '1 millisecond'))
      where c.no = p_chain
      returning c.position - v_count, c.recorded_at into v_base, v_recorded;
    insert into event_log (chain, position, stream, revision, recorded_at, command_id, command_events, header, data)
      select p_chain, v_base + w.n, p_streams[p_event_stream[w.i]], w.revision, v_recorded,
             p_commands[p_event_append[w.i]], w.size, p_event_header[w.i], p_event_data[w.i]
      from unnest(v_accepted, v_revisions, v_sizes) with ordinality as w(i, revision, size, n);
  else
    select c.position into v_base from chain c where c.no = p_chain;
  end if;

  for v_append in 1 .. coalesce(array_length(p_commands, 1), 0) loop
    append := v_append;
    outcome := v_outcomes[v_append];
    failed_check := null;
    case outcome
      when 'conflict' then
        last_position := null;
        failed_check := v_failures[v_append];
        streams := array[p_streams[p_check_stream[failed_check]]];
        revisions := array[v_actuals[v_append]];
      when 'repeated' then
        select max(e.position), array_agg(e.stream), array_agg(e.revision)
          into last_position, streams, revisions
          from (select x.position, x.stream, x.revision from event_log x
                where x.chain = p_chain and x.position >= v_seen[v_append]
                  and x.position < v_seen[v_append] + (
                    select f.command_events from event_log f where f.chain = p_chain and f.position = v_seen[v_append])
                order by x.position) e;
      else
        v_stream := case outcome when 'twin' then v_failures[v_append] else v_append end;
        last_position := v_base + v_ends[v_stream];
        select array_agg(p_streams[p_event_stream[v_accepted[i]]]), array_agg(v_revisions[i])
          into streams, revisions
          from generate_series(case v_stream when 1 then 1 else v_ends[v_stream - 1] + 1 end, v_ends[v_stream]) as i;
        if outcome = 'twin' then outcome := 'repeated'; end if;
    end case;
    return next;
  end loop;
end;
$$;
-- A plan made while the tables were empty scans them, and is six times slower once they are not: only index plans are let.
-- With those pinned, one generic plan serves every call.
alter function append_events set plan_cache_mode = force_generic_plan;
alter function append_events set enable_seqscan = off;
alter function append_events set enable_bitmapscan = off;
