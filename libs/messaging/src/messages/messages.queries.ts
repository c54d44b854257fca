import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import type { SealedEvent } from '#libs/projections/src/projection.js';
import type { CourseRef, Person } from '#libs/treatment/src/shared.contract.js';
import type { Identity } from '#libs/treatment/src/streams.contract.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import type { MessageRow } from './message-row.js';
import { MESSAGES_SCHEMA } from './messages.projection.js';
import type {
  MESSAGE_STATUSES,
  MessageBalance,
  MessageCounts,
  MessageDetail,
  MessageView,
  OutboxItem,
} from './message.views.js';

interface Page<Item> {
  readonly items: Item[];
  /** Cursor of the next page; null at the end. */
  readonly next: string | null;
}

export interface MessagesFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly status?: (typeof MESSAGE_STATUSES)[number] | undefined;
  readonly kind?: string | undefined;
  readonly patientId?: Id | undefined;
  readonly courseId?: Id | undefined;
  readonly siteId?: Id | undefined;
}

export interface OutboxFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly siteId?: Id | undefined;
  readonly messageId?: Id | undefined;
}

interface OutboxRow {
  message_id: Id;
  patient_id: Id;
  course_id: Id;
  kind: OutboxItem['kind'];
  channel: OutboxItem['channel'];
  language: string;
  box: SealedBox;
  sent_at: Date;
  /** Null while the read model is behind the outbox. */
  zone: string | null;
}

export interface MessagesQueriesDependencies {
  readonly db: Database;
  /** Of the read model: it shows people what they may see. */
  readonly reads: Queryable;
  readonly boxes: Boxes;
  readonly codes: ExternalCodes;
  readonly store: EventStore;
  readonly codec: Codec;
}

const TABLES = MESSAGES_SCHEMA;
/** What counts as pending: it may still go. */
const PENDING = ['pending', 'held', 'attempted'] as const;
const statusesOf = (status: MessagesFilter['status']) => (status === 'pending' ? [...PENDING] : status && [status]);
const isPending = (status: MessageRow['status']): boolean => (PENDING as readonly string[]).includes(status);
const iso = (time: Date | Instant): Instant => new Date(time).toISOString();
const siteTime = (time: Date | Instant, zone: string) => ({ wall: zonedTime(iso(time), zone).wall, zone });

/** Answers about messages. Names and texts are opened here, and nowhere before. */
export class MessagesQueries {
  constructor(private readonly deps: MessagesQueriesDependencies) {}

  /** Those that are pending in the order in which they fall due; any others with the newest first. */
  async list(chain: Chain, filter: MessagesFilter): Promise<Page<MessageView>> {
    const ascending = filter.status === 'pending';
    const after = filter.cursor === undefined ? [null, null] : decodeCursor(filter.cursor, 2);
    const { rows } = await this.deps.reads.query<MessageRow>(
      `select * from ${TABLES}.message
       where chain = $1
         and ($2::text[] is null or status = any($2))
         and ($3::text is null or kind = $3)
         and ($4::uuid is null or patient_id = $4)
         and ($5::uuid is null or course_id = $5)
         and ($6::uuid is null or site_id = $6)
         and ($7::timestamptz is null or (due_at, message_id) ${ascending ? '>' : '<'} ($7, $8::uuid))
       order by due_at ${ascending ? '' : 'desc'}, message_id ${ascending ? '' : 'desc'}
       limit $9`,
      [
        ...[chain.no, statusesOf(filter.status) ?? null, filter.kind ?? null, filter.patientId ?? null],
        ...[filter.courseId ?? null, filter.siteId ?? null, after[0], after[1], filter.limit + 1],
      ],
    );
    const page = pageOf(rows, filter.limit, (row) => [iso(row.due_at), row.message_id]);
    return { items: await this.views(chain, page.items), next: page.next };
  }

