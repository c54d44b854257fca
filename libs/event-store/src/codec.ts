import { type Id, newId } from '#libs/kernel/src/ids.js';
import { z } from 'zod';
import type { SealedBox, Boxes } from './boxes.js';
import type { Chain } from './chains.js';
import {
  AppendTooLarge,
  EventDataInvalid,
  EventTooLarge,
  HeaderTooLarge,
  UnreadableEvent,
} from './event-store.errors.js';
import type { AppendContext, StoredEvent } from './event-store.js';
import type { EventHeader, RecordedEvent } from './recorded-event.js';
import type { EventType, EventTypes, NewEvent, Upcaster } from './event-type.js';
import { ERASED, isErased, PERSONAL_CLASSES, type PersonalClass } from './personal-data.js';
import { type PlainCheck, plainCheckOf } from './plain-schema.js';

/** What the data column holds: open fields as they are, and a box for each class of personal data. */
interface StoredData {
  readonly open: Record<string, unknown>;
  readonly subject?: Id;
  readonly boxes?: Partial<Record<PersonalClass, string>>;
}

/** Header and data of an event as the exact text that is stored. */
export interface EncodedEvent {
  readonly header: string;
  readonly data: string;
}

/** A header goes into the ledger's entry as it is, and an entry has less than 64 KiB with the stream's name in it. */
export const HEADER_BYTES_MAX = 64_000;

/** 1 MB: ten thousand times a usual event; what is larger is a picture or a mistake. */
export const EVENT_BYTES_MAX = 1_000_000;

/**
 * Events of one append: a command writes a handful. PostgreSQL's procedure counts up to 32,767, but the appends that
 * wait stand behind this one, which takes up to a second.
 */
export const APPEND_EVENTS_MAX = 10_000;
/**
 * Bytes of one append: 64 events of the usual limit. While they are written they stand in memory several times over, so
 * many take some 300 MB with PostgreSQL and 600 MB embedded; a message of a gigabyte is more than PostgreSQL reads.
 */
export const APPEND_BYTES_MAX = 64_000_000;

/** How `JSON.stringify` writes U+0000 and lone surrogates; a backslash of the text itself is written as two. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;
/** Nearly no text has an escape of this kind at all. */
const isUnstorable = (json: string): boolean => json.includes('\\u') && UNSTORABLE.test(json);

/** Between events in memory and their stored text. */
export class Codec {
  private readonly plainChecks = new Map<EventType, PlainCheck>();
  /** What large texts were found to say. */
  private readonly known = new Map<string, Record<string, unknown>>();

  constructor(
    private readonly types: EventTypes,
    private readonly boxes: Boxes,
    private readonly bytesMax = EVENT_BYTES_MAX,
  ) {}

  /**
   * Validates and writes the events of one append; personal fields go into boxes.
   * @throws EventDataInvalid, EventTooLarge, HeaderTooLarge, AppendTooLarge
   */
  async encode(
    chain: Chain,
    commandId: Id,
    context: AppendContext,
    events: readonly NewEvent[],
  ): Promise<EncodedEvent[]> {
    if (events.length > APPEND_EVENTS_MAX)
      throw new AppendTooLarge({ events: events.length, eventsMax: APPEND_EVENTS_MAX });
    const drafts = events.map((event) => this.draft(event));
    const closed = await this.boxes.close(
      chain,
      drafts.flatMap((draft) => draft.boxes),
    );
    let next = 0;
    let bytesOfAll = 0;
    return drafts.map((draft) => {
      const boxes: Partial<Record<PersonalClass, string>> = {};
      for (const { class: personalClass } of draft.boxes) {
        // A destroyed key leaves no box: what was said about an erased person is erased before it is written.
        const sealed = closed[next++];
        if (sealed) boxes[personalClass] = sealed.box;
      }
      const stored: StoredData =
        draft.subject === undefined ? { open: draft.open } : { open: draft.open, subject: draft.subject, boxes };
      const encoded = { header: headerText(draft, commandId, context), data: JSON.stringify(stored) };
      const headerBytes = Buffer.byteLength(encoded.header);
      if (headerBytes > HEADER_BYTES_MAX) throw new HeaderTooLarge(draft.event.type, headerBytes, HEADER_BYTES_MAX);
      const bytes = Buffer.byteLength(encoded.data) + headerBytes;
      if (bytes > this.bytesMax) throw new EventTooLarge(draft.event.type, bytes, this.bytesMax);
      bytesOfAll += bytes;
      if (bytesOfAll > APPEND_BYTES_MAX) throw new AppendTooLarge({ bytesMax: APPEND_BYTES_MAX });
      return encoded;
    });
  }

