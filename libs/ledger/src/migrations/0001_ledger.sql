-- The ledger: a tree (RFC 6962) over all events of a chain, in the order of their positions. What is committed here never
-- changes; only the right edge of the tree moves on.

create table ledger_tree (
  chain integer primary key,
  size bigint not null default 0,
  root bytea not null,
  -- Of each level the tile that is not full yet, lowest level first: at most 255 hashes a level.
  edge bytea not null default '',
  -- Of the last leaf in the log; the same as the size where positions have no gaps.
  position bigint not null default 0,
  -- Of the leaves in the lowest tile of the edge, eight bytes each, where positions have gaps.
  edge_positions bytea not null default '',
  -- One process at a time moves it. The epoch tells a new owner from one that wakes up late.
  epoch integer not null default 0,
  owner uuid,
  lease_until timestamptz not null default '-infinity',
  moved_at timestamptz not null default clock_timestamp(),
  -- Why it is not moved: the log does not continue it.
  problem text,
  problem_detail text,
  problem_at timestamptz,
  -- Why checkpoints are committed and not published.
  publish_problem text
);

-- Full tiles only: 256 hashes each.
create table ledger_tile (
  chain integer not null,
  level smallint not null,
  n bigint not null,
  hashes bytea not null check (octet_length(hashes) = 8192),
  -- As edge_positions, for tiles of level 0.
  positions bytea,
  first_position bigint,
  primary key (chain, level, n)
);
-- Hashes cannot be compressed: that is not tried.
alter table ledger_tile alter column hashes set storage external;
create index ledger_tile_position on ledger_tile (chain, first_position) where first_position is not null;

-- Committed before it is signed: of each size there is one root.
create table ledger_checkpoint (
  chain integer not null,
  size bigint not null,
  root bytea not null,
  body text not null,
  epoch integer not null,
  committed_at timestamptz not null default clock_timestamp(),
  primary key (chain, size)
);

-- Signatures of our keys and of witnesses, as the lines that stand below the body.
create table ledger_signature (
  chain integer not null,
  size bigint not null,
  name text not null,
  key_id text not null,
  line text not null,
  signed_at timestamptz not null default clock_timestamp(),
  primary key (chain, size, name, key_id)
);

-- Checkpoints that stand outside the database as well: only these are served.
create table ledger_publication (
  chain integer not null,
  size bigint not null,
  published_at timestamptz not null default clock_timestamp(),
  primary key (chain, size)
);

-- Public keys, and from which size to which they sign.
create table ledger_key (
  chain integer not null,
  key_id text not null,
  vkey text not null,
  from_size bigint not null,
  until_size bigint,
  -- A note in which the key before it names this one.
  endorsement text,
  added_at timestamptz not null default clock_timestamp(),
  primary key (chain, key_id)
);

insert into application_right (table_name, privilege, column_name) values
  ('ledger_tree', 'SELECT', ''),
  ('ledger_tree', 'INSERT', ''),
  ('ledger_tree', 'UPDATE', ''),
  ('ledger_tile', 'SELECT', ''),
  ('ledger_tile', 'INSERT', ''),
  ('ledger_checkpoint', 'SELECT', ''),
  ('ledger_checkpoint', 'INSERT', ''),
  ('ledger_signature', 'SELECT', ''),
  ('ledger_signature', 'INSERT', ''),
  ('ledger_publication', 'SELECT', ''),
  ('ledger_publication', 'INSERT', ''),
  ('ledger_key', 'SELECT', ''),
  ('ledger_key', 'INSERT', ''),
  ('ledger_key', 'UPDATE', 'until_size');

-- The application may move the edge on and never back, and may not exchange a root that was committed.
create function ledger_tree_only_grows() returns trigger language plpgsql as $$
begin
  if new.size < old.size or new.epoch < old.epoch or (new.size = old.size and new.root <> old.root) then
    raise exception 'the tree of chain % does not go back from % leaves', old.chain, old.size using errcode = 'PI002';
  end if;
  return new;
end;
$$;
create trigger ledger_tree_only_grows before update of size, root, epoch on ledger_tree
  for each row execute function ledger_tree_only_grows();
