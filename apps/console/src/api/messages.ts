import { queryOptions } from '@tanstack/react-query';
import { type CourseRef, type Instant, type Person, pagesOf, type SiteTime, type Wall } from './common.js';
import { getJson, postJson } from './http.js';
import type { MessageRule } from './protocols.js';

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
  /** What the provider has said since it took it. */
  delivery: 'delivered' | 'undelivered' | null;
  /** What the patient answered last. */
  reply: ReplyMeaning | null;
}

export type ReplyMeaning = 'stop' | 'start' | 'confirm' | 'cancel' | 'well' | 'worried' | 'other';

/** What a patient answered; the words are null for a link, and where they were erased. */
export interface MessageAnswer {
  at: Instant;
  meaning: ReplyMeaning;
  via: 'sms' | 'link';
  text: string | null;
}

export interface MessageDetail extends Message {
  answers: MessageAnswer[];
}

/** A moment by a clock on a wall, with the rules of zones that it was worked out by. */
export interface ZonedTime extends SiteTime {
  tzdb: string;
  instant: Instant;
}

/** What was on record of patient and site when something was decided. */
export interface DecisionBasis {
  contactConsent: boolean;
  channel: 'email' | 'sms' | null;
  language: string;
  optedOut: string[];
  patientRevision: number;
  zone: string;
  quietHours: { from: string; to: string };
  opensKnown: boolean;
  cap: { count: number; days: number } | null;
  siteRevision: number;
}

export interface ExplanationStep {
  at: Instant;
  position: number;
  type: string;
  says: string;
  until: ZonedTime | null;
  attempt: {
    number: number;
    transport: string;
    channel: 'email' | 'sms';
    language: string;
    templateHash: string;
    idempotencyKey: string;
  } | null;
  /** Null where nothing was decided anew. */
  basis: DecisionBasis | null;
}

export type MessageCause =
  | { kind: 'session'; sessionId: string }
  | { kind: 'maintenance-window'; ordinal: number }
  | { kind: 'maintenance-slot'; ordinal: number; slotId: string };

/** Why a message was planned, when and how it went, or why it did not. */
export interface Explanation {
  id: string;
  kind: string;
  status: MessageStatus;
  key: { cause: MessageCause; recipient: string; generation: number; precaution: string | null };
  rule: {
    protocol: string;
    version: number;
    /** Null where no rule of the protocol asks for it, but the record itself. */
    text: MessageRule | null;
    facts: { id: string; statement: string | null }[];
  };
  plannedFrom: { id: string; type: string; position: number; occurredAt: Instant; recordedAt: Instant } | null;
  due: ZonedTime;
  expiresAt: Instant;
  steps: ExplanationStep[];
}

/** The words that messages were written from. */
export interface KeptTemplate {
  name: string;
  language: string;
  channel: 'email' | 'sms';
  subject: string | null;
  text: string;
  mjml: string | null;
  phrases: Record<string, string>;
  templateHash: string;
  firstUsedAt: Instant;
}

export interface MessageCount {
  kind: string;
  status: MessageStatus;
  messages: number;
}

/** planned = sent + suppressed + expired + failed + unknown + pending, each counted from its own rows. */
export type Balance = Record<MessageStatus | 'planned', number>;

interface MessagesFilter {
  status?: string;
  kind?: string;
  course?: string;
  patient?: string;
  site?: string;
}

export const messagesQuery = (filter: MessagesFilter) => pagesOf<Message>('messages', '/v1/messages', { ...filter });

const pathOf = (message: string): string => `/v1/messages/${encodeURIComponent(message)}`;

export const messageQuery = (message: string) =>
  queryOptions({
    queryKey: ['message', message],
    queryFn: ({ signal }) => getJson<MessageDetail>(pathOf(message), {}, signal),
  });

/** From the log, so that it is never behind a command. */
export const explanationQuery = (message: string) =>
  queryOptions({
    queryKey: ['explanation', message],
    queryFn: ({ signal }) => getJson<Explanation>(`${pathOf(message)}/explanation`, {}, signal),
  });

export const keptTemplateQuery = (hash: string) =>
  queryOptions({
    queryKey: ['template', hash],
    queryFn: ({ signal }) =>
      getJson<KeptTemplate>(`/v1/message-templates/versions/${encodeURIComponent(hash)}`, {}, signal),
    // Other words have another hash.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const balanceQuery = queryOptions({
  queryKey: ['balance'],
  queryFn: ({ signal }) => getJson<Balance>('/v1/messages/balance', {}, signal),
});

export const messageCountsQuery = (site: string | undefined) =>
  queryOptions({
    queryKey: ['message-counts', site ?? null],
    queryFn: async ({ signal }) =>
      (await getJson<{ items: MessageCount[] }>('/v1/messages/counts', { site }, signal)).items,
  });

/** Lets a message go again of which nobody knows whether it was sent. */
export const reopenMessage = (message: string) => postJson(`${pathOf(message)}/reopen`);

/** @param reference by what it was found with the provider, or who says so */
export const confirmMessageSent = (message: string, reference: string) =>
  postJson(`${pathOf(message)}/confirm-sent`, { reference });
