-- Where to look for tasks when something happens that may end their causes. Written before a task is raised, so that no
-- task is without its row; a row without a task is harmless.
create table task_note (
  chain integer not null,
  task_id uuid not null,
  cause jsonb not null,
  -- Whichever of these it is about.
  message_id uuid,
  course_id uuid,
  patient_id uuid,
  recall_id uuid,
  primary key (chain, task_id)
);
create index task_note_message on task_note (chain, message_id);
create index task_note_course on task_note (chain, course_id);
create index task_note_patient on task_note (chain, patient_id);
create index task_note_recall on task_note (chain, recall_id);
