import {
  PatientEntryRetracted,
  PatientRegistered,
  PatientRegisteredCorrected,
} from '#libs/treatment/src/streams.contract.js';
import {
  type Projection,
  type ProjectionContext,
  type SealedEvent,
  schemaOf,
} from '#libs/projections/src/projection.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { MESSAGE_EVENTS, type MessageEvent } from '../message/message.events.js';
import { evolveRow, type MessageRow, plannedRow } from './message-row.js';

export const MESSAGES = { name: 'messages', version: 3 } as const;
/** Where the rows stand for whoever works on messages. */
export const MESSAGES_SCHEMA = schemaOf(MESSAGES);

/** What says who a message goes to; anything else that is taken back brings the same registration along. */
const RECIPIENT_EVENTS = [PatientRegistered, PatientRegisteredCorrected, PatientEntryRetracted];
const NAMES_RECIPIENTS: ReadonlySet<string> = new Set(RECIPIENT_EVENTS.map(({ type }) => type));

/** Each message as it stands, in a row of its own. Where a patient's name is needed, the closed box stands here. */
export const messagesProjection: Projection = {
  ...MESSAGES,
  types: new Set([...MESSAGE_EVENTS, ...RECIPIENT_EVENTS].map(({ type }) => type)),
  ddl: `
    create table message (
      chain integer not null,
      message_id uuid not null,
      kind text not null,
      -- pending, held (something stands against its session), attempted (a provider was called, its answer is not on
      -- record), sent, suppressed, expired, failed, unknown
      status text not null,
      course_id uuid not null,
      patient_id uuid not null,
      site_id uuid not null,
      due_at timestamptz not null,
      due_wall text not null,
      due_zone text not null,
      -- When it may leave now: due_at, or the end of the quiet hours it was deferred to.
      next_due timestamptz not null,
      expires_at timestamptz not null,
      generation integer not null,
      deferrals integer not null default 0,
      attempts integer not null default 0,
      -- Real time by the database's clock: when an attempt without an outcome was seen here.
      attempted_at timestamptz,
      reason text,
      sent_at timestamptz,
      channel text,
      -- What the provider said of it since: delivered, undelivered.
      delivery text,
      -- What the patient answered last.
      reply text,
      primary key (chain, message_id)
    );
    create index message_pending on message (chain, next_due) where status = 'pending';
    create index message_held on message (chain, message_id) where status = 'held';
    create index message_attempted on message (chain, attempted_at) where status = 'attempted';
    create index message_due on message (chain, due_at, message_id);
    create index message_status on message (chain, status, due_at, message_id);
    create index message_patient on message (chain, patient_id);
    create index message_course on message (chain, course_id);
    create table recipient (chain integer not null, patient_id uuid not null, box jsonb, primary key (chain, patient_id));
  `,
  rowsOf: { message: { site: 'site_id', patient: 'patient_id' }, recipient: { patient: 'patient_id' } },
  apply: async (context, events) => {
    await noteRecipients(context, events);
    await applyToMessages(context, events.filter(({ type }) => !NAMES_RECIPIENTS.has(type)) as never);
  },
};

async function noteRecipients({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
  const registered = new Map<Id, SealedEvent>();
  for (const event of events.filter(({ type }) => NAMES_RECIPIENTS.has(type))) {
    // A correction brings the registration along as it reads now.
    const reads = event.history ? event.history.find(({ type }) => type === PatientRegistered.type) : event;
    if (reads) registered.set((reads.data as { patientId: Id }).patientId, reads);
  }
  if (registered.size === 0) return;
  await tx.query(
    `insert into recipient (chain, patient_id, box) select $1, * from unnest($2::uuid[], $3::jsonb[])
     on conflict (chain, patient_id) do update set box = excluded.box`,
    [
      chain.no,
      [...registered.keys()],
      [...registered.values()].map(({ sealed }) => JSON.stringify(sealed.contact ?? null)),
    ],
  );
}

async function applyToMessages(
  { tx, chain }: ProjectionContext,
  events: readonly SealedEvent<MessageEvent>[],
): Promise<void> {
  if (events.length === 0) return;
  const ids = [...new Set(events.map(({ data }) => data.messageId))];
  // There is always a row: it says what time it is by the database, which whoever looks for old attempts goes by.
  const { rows } = await tx.query<{ seen_at: Date } & (MessageRow | { message_id: null })>(
    `with clock as materialized (select clock_timestamp() as seen_at)
     select m.*, clock.seen_at from clock
     left join message m on m.chain = $1 and m.message_id = any($2::uuid[])`,
    [chain.no, ids],
  );
  const seenAt = (rows[0] as { seen_at: Date }).seen_at.toISOString();
  const byId = new Map<Id, MessageRow>();
  for (const { seen_at: _seenAt, ...row } of rows) if (row.message_id !== null) byId.set(row.message_id, row);
  for (const event of events) {
    if (event.type === 'MessagePlanned') {
      byId.set(event.data.messageId, plannedRow(chain.no, event.data));
      continue;
    }
    const row = byId.get(event.data.messageId);
    if (!row) throw new Error(`${event.type} of a message that was never planned`);
    byId.set(event.data.messageId, evolveRow(row, event, seenAt));
  }
  await tx.query(
    `insert into message select r.* from jsonb_populate_recordset(null::message, $1) r
     on conflict (chain, message_id) do update set
       due_at = excluded.due_at, due_wall = excluded.due_wall, due_zone = excluded.due_zone, expires_at = excluded.expires_at,
       status = excluded.status, next_due = excluded.next_due, deferrals = excluded.deferrals,
       attempts = excluded.attempts, attempted_at = excluded.attempted_at, reason = excluded.reason,
       sent_at = excluded.sent_at, channel = excluded.channel, delivery = excluded.delivery,
       reply = excluded.reply`,
    [JSON.stringify([...byId.values()])],
  );
}