  /**
   * Explains one message: what was planned and why, and everything that happened to it.
   * @throws NotFound `message.unknown`
   */
  async explain(chain: Chain, messageId: Id): Promise<MessageDetail> {
    const { rows } = await this.deps.reads.query<MessageRow>(
      `select * from ${TABLES}.message where chain = $1 and message_id = $2`,
      [chain.no, messageId],
    );
    const stored = await this.deps.store.readStream(chain.id, messageStream(messageId));
    const events = stored.map((event) => this.deps.codec.decodeSealed<MessageEvent>(event));
    const planned = events.find((event) => event.type === 'MessagePlanned')?.data;
    if (!rows[0] || !planned || !('cause' in planned)) {
      throw new NotFound('message.unknown', `There is no message ${messageId}.`);
    }
    const [view] = await this.views(chain, rows);
    const history = events.map(({ type, recordedAt, data: { messageId: _, ...data } }) => ({
      type,
      at: recordedAt,
      ...data,
    }));
    const { facts, cause, generation, expiresAt } = planned;
    const answers = await this.answers(chain, events);
    return { ...(view as MessageView), history, answers, facts, cause, generation, expiresAt };
  }

  /** What the patient answered, opened. */
  private async answers(chain: Chain, events: readonly SealedEvent<MessageEvent>[]): Promise<MessageDetail['answers']> {
    const replies = events.flatMap((event) => (event.type === 'MessageReplied' ? [event] : []));
    const boxes = replies.flatMap(({ sealed }) => sealed.contact ?? []);
    const opened = await this.deps.boxes.open<{ text?: string | null }>(chain, boxes);
    const texts = new Map(boxes.map((box, n) => [box, opened[n]]));
    return replies.map(({ recordedAt: at, data: { meaning, via }, sealed }) => {
      const content = sealed.contact && texts.get(sealed.contact);
      return { at, meaning, via, text: !content || isErased(content) ? null : (content.text ?? null) };
    });
  }

  async balance(chain: Chain): Promise<MessageBalance> {
    const { rows } = await this.deps.reads.query<{ status: MessageRow['status']; n: number }>(
      `select status, count(*)::int as n from ${TABLES}.message where chain = $1 group by status`,
      [chain.no],
    );
    const n = (...statuses: MessageRow['status'][]) =>
      rows.filter(({ status }) => statuses.includes(status)).reduce((sum, row) => sum + row.n, 0);
    return {
      planned: rows.reduce((sum, row) => sum + row.n, 0),
      sent: n('sent'),
      suppressed: n('suppressed'),
      expired: n('expired'),
      failed: n('failed'),
      unknown: n('unknown'),
      pending: n(...PENDING),
    };
  }

  /** In the order of kinds and statuses. */
  async counts(chain: Chain, siteId?: Id): Promise<MessageCounts['items']> {
    const { rows } = await this.deps.reads.query<MessageCounts['items'][number]>(
      `select kind, case when status = any($3) then 'pending' else status end as status, count(*)::int as messages
       from ${TABLES}.message where chain = $1 and ($2::uuid is null or site_id = $2)
       group by 1, 2 order by 1, 2`,
      [chain.no, siteId ?? null, [...PENDING]],
    );
    return rows;
  }

  /** What the embedded channel holds, newest first. */
  async outbox(chain: Chain, filter: OutboxFilter): Promise<Page<OutboxItem>> {
    const after = filter.cursor === undefined ? [null, null] : decodeCursor(filter.cursor, 2);
    const { rows } = await this.deps.db.query<OutboxRow>(
      `select o.message_id, o.patient_id, o.course_id, o.kind, o.channel, o.language, o.box, o.sent_at, m.due_zone as zone
       from outbox o left join ${TABLES}.message m on m.chain = o.chain and m.message_id = o.message_id
       where o.chain = $1 and ($2::uuid is null or o.site_id = $2) and ($3::uuid is null or o.message_id = $3)
         and ($4::timestamptz is null or (o.sent_at, o.message_id) < ($4, $5::uuid))
       order by o.sent_at desc, o.message_id desc limit $6`,
      [chain.no, filter.siteId ?? null, filter.messageId ?? null, after[0], after[1], filter.limit + 1],
    );
    const page = pageOf(rows, filter.limit, (row) => [iso(row.sent_at), row.message_id]);
    const seen = await this.seen(chain, page.items);
    const texts = await this.deps.boxes.open<{ to: string; subject: string | null; body: string }>(
      chain,
      seen.map(({ box }) => box),
    );
    const named = await this.named(chain, seen);
    const items = seen.map((row, n): OutboxItem => {
      const text = texts[n];
      const { to, subject, body } = !text || isErased(text) ? { to: null, subject: null, body: null } : text;
      return {
        messageId: row.message_id,
        ...{ kind: row.kind, channel: row.channel, to, language: row.language, subject, body },
        sentAt: iso(row.sent_at),
        sentWall: siteTime(row.sent_at, row.zone ?? 'UTC'),
        patient: named.patient(row.patient_id),
        course: named.course(row.course_id),
      };
    });
    return { items, next: page.next };
  }

