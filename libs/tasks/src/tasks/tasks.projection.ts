import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import {
  type MessageEvent,
  MessagePlanned,
  MessageReplied,
  MessageSent,
} from '#libs/messaging/src/message.contract.js';
import { type Projection, type ProjectionContext, schemaOf } from '#libs/projections/src/projection.js';
import { TASK_EVENTS, type TaskEvent, type TaskKind, type TaskSeverity } from '../task/task.events.js';

export const TASKS = { name: 'tasks', version: 1 } as const;
/** Where the rows stand for whoever looks for tasks. */
export const TASKS_SCHEMA = schemaOf(TASKS);

export type TaskStatus = 'open' | 'taken' | 'done' | 'withdrawn';

/** A row of the read model; instants come from the database as Date. */
export interface TaskRow {
  readonly chain: number;
  readonly id: Id;
  readonly kind: TaskKind;
  readonly severity: TaskSeverity;
  readonly state: TaskStatus;
  readonly site_id: Id;
  readonly patient_id: Id | null;
  readonly course_id: Id | null;
  readonly message_id: Id | null;
  readonly session_id: Id | null;
  readonly recall_id: Id | null;
  readonly slot_id: Id | null;
  /** Of the window that could not be booked. */
  readonly ordinal: number | null;
  readonly due_by: Date | Instant;
  readonly raised_at: Date | Instant;
  /** Who has it, or had it last. */
  readonly by_actor: string | null;
  readonly by_practitioner: Id | null;
  readonly settled_at: Date | Instant | null;
  /** What somebody found, or why it was withdrawn. */
  readonly outcome: string | null;
}

const TASK_TYPES: ReadonlySet<string> = new Set(TASK_EVENTS.map(({ type }) => type));
const MESSAGE_TYPES: ReadonlySet<string> = new Set(
  [MessagePlanned, MessageSent, MessageReplied].map(({ type }) => type),
);

/** What a person has to see to, and the check-ins that may become such a thing when nobody answers them. */
export const tasksProjection: Projection = {
  ...TASKS,
  types: new Set([...TASK_TYPES, ...MESSAGE_TYPES]),
  ddl: `
    create table task (
      chain integer not null,
      id uuid not null,
      kind text not null,
      severity text not null,
      -- open, taken, done, withdrawn
      state text not null,
      site_id uuid not null,
      patient_id uuid,
      course_id uuid,
      message_id uuid,
      session_id uuid,
      recall_id uuid,
      slot_id uuid,
      ordinal integer,
      due_by timestamptz not null,
      raised_at timestamptz not null,
      by_actor text,
      by_practitioner uuid,
      settled_at timestamptz,
      outcome text,
      primary key (chain, id)
    );
    create index task_due on task (chain, (state in ('done', 'withdrawn')), due_by, id);
    create index task_message on task (chain, message_id);
    create index task_recall on task (chain, recall_id);
    create index task_patient on task (chain, patient_id);
    create table check_in (
      chain integer not null,
      message_id uuid not null,
      patient_id uuid not null,
      sent_at timestamptz,
      answered boolean not null default false,
      primary key (chain, message_id)
    );
    create index check_in_silent on check_in (chain, patient_id) where sent_at is not null and not answered;
  `,
  rowsOf: { task: { site: 'site_id', patient: 'patient_id' }, check_in: 'withheld' },
  apply: async (context, events) => {
    await applyToTasks(context, events.filter(({ type }) => TASK_TYPES.has(type)) as RecordedEvent<TaskEvent>[]);
    await applyToCheckIns(
      context,
      events.filter(({ type }) => MESSAGE_TYPES.has(type)) as RecordedEvent<MessageEvent>[],
    );
  },
};

