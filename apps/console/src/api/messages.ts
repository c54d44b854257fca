import { queryOptions } from '@tanstack/react-query';
import { type CourseRef, type Instant, type Person, pagesOf, type SiteTime, type Wall } from './common.js';
import { getJson } from './http.js';

export const MESSAGE_STATUSES = ['sent', 'suppressed', 'expired', 'failed', 'unknown', 'pending'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

export interface Message {
  id: string;
  kind: string;
  status: MessageStatus;
  patient: Person;
  course: CourseRef;
  due: { wall: Wall; zone: string; instant: Instant };
  nextDue: Instant | null;
  sentAt: Instant | null;
  sentWall: SiteTime | null;
  channel: 'email' | 'sms' | null;
  /** What stands against the session that it is about, by ids of rules, while it is held for that. */
  heldFor: string[];
  reason: string | null;
}

/** One step in a message's life; what else it says differs by type. */
export interface MessageStep {
  type: string;
  at: Instant;
  [detail: string]: unknown;
}

export interface MessageDetail extends Message {
  history: MessageStep[];
  facts: string[];
  cause: { kind: string; sessionId?: string; ordinal?: number };
  generation: number;
  expiresAt: Instant | null;
}

/** planned = sent + suppressed + expired + failed + unknown + pending, each counted from its own rows. */
export type Balance = Record<MessageStatus | 'planned', number>;

export const messagesQuery = (filter: { status?: string; kind?: string; course?: string; patient?: string }) =>
  pagesOf<Message>('messages', '/v1/messages', filter);

export const messageQuery = (message: string) =>
  queryOptions({
    queryKey: ['message', message],
    queryFn: ({ signal }) => getJson<MessageDetail>(`/v1/messages/${encodeURIComponent(message)}`, {}, signal),
  });

export const balanceQuery = queryOptions({
  queryKey: ['balance'],
  queryFn: ({ signal }) => getJson<Balance>('/v1/messages/balance', {}, signal),
});
