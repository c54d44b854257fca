-- Where the events of this database's chains are kept, from the first start on. Rows and keys here mean the events there,
-- so a process that would look for them elsewhere has to be turned away, however empty that other place is.
create table log_place (
  no integer primary key default 1 check (no = 1),
  place text not null check (place in ('database', 'kurrentdb')),
  settled_at timestamptz not null default clock_timestamp()
);

-- Settled once, by whichever process starts first, and never changed by the application.
insert into application_right (table_name, privilege, column_name) values
  ('log_place', 'SELECT', ''),
  ('log_place', 'INSERT', 'place');
