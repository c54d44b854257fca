-- What the planner of messages remembers of courses: where to look when a patient's later course begins, and when a
-- site lets imported maintenance go. Written again, harmlessly, whenever the course is looked at.
create table messaging_course (
  chain integer not null,
  course_id uuid not null,
  patient_id uuid not null,
  site_id uuid not null,
  protocol text not null,
  -- Its overdue maintenance came from an old history; the first message waits for staff of the site.
  waits_for_release boolean not null,
  primary key (chain, course_id)
);
create index messaging_course_patient on messaging_course (chain, patient_id, protocol);
create index messaging_course_waiting on messaging_course (chain, site_id) where waits_for_release;

-- Which messages the planner has planned, and which of them may still have to be suppressed. Only a short cut: a missing
-- row plans the same message under the same command id once more, which adds nothing.
create table planned_message (
  chain integer not null,
  course_id uuid not null,
  message_id uuid not null,
  -- What it is about, as it stands in MessagePlanned.
  kind text not null,
  cause jsonb not null,
  generation integer not null,
  open boolean not null default true,
  primary key (chain, course_id, message_id)
);

-- Which messages were handed to the queue, for which of their due times. The queue may forget them; the sweeper looks.
create table dispatch_handed_over (
  chain integer not null,
  message_id uuid not null,
  -- How often the message had been deferred: each deferral makes a new due time.
  deferrals integer not null,
  -- Real time.
  handed_at timestamptz not null default clock_timestamp(),
  primary key (chain, message_id, deferrals)
);
create index dispatch_handed_over_at on dispatch_handed_over (handed_at);

-- The embedded channel: what would have been sent, for the console to show. One row for each key of a message, so that
-- sending twice is sending once. The text stands in a box under the patient's contact key.
create table outbox (
  chain integer not null,
  message_id uuid not null,
  patient_id uuid not null,
  course_id uuid not null,
  site_id uuid not null,
  kind text not null,
  channel text not null,
  language text not null,
  template_hash text not null,
  box jsonb not null,
  -- By the chain's clock.
  sent_at timestamptz not null,
  attempt integer not null,
  primary key (chain, message_id)
);
create index outbox_newest on outbox (chain, sent_at desc, message_id desc);

-- The highest attempt that may still put a message into the outbox: who woke up late has a lower one.
create table outbox_claim (
  chain integer not null,
  message_id uuid not null,
  attempt integer not null,
  primary key (chain, message_id)
);

-- Where the clock of a sandbox chain is being advanced to. The request outlives the process that took it.
create table chain_clock_target (
  chain integer primary key,
  from_at timestamptz not null,
  target timestamptz not null,
  requested_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  -- One driver at a time: who holds the lease, in real time.
  driver uuid,
  lease_until timestamptz not null default '-infinity'
);
