-- What the log says of messages, counted along it: what every other count is held against.
create table message_log_count (
  chain integer primary key,
  -- Everything up to here is counted.
  position bigint not null,
  -- Events by their type.
  counts jsonb not null
);
-- Messages whose last word in the log is that nobody knows: they alone leave a fate again.
create table message_log_unknown (chain integer not null, message_id uuid not null, primary key (chain, message_id));

-- What the last check found, for every process that is asked.
create table message_balance (
  chain integer primary key,
  -- Real time.
  checked_at timestamptz not null,
  -- Counts from the rows; null until there were any that could be held against the log.
  counts jsonb,
  -- For how long the message that has been due longest has been due, by the chain's clock.
  due_lag_seconds double precision not null,
  -- What somebody has to look at; null where all is well.
  alarm text
);
