-- Answers to commands that were sent under an Idempotency-Key, so that a repeat gets the answer of the first time.
-- Apart from command ids, which are kept for ever; these rows go after thirty days.
create table idempotency_key (
  chain integer not null,
  key text not null check (length(key) between 1 and 255),
  -- Keyed fingerprint of the request. A plain hash of a short form could be guessed back to what was in it.
  request_hash text not null,
  command_id uuid not null,
  -- Null until the command was answered for good.
  status smallint,
  headers jsonb,
  -- {"id", "revision", "position"} and nothing else: no personal data.
  response text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (chain, key),
  check ((status is null) = (response is null))
);
create index idempotency_key_created_at on idempotency_key using brin (created_at);
