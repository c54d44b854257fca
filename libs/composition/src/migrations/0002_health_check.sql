-- A row that is written to find out whether writing works: a full disk answers every question and keeps nothing.
create table health_check (
  no integer primary key check (no = 1),
  written_at timestamptz not null
);
