-- Keys of persons are wrapped by the key of a bucket, which stands outside the database and may be destroyed there. A row
-- without a bucket is of before: its key is wrapped by the master key until it is wrapped anew.
alter table subject_key add column bucket smallint;
-- Led by the bucket: what is wrapped by a bucket's key, and what waits to be wrapped by one at all.
create index subject_key_bucket on subject_key (bucket);

-- Which versions of a bucket's key wrap anything: from `oldest` to `newest`. New keys are wrapped by the newest alone; whoever
-- makes one holds the row, so that no version is destroyed under it.
create table bucket_key (
  bucket smallint primary key,
  newest integer not null default 1,
  oldest integer not null default 1,
  -- Of the newest version, where the vault tells keys apart: another key under its name is noticed before anything is written.
  fingerprint text,
  rotated_at timestamptz not null default clock_timestamp(),
  check (oldest <= newest)
);
-- Its rows are put in by the program: those of a restored backup have to find the table empty.

-- Which vault the keys of buckets stand in; a second one is another half of the data.
create table key_vault (
  id text primary key,
  kind text not null,
  first_used_at timestamptz not null default clock_timestamp()
);

insert into application_right (table_name, privilege, column_name) values
  ('subject_key', 'UPDATE', 'bucket'),
  ('bucket_key', 'SELECT', ''),
  ('bucket_key', 'INSERT', 'bucket'),
  ('bucket_key', 'UPDATE', 'newest'),
  ('bucket_key', 'UPDATE', 'oldest'),
  ('bucket_key', 'UPDATE', 'fingerprint'),
  ('bucket_key', 'UPDATE', 'rotated_at'),
  ('key_vault', 'SELECT', ''),
  ('key_vault', 'INSERT', '');
