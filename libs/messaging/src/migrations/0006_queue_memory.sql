-- What each queue remembered when messages were last handed to it: one that has lost everything remembers something else.
create table dispatch_queue_memory (
  queue text primary key,
  memory text not null
);
