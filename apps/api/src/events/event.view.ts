import { z } from 'zod';
import type { StoredEvent } from '#libs/event-store/src/event-store.js';
import { PERSONAL_CLASSES, type PersonalClass } from '#libs/event-store/src/personal-data.js';
import { occurredSchema } from '#libs/kernel/src/occurred.js';
import { EVENT_TYPES } from './event-types.js';

/** An event as an operator sees it. Personal data does not leave by this door: not opened, and not as ciphertext. */
export const eventViewSchema = z
  .strictObject({
    position: z.int().positive(),
    stream: z.string(),
    revision: z.int().nonnegative(),
    id: z.uuid(),
    type: z.string(),
    version: z.int().positive().describe('Schema version of the data as it is stored.'),
    recordedAt: z.iso.datetime(),
    occurredAt: occurredSchema,
    actor: z.string(),
    site: z.uuid().nullable(),
    origin: z.enum(['live', 'import']),
    correlationId: z.uuid().nullable(),
    causationId: z.uuid().nullable(),
    commandId: z.uuid(),
    subject: z.string().nullable().describe('Whose personal data the boxes hold.'),
    data: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('The open fields as they are stored; null where what is stored cannot be read.'),
    boxes: z.array(z.enum(PERSONAL_CLASSES)).describe('Classes of personal data that are there, in closed boxes.'),
  })
  .meta({ id: 'StoredEvent' });

export type EventView = z.infer<typeof eventViewSchema>;

export function eventView({ position, stream, revision, recordedAt, header, data }: StoredEvent): EventView {
  const stored = storedData(data);
  return {
    position,
    stream,
    revision,
    id: header.id,
    type: header.type,
    version: header.version,
    recordedAt,
    occurredAt: header.occurredAt,
    actor: header.actor,
    site: header.site ?? null,
    origin: header.origin,
    correlationId: header.correlationId ?? null,
    causationId: header.causationId ?? null,
    commandId: header.commandId,
    subject: stored?.subject ?? null,
    data: stored ? openFields(header.type, stored.open) : null,
    boxes: PERSONAL_CLASSES.filter((name) => stored?.boxes?.[name] !== undefined),
  };
}

const storedSchema = z.object({
  open: z.record(z.string(), z.unknown()),
  subject: z.string().optional(),
  boxes: z.partialRecord(z.enum(PERSONAL_CLASSES), z.string()).optional(),
});

interface Stored {
  readonly open: Record<string, unknown>;
  readonly subject?: string | undefined;
  readonly boxes?: Partial<Record<PersonalClass, string>> | undefined;
}

function storedData(text: string): Stored | undefined {
  try {
    return storedSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A field that was open when it was written and is declared personal today is personal. */
function openFields(type: string, open: Record<string, unknown>): Record<string, unknown> {
  const personal = EVENT_TYPES.get(type)?.personalFields;
  return Object.fromEntries(Object.entries(open).filter(([name]) => !personal?.has(name)));
}
