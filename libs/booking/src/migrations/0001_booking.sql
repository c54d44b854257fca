-- Courses whose maintenance is looked after, and when each is to be looked at again. Noted from the events, so that a
-- lost row comes back when the reactor begins anew.
create table booking_course (
  chain integer not null,
  course_id uuid not null,
  patient_id uuid not null,
  site_id uuid not null,
  -- Last day of the window that was proposed last, at the site.
  closes date not null,
  -- The slot that was held last, in whatever window; null: none was.
  slot_id uuid,
  -- By the chain's clock; infinity: not until something happens.
  next_look timestamptz not null,
  wakes integer not null default 0,
  -- How often in a row nothing could be decided.
  failures integer not null default 0,
  -- Real time: somebody is looking at it.
  claimed_until timestamptz,
  primary key (chain, course_id)
);
create index booking_course_next on booking_course (chain, next_look);
create index booking_course_patient on booking_course (chain, patient_id);
create index booking_course_site on booking_course (chain, site_id);

-- Sites that have said how they propose times. Where none does, nothing is looked at.
create table booking_site (
  chain integer not null,
  site_id uuid not null,
  proposes boolean not null,
  primary key (chain, site_id)
);
