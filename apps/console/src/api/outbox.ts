import { queryOptions } from '@tanstack/react-query';
import { type CourseRef, type Instant, type Page, type Person, pagesOf, type SiteTime } from './common.js';
import { getJson } from './http.js';

/** A message as it left, newest first. */
export interface OutboxItem {
  messageId: string;
  kind: string;
  channel: 'email' | 'sms';
  /** Null where the patient was erased. */
  to: string | null;
  language: string;
  subject: string | null;
  /** Plain text; null where the patient was erased. */
  body: string | null;
  sentAt: Instant;
  sentWall: SiteTime;
  patient: Person;
  course: CourseRef | null;
}

export const outboxQuery = (site: string | undefined) => pagesOf<OutboxItem>('outbox', '/v1/outbox', { site });

/** One message as it left; null where it never came to the outbox. */
export const letterQuery = (message: string) =>
  queryOptions({
    queryKey: ['letter', message],
    queryFn: async ({ signal }) =>
      (await getJson<Page<OutboxItem>>('/v1/outbox', { message }, signal)).items[0] ?? null,
  });
