-- A row means that no message of the chain leaves: nothing is handed to the queue, attempted or finished.
create table dispatch_gate (
  chain integer primary key,
  -- Real time.
  closed_at timestamptz not null default clock_timestamp(),
  reason text not null,
  -- After a restored backup: what was due since then may have been sent by the system that was backed up.
  doubt_since timestamptz
);

-- When each provider may be called next, in real time, over all processes: calls are spaced evenly.
create table provider_rate (
  transport text primary key,
  next_at timestamptz not null default clock_timestamp()
);

-- Which messages went to a number lately, for the answers that come from there. The number is a blind index.
create table message_reply_address (
  chain integer not null,
  address text not null,
  message_id uuid not null,
  patient_id uuid not null,
  -- By the chain's clock.
  sent_at timestamptz not null,
  primary key (chain, address, message_id)
);

-- The source of every template that a message was written from, by its hash: which words were used can be shown for ever.
create table message_template (
  hash text primary key,
  name text not null,
  language text not null,
  channel text not null,
  source jsonb not null,
  first_used_at timestamptz not null default clock_timestamp()
);
