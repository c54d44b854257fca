-- Which chains were given the demo history, so that an interrupted import goes on and a finished one is left alone.
create table demo_history (
  chain integer primary key,
  done boolean not null
);
