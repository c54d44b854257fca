-- Accounts of people who sign in are erased as registrations are, where they were of nothing but erased registrations:
-- `patient_id` is the id of the user then.
alter table erasure_step add column is_user boolean not null default false;
-- Of a registration: the accounts that were opened for it were looked at. Those who were erased earlier are looked at, too.
alter table erasure_step add column accounts_closed_at timestamptz;
create index erasure_step_accounts on erasure_step (noted_at) where accounts_closed_at is null and not is_user;
create index erasure_step_users on erasure_step (chain, erasure_id) where is_user;