  /**
   * Reads stored events with their personal data opened.
   * @throws UnreadableEvent for an unknown type or version, or data that no longer parses.
   */
  async decode<E extends NewEvent = NewEvent>(
    chain: Chain,
    events: readonly StoredEvent[],
  ): Promise<RecordedEvent<E>[]> {
    const parsed = events.map(withHeader).map((event) => ({ event, stored: parseData(event) }));
    const sealed = parsed.flatMap(({ event, stored }) => sealedBoxes(event, stored));
    const opened = await this.boxes.open<Record<string, unknown>>(chain, sealed);
    let next = 0;
    return parsed.map(({ event, stored }) => {
      const fields: Record<string, unknown> = { ...stored.open };
      const type = this.typeOf(event);
      const has = new Set<PersonalClass>();
      for (const box of sealedBoxes(event, stored)) {
        has.add(box.class);
        const content = opened[next++];
        if (!isErased(content)) Object.assign(fields, content);
        else eraseClass(fields, type, box.class);
      }
      if (stored.subject !== undefined) {
        for (const personalClass of PERSONAL_CLASSES)
          if (!has.has(personalClass)) eraseClass(fields, type, personalClass);
      }
      return this.lift<E>(event, type, fields);
    });
  }

  /**
   * Reads a stored event without opening a box: personal fields are `ERASED` in `data`, and stand closed in `sealed`.
   * For projections, which never hold plaintext.
   * @throws UnreadableEvent
   */
  decodeSealed<E extends NewEvent = NewEvent>(
    encoded: StoredEvent,
  ): RecordedEvent<E> & { sealed: Partial<Record<PersonalClass, SealedBox>> } {
    const event = withHeader(encoded);
    const stored = parseData(event);
    const type = this.typeOf(event);
    const sealed: Partial<Record<PersonalClass, SealedBox>> = {};
    for (const box of sealedBoxes(event, stored)) sealed[box.class] = box;
    const fields = stored.open;
    for (const personalClass of type.neededPersonal.keys()) eraseClass(fields, type, personalClass);
    return Object.assign(this.lift<E>(event, type, fields), { sealed });
  }

  private draft(event: NewEvent) {
    const type = this.types.find(event.type);
    if (!type) throw new EventDataInvalid(event.type, 'the type is not registered');
    const result = type.schema.safeParse(event.data);
    if (!result.success) throw new EventDataInvalid(event.type, z.prettifyError(result.error));
    // Read models could never hold it, and events are never mended.
    if (isUnstorable(JSON.stringify(result.data)))
      throw new EventDataInvalid(event.type, 'it has text with U+0000 or half a surrogate pair');
    const open: Record<string, unknown> = {};
    const closed = new Map<PersonalClass, Record<string, unknown>>();
    for (const [name, value] of Object.entries(result.data)) {
      const personalClass = type.personalFields.get(name);
      if (value === undefined) continue;
      if (personalClass === undefined) open[name] = value;
      else if (!isErased(value)) closed.set(personalClass, { ...closed.get(personalClass), [name]: value });
    }
    const id = newId();
    const subject = type.subject === undefined ? undefined : (open[type.subject] as Id);
    const boxes =
      subject === undefined
        ? []
        : PERSONAL_CLASSES.filter((name) => [...type.personalFields.values()].includes(name)).map((name) => ({
            subject,
            class: name,
            of: id,
            // A class without a value still gets its box, so that nobody can tell by looking who has an allergy.
            value: closed.get(name) ?? {},
          }));
    return { event, type, id, open, subject, boxes };
  }

  private typeOf(event: StoredEvent): EventType {
    const type = this.types.find(event.header.type);
    if (!type) throw new UnreadableEvent(placeOf(event), `the type ${event.header.type} is unknown to this version`);
    return type;
  }

