import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { MessageEvent, MessageKind, ReplyMeaning } from '../message/message.events.js';
import type { PlannedMessage } from '../message/message.state.js';

/** A row of the read model; instants come from the database as Date. */
export interface MessageRow {
  readonly chain: number;
  readonly message_id: Id;
  readonly kind: MessageKind;
  readonly status: 'pending' | 'held' | 'attempted' | 'sent' | 'suppressed' | 'expired' | 'failed' | 'unknown';
  readonly course_id: Id;
  readonly patient_id: Id;
  readonly site_id: Id;
  readonly due_at: Date | Instant;
  readonly due_wall: string;
  readonly due_zone: string;
  readonly next_due: Date | Instant;
  readonly expires_at: Date | Instant;
  readonly generation: number;
  readonly deferrals: number;
  readonly attempts: number;
  readonly attempted_at: Date | Instant | null;
  readonly reason: string | null;
  readonly sent_at: Date | Instant | null;
  readonly channel: 'email' | 'sms' | null;
  /** What the provider has said since; null: nothing. */
  readonly delivery: 'delivered' | 'undelivered' | null;
  /** What the patient answered last. */
  readonly reply: ReplyMeaning | null;
}

export const plannedRow = (chain: number, planned: PlannedMessage): MessageRow => ({
  chain,
  message_id: planned.messageId,
  kind: planned.kind,
  status: 'pending',
  course_id: planned.courseId,
  patient_id: planned.patientId,
  site_id: planned.siteId,
  due_at: planned.due.instant,
  due_wall: planned.due.wall,
  due_zone: planned.due.zone,
  next_due: planned.due.instant,
  expires_at: planned.expiresAt,
  generation: planned.generation,
  deferrals: 0,
  attempts: 0,
  attempted_at: null,
  reason: null,
  sent_at: null,
  channel: null,
  delivery: null,
  reply: null,
});

type LaterEvent = Exclude<MessageEvent, { type: 'MessagePlanned' }>;

/** @param seenAt real time, from which an attempt without an outcome grows old */
export function evolveRow(row: MessageRow, event: LaterEvent, seenAt: Instant): MessageRow {
  const settled = { ...row, attempted_at: null };
  switch (event.type) {
    case 'MessageDeferred':
      return { ...settled, status: 'pending', next_due: event.data.until.instant, deferrals: row.deferrals + 1 };
    case 'MessageReplanned': {
      const { due, expiresAt: expires_at } = event.data;
      const at = { due_at: due.instant, due_wall: due.wall, due_zone: due.zone, next_due: due.instant };
      return { ...row, ...at, expires_at, deferrals: row.deferrals + 1 };
    }
    case 'MessageHeld':
      return { ...settled, status: 'held', reason: event.data.reasons.join(' ') };
    case 'MessageReleased':
      return { ...settled, status: 'pending', reason: null };
    case 'MessageAttempted': {
      const { attempt, channel } = event.data;
      return { ...row, status: 'attempted', attempts: attempt, attempted_at: seenAt, channel };
    }
    case 'MessageRefused': {
      const { problem: reason, retryAt } = event.data;
      return { ...settled, status: 'pending', next_due: retryAt.instant, deferrals: row.deferrals + 1, reason };
    }
    case 'MessageReopened':
      return { ...settled, status: 'pending', reason: null, deferrals: row.deferrals + 1 };
    case 'MessageDeliveryReported':
      return { ...row, delivery: row.delivery === 'delivered' ? 'delivered' : event.data.status };
    case 'MessageReplied':
      return { ...row, reply: event.data.meaning };
    case 'MessageSent':
      // Why a provider did not take it before says nothing of it any more.
      return {
        ...settled,
        status: 'sent',
        reason: null,
        sent_at: event.occurredAt.instant,
        channel: event.data.channel,
      };
    case 'MessageSuppressed':
      return { ...settled, status: 'suppressed', reason: event.data.reason };
    case 'MessageExpired':
      return { ...settled, status: 'expired', reason: 'expired' };
    case 'MessageFailed':
      return { ...settled, status: 'failed', reason: event.data.problem };
    case 'MessageOutcomeUnknown':
      return { ...settled, status: 'unknown', reason: event.data.problem };
    default:
      return assertNever(event, 'message event');
  }
}