  /** The outbox is no read model, and says of no row who may see it: its message does, once that is known. */
  private async seen(chain: Chain, rows: readonly OutboxRow[]): Promise<readonly OutboxRow[]> {
    const known = rows.filter(({ zone }) => zone !== null).map(({ message_id }) => message_id);
    if (known.length === 0) return rows;
    const { rows: messages } = await this.deps.reads.query<{ message_id: Id }>(
      `select message_id from ${TABLES}.message where chain = $1 and message_id = any($2::uuid[])`,
      [chain.no, known],
    );
    const seen = new Set(messages.map(({ message_id }) => message_id));
    return rows.filter(({ zone, message_id }) => zone === null || seen.has(message_id));
  }

  private async views(chain: Chain, rows: readonly MessageRow[]): Promise<MessageView[]> {
    const named = await this.named(chain, rows);
    return rows.map((row) => ({
      id: row.message_id,
      kind: row.kind,
      status: isPending(row.status) ? 'pending' : (row.status as Exclude<MessageRow['status'], 'held' | 'attempted'>),
      patient: named.patient(row.patient_id),
      course: named.course(row.course_id),
      due: { wall: row.due_wall, zone: row.due_zone, instant: iso(row.due_at) },
      nextDue: row.status === 'pending' || row.status === 'attempted' ? iso(row.next_due) : null,
      sentAt: row.sent_at && iso(row.sent_at),
      sentWall: row.sent_at === null ? null : siteTime(row.sent_at, row.due_zone),
      channel: row.channel,
      heldFor: row.status === 'held' ? (row.reason ?? '').split(' ') : [],
      reason: row.status === 'held' ? null : row.reason,
      ...{ delivery: row.delivery, reply: row.reply },
    }));
  }

  /** Names of the patients and courses that rows are about. */
  private async named(chain: Chain, rows: readonly { readonly patient_id: Id; readonly course_id: Id }[]) {
    const patientIds = [...new Set(rows.map((row) => row.patient_id))];
    const courseIds = [...new Set(rows.map((row) => row.course_id))];
    const [patientCodes, courseCodes, names, protocols] = await Promise.all([
      this.deps.codes.codesOf(chain, 'patient', patientIds),
      this.deps.codes.codesOf(chain, 'course', courseIds),
      this.names(chain, patientIds),
      this.protocols(chain, courseIds),
    ]);
    return {
      patient: (id: Id): Person => ({ id, code: patientCodes.get(id) ?? null, name: names.get(id) ?? null }),
      course: (id: Id): CourseRef => ({ id, code: courseCodes.get(id) ?? null, protocol: protocols.get(id) ?? '' }),
    };
  }

  private async names(chain: Chain, patientIds: readonly Id[]): Promise<Map<Id, string>> {
    if (patientIds.length === 0) return new Map();
    const { rows } = await this.deps.reads.query<{ patient_id: Id; box: SealedBox }>(
      `select patient_id, box from ${TABLES}.recipient
       where chain = $1 and patient_id = any($2::uuid[]) and jsonb_typeof(box) = 'object'`,
      [chain.no, patientIds],
    );
    const opened = await this.deps.boxes.open<{ identity?: Identity }>(
      chain,
      rows.map(({ box }) => box),
    );
    const names = new Map<Id, string>();
    opened.forEach((content, n) => {
      if (isErased(content) || !content.identity) return;
      names.set(
        (rows[n] as { patient_id: Id }).patient_id,
        `${content.identity.givenName} ${content.identity.familyName}`,
      );
    });
    return names;
  }

  private async protocols(chain: Chain, courseIds: readonly Id[]): Promise<Map<Id, string>> {
    if (courseIds.length === 0) return new Map();
    const { rows } = await this.deps.db.query<{ course_id: Id; protocol: string }>(
      'select course_id, protocol from messaging_course where chain = $1 and course_id = any($2::uuid[])',
      [chain.no, courseIds],
    );
    return new Map(rows.map((row) => [row.course_id, row.protocol]));
  }
}
