-- What signing in needs and no history is made of. Who somebody is, what they may do and when that changed are events.
-- No secret stands here: of cookies, codes and keys only what SHA-256 makes of them (each has 256 random bits).

create table access_session (
  chain integer not null,
  token_hash text not null,
  id uuid not null,
  user_id uuid not null,
  authenticated_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (chain, token_hash)
);
create index access_session_user on access_session (chain, user_id) where ended_at is null;
create index access_session_expires on access_session (expires_at);

-- A code that lets one person make themselves known for the first time, once.
create table access_invitation (
  chain integer not null,
  code_hash text not null,
  user_id uuid not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (chain, code_hash)
);
create index access_invitation_user on access_invitation (chain, user_id);

-- Whom a provider knows under which name of its own, as a blind index.
create table access_identity (
  chain integer not null,
  subject_index text not null,
  user_id uuid not null,
  linked_at timestamptz not null,
  primary key (chain, subject_index)
);

create table access_passkey (
  chain integer not null,
  credential_id text not null,
  user_id uuid not null,
  -- COSE, base64url; it opens nothing.
  public_key text not null,
  counter bigint not null,
  transports text[] not null,
  made_at timestamptz not null,
  used_at timestamptz,
  primary key (chain, credential_id)
);
create index access_passkey_user on access_passkey (chain, user_id);

-- A sign-in that is under way. What was used is gone, so that nothing can be used twice.
create table access_challenge (
  chain integer not null,
  id_hash text not null,
  purpose text not null,
  -- Sealed under the master key: a verifier of PKCE and a nonce are secrets of some minutes.
  content text not null,
  expires_at timestamptz not null,
  primary key (chain, id_hash)
);
create index access_challenge_expires on access_challenge (expires_at);

create table access_api_key (
  chain integer not null,
  id uuid not null,
  secret_hash text not null,
  used_at timestamptz,
  primary key (chain, id)
);

-- Failed attempts by source and by account, each under a keyed hash.
create table access_attempt (
  chain integer not null,
  subject text not null,
  failures integer not null,
  last_at timestamptz not null,
  blocked_until timestamptz not null,
  primary key (chain, subject)
);
create index access_attempt_last on access_attempt (last_at);