async function applyToTasks(
  { tx, chain }: ProjectionContext,
  events: readonly RecordedEvent<TaskEvent>[],
): Promise<void> {
  if (events.length === 0) return;
  const ids = [...new Set(events.map(({ data }) => data.taskId))];
  const { rows } = await tx.query<TaskRow>('select * from task where chain = $1 and id = any($2::uuid[])', [
    chain.no,
    ids,
  ]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const event of events) {
    const { taskId } = event.data;
    if (event.type === 'TaskRaised') byId.set(taskId, raisedRow(chain.no, event));
    else {
      const row = byId.get(taskId);
      if (!row) throw new Error(`${event.type} of a task that was never raised`);
      byId.set(taskId, { ...row, ...changeOf(event) });
    }
  }
  await tx.query(
    `insert into task select r.* from jsonb_populate_recordset(null::task, $1) r
     on conflict (chain, id) do update set
       severity = excluded.severity, state = excluded.state, due_by = excluded.due_by, raised_at = excluded.raised_at,
       by_actor = excluded.by_actor, by_practitioner = excluded.by_practitioner, settled_at = excluded.settled_at,
       outcome = excluded.outcome`,
    [JSON.stringify([...byId.values()])],
  );
}

type Raised = RecordedEvent<Extract<TaskEvent, { type: 'TaskRaised' }>>;

function raisedRow(chain: number, { data, recordedAt }: Raised): TaskRow {
  const { taskId: id, siteId, patientId, courseId, cause, severity, dueBy } = data;
  return {
    ...{ chain, id, kind: cause.kind, severity, state: 'open', site_id: siteId },
    ...{ patient_id: patientId ?? null, course_id: courseId ?? null },
    message_id: 'messageId' in cause ? cause.messageId : null,
    session_id: 'sessionId' in cause ? cause.sessionId : null,
    recall_id: 'recallId' in cause ? cause.recallId : null,
    slot_id: 'slotId' in cause ? cause.slotId : null,
    ordinal: 'ordinal' in cause ? cause.ordinal : null,
    ...{ due_by: dueBy, raised_at: recordedAt },
    ...{ by_actor: null, by_practitioner: null, settled_at: null, outcome: null },
  };
}

function changeOf({
  type,
  data,
  recordedAt,
}: RecordedEvent<Exclude<TaskEvent, { type: 'TaskRaised' }>>): Partial<TaskRow> {
  switch (type) {
    case 'TaskTaken':
      return { state: 'taken', by_actor: data.by.actor, by_practitioner: data.by.practitionerId };
    case 'TaskNoted':
      return {};
    case 'TaskDone': {
      const { by, outcome } = data;
      return {
        ...{ state: 'done', outcome, settled_at: recordedAt },
        ...{ by_actor: by.actor, by_practitioner: by.practitionerId },
      };
    }
    case 'TaskWithdrawn':
      return { state: 'withdrawn', outcome: data.reason, settled_at: recordedAt };
  }
}

/** No answer at all: a word that ends or begins the writing is none to the question. */
const NO_ANSWERS: ReadonlySet<string> = new Set(['stop', 'start']);

async function applyToCheckIns(
  { tx, chain }: ProjectionContext,
  events: readonly RecordedEvent<MessageEvent>[],
): Promise<void> {
  const planned: { message_id: Id; patient_id: Id }[] = [];
  const sent: { message_id: Id; sent_at: Instant }[] = [];
  const answered: Id[] = [];
  for (const { type, data, recordedAt } of events) {
    const { messageId: message_id } = data;
    if (type === 'MessagePlanned' && data.kind === 'check-in') planned.push({ message_id, patient_id: data.patientId });
    if (type === 'MessageSent') sent.push({ message_id, sent_at: recordedAt });
    if (type === 'MessageReplied' && !NO_ANSWERS.has(data.meaning)) answered.push(message_id);
  }
  if (planned.length > 0) {
    await tx.query(
      `insert into check_in (chain, message_id, patient_id)
       select $1, r.* from jsonb_to_recordset($2::jsonb) as r(message_id uuid, patient_id uuid) on conflict do nothing`,
      [chain.no, JSON.stringify(planned)],
    );
  }
  if (sent.length > 0) {
    await tx.query(
      `update check_in c set sent_at = r.sent_at
       from jsonb_to_recordset($2::jsonb) as r(message_id uuid, sent_at timestamptz)
       where c.chain = $1 and c.message_id = r.message_id`,
      [chain.no, JSON.stringify(sent)],
    );
  }
  if (answered.length > 0) {
    await tx.query('update check_in set answered = true where chain = $1 and message_id = any($2::uuid[])', [
      chain.no,
      answered,
    ]);
  }
}
