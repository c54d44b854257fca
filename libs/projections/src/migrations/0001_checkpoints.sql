-- How far each projection has come in each chain, and who may move it further. A batch of rows and its checkpoint
-- commit together, so that no event is applied twice or left out, whatever crashes.
create table projection_checkpoint (
  projection text not null,
  version integer not null,
  -- 'live' serves readers; 'next' is being built beside it.
  build text not null check (build in ('live', 'next')),
  chain integer not null,
  position bigint not null default 0,
  -- Raised whenever another process takes over: an owner that wakes up late finds another epoch and writes nothing.
  epoch integer not null default 0,
  owner uuid,
  lease_until timestamptz not null default '-infinity',
  -- Events applied since the row was made, for the rate.
  applied bigint not null default 0,
  last_error text,
  last_error_at timestamptz,
  moved_at timestamptz not null default clock_timestamp(),
  primary key (projection, version, build, chain)
);

-- Events that could not be applied. Later events of the same key queue behind them; other keys go on.
create table projection_parked (
  projection text not null,
  version integer not null,
  build text not null,
  chain integer not null,
  position bigint not null,
  key text not null,
  -- Empty for an event that only waits behind a parked one.
  error text,
  parked_at timestamptz not null default clock_timestamp(),
  primary key (projection, version, build, chain, position)
);
create index projection_parked_key on projection_parked (projection, version, build, chain, key);
