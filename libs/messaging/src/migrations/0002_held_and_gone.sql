-- When the dispatcher last looked at a message that is held, by the chain's clock. Only a short cut: a missing row means
-- that it is looked at again sooner.
create table dispatch_held_look (
  chain integer not null,
  message_id uuid not null,
  looked_at timestamptz not null,
  primary key (chain, message_id)
);

-- Patients of whom a death, a move or a link with another registration is on record. The planner reads their streams, and
-- nobody else's: most patients have no row. When one is missing, a message is planned that the dispatcher then stops.
create table messaging_person (
  chain integer not null,
  patient_id uuid not null,
  primary key (chain, patient_id)
);