  private lift<E extends NewEvent>(
    event: StoredEvent,
    type: EventType,
    fields: Record<string, unknown>,
  ): RecordedEvent<E> {
    const { version } = event.header;
    if (version > type.version) {
      throw new UnreadableEvent(placeOf(event), `its schema version ${version} is newer than this software`);
    }
    let lifted = fields;
    for (let from = version; from < type.version; from += 1) {
      lifted = (type.upcasters[from - 1] as Upcaster)(lifted);
    }
    return {
      chain: event.chain,
      position: event.position,
      stream: event.stream,
      revision: event.revision,
      recordedAt: event.recordedAt,
      header: event.header,
      type: event.header.type,
      occurredAt: event.header.occurredAt,
      data: this.validated(event, type, lifted),
      // The schema of the type has just said that it is one.
    } as RecordedEvent<E>;
  }

  /** @throws UnreadableEvent */
  private validated(event: StoredEvent, type: EventType, data: Record<string, unknown>): Record<string, unknown> {
    let isPlain = this.plainChecks.get(type);
    if (!isPlain) this.plainChecks.set(type, (isPlain = plainCheckOf(type.schema)));
    if (isPlain(data)) return data;
    // The rules of a protocol are the same text for every message and command, and take longer than all else of either.
    const isKept = event.data.length >= KEPT_CHARACTERS_MIN && type.personalFields.size === 0;
    const key = isKept ? `${type.type} ${event.header.version} ${event.data}` : undefined;
    const known = key === undefined ? undefined : this.known.get(key);
    if (known) return known;
    const result = type.schema.safeParse(data);
    if (!result.success) throw new UnreadableEvent(placeOf(event), z.prettifyError(result.error), result.error);
    if (key !== undefined) {
      if (this.known.size >= KEPT_MAX) this.known.clear();
      // Many hold it from now on: whoever changed it would change it for all of them.
      this.known.set(key, deeplyFrozen(result.data));
    }
    return result.data;
  }
}

/** Data of an event that is worth keeping once it was read; only what no person stands in is ever kept. */
const KEPT_CHARACTERS_MIN = 4_000;
/** Versions of protocols that a process reads at a time, each of some 40 kB. */
const KEPT_MAX = 100;

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const part of Object.values(value)) deeplyFrozen(part);
  }
  return value;
}

function headerText(
  draft: { id: Id; type: EventType; event: NewEvent },
  commandId: Id,
  context: AppendContext,
): string {
  const header: EventHeader = {
    id: draft.id,
    type: draft.type.type,
    version: draft.type.version,
    occurredAt: draft.event.occurredAt,
    actor: context.actor,
    ...(context.site === undefined ? {} : { site: context.site }),
    origin: context.origin,
    ...(context.correlationId === undefined ? {} : { correlationId: context.correlationId }),
    ...(context.causationId === undefined ? {} : { causationId: context.causationId }),
    commandId,
  };
  return JSON.stringify(header);
}

/** Its header is asked for several times, and a store may read it anew each time. */
const withHeader = ({ chain, position, stream, revision, recordedAt, header, data }: StoredEvent): StoredEvent => ({
  chain,
  position,
  stream,
  revision,
  recordedAt,
  header,
  data,
});

function parseData(event: StoredEvent): StoredData {
  try {
    return JSON.parse(event.data) as StoredData;
  } catch (cause) {
    throw new UnreadableEvent(placeOf(event), 'its data is not JSON', cause);
  }
}

function sealedBoxes(event: StoredEvent, stored: StoredData): SealedBox[] {
  const { subject, boxes } = stored;
  const sealed: SealedBox[] = [];
  if (subject === undefined || boxes === undefined) return sealed;
  for (const name of PERSONAL_CLASSES) {
    const box = boxes[name];
    if (box !== undefined) sealed.push({ subject, class: name, of: event.header.id, box });
  }
  return sealed;
}

/**
 * Puts `ERASED` for the fields of a class; optional fields are left out. Fields that older versions had under other
 * names are the upcasters' concern.
 */
function eraseClass(fields: Record<string, unknown>, type: EventType, personalClass: PersonalClass): void {
  for (const name of type.neededPersonal.get(personalClass) ?? []) fields[name] = ERASED;
}

const placeOf = (event: StoredEvent): string => `Event ${event.position} (${event.stream}, revision ${event.revision})`;
