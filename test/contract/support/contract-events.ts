import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { AppendRequest, ExpectedRevision, StoredEvent, StreamAppend } from '#libs/event-store/src/event-store.js';
import { eventType, EventTypes, type NewEvent } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';

const NOW = '2026-01-31T09:00:00.000Z';

const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });
const Written = eventType('Written', { schema: z.strictObject({ text: z.string() }) });
const Noted = eventType('Noted', {
  subject: 'personId',
  schema: z.strictObject({ personId: z.uuid(), note: personal('clinical', z.string()) }),
});

/** Every type that the contract suite writes. */
export const CONTRACT_TYPES = new EventTypes([Counted, Written, Noted]);

export const counted = (n: number) => Counted(occurredNow(NOW), { n });
export const written = (text: string) => Written(occurredNow(NOW), { text });
export const noted = (personId: string, note: string) => Noted(occurredNow(NOW), { personId, note });

/** `count` events of one kind. */
export const some = (count: number, n = 0): NewEvent[] => Array.from({ length: count }, () => counted(n));

export const newStream = (): string => `thing-${newId()}`;

export const CONTEXT = { actor: 'user:contract', origin: 'live' } as const;

export const to = (stream: string, expectedRevision: ExpectedRevision, ...events: NewEvent[]): StreamAppend => ({
  stream,
  expectedRevision,
  events,
});

/** An append under a fresh command id. */
export const appendOf = (
  chain: Chain,
  streams: readonly StreamAppend[],
  more: Partial<AppendRequest> = {},
): AppendRequest => ({ chain: chain.id, commandId: newId(), streams, context: CONTEXT, ...more });

export const numberOf = (event: StoredEvent): number => (JSON.parse(event.data) as { open: { n: number } }).open.n;
export const numbers = (events: readonly StoredEvent[]): number[] => events.map(numberOf);
