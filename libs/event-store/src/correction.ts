import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { type EventType, eventType, type NewEvent, type Upcaster } from './event-type.js';
import { personal, type PersonalClass } from './personal-data.js';
import type { RecordedEvent } from './recorded-event.js';

/**
 * Nothing in the log is edited. A correction is an event of its own, beside the one that it corrects: it names it, says
 * why, and says the whole of it anew, its time of occurrence included. A retraction says that what was entered never
 * happened (a session entered for the wrong patient). Folds know neither: they are given the history as it reads with
 * both applied (`effectiveHistory`).
 */
const correctionFields = (personalClass: PersonalClass) => ({
  /** Id of the event that is corrected, or of an earlier correction of it. */
  corrects: z.uuid(),
  /** Why, in words. */
  correctionReason: personal(personalClass, z.string().min(1)),
});

type CorrectionShape = ReturnType<typeof correctionFields>;

/** Types of corrections by name, with the type that each stands for; filled where they are defined. */
const corrected = new Map<string, string>();
const retracting = new Set<string>();

export type CorrectionType<T> =
  T extends EventType<infer Type, infer Schema>
    ? EventType<`${Type}Corrected`, z.ZodObject<Schema['shape'] & CorrectionShape, z.core.$strict>>
    : never;

/**
 * The event that says anew what an event of a type said: `SessionPerformedCorrected` for `SessionPerformed`. It has the
 * version and the upcasters of the type itself.
 * @param options.subject where the type has no personal data of its own, the field with the id of the person whom the
 *   reason is about
 * @throws Error when there is nobody whose key closes the reason; that is found when the module loads
 */
export function correctionOf<T extends EventType>(
  type: T,
  options: { readonly subject?: string; readonly personalClass?: PersonalClass } = {},
): CorrectionType<T> {
  const subject = type.subject ?? options.subject;
  const name = `${type.type}Corrected`;
  const made = eventType(name, {
    version: type.version,
    upcasters: type.upcasters,
    schema: type.schema.extend(correctionFields(options.personalClass ?? 'clinical')),
    ...(subject === undefined ? {} : { subject: subject as never }),
  });
  corrected.set(name, type.type);
  return made as unknown as CorrectionType<T>;
}

/**
 * The event that takes back an entry of a stream.
 * @param shape the fields that every event of the stream has, the person's id among them
 */
export function retractionOf<const Type extends string, Shape extends z.ZodRawShape>(
  type: Type,
  shape: Shape,
  options: {
    readonly subject: string;
    readonly personalClass?: PersonalClass;
    readonly version?: number;
    readonly upcasters?: readonly Upcaster[];
  },
) {
  const { version = 1, upcasters = [] } = options;
  retracting.add(type);
  return eventType(type, {
    version,
    upcasters,
    schema: z.strictObject({
      ...shape,
      /** Id of the event that never happened, or of a correction that is taken back. */
      retracts: z.uuid(),
      /** Why, in words. */
      retractionReason: personal(options.personalClass ?? 'clinical', z.string().min(1)),
    }),
    subject: options.subject as never,
  });
}

/** The event that says anew what an event of a type said, where the reason is a code and stands open. */
export type CodedCorrectionType<T, Reason extends z.ZodType> =
  T extends EventType<infer Type, infer Schema>
    ? EventType<
        `${Type}Corrected`,
        z.ZodObject<Schema['shape'] & { corrects: z.ZodUUID; correctionReason: Reason }, z.core.$strict>
      >
    : never;

/**
 * As `correctionOf`, for what is about nobody (a lot, a recall): there is no key that could close a reason in words, so
 * that the reason is a code, and stands open.
 * @param reason schema of the reason; it must not take free text
 */
export function codedCorrectionOf<T extends EventType, Reason extends z.ZodType>(
  type: T,
  reason: Reason,
): CodedCorrectionType<T, Reason> {
  if (type.subject !== undefined) throw new Error(`${type.type} is about a person: its correction has a closed reason`);
  const name = `${type.type}Corrected`;
  const made = eventType(name, {
    version: type.version,
    upcasters: type.upcasters,
    schema: type.schema.extend({ corrects: z.uuid(), correctionReason: reason }),
  });
  corrected.set(name, type.type);
  return made as unknown as CodedCorrectionType<T, Reason>;
}

/** As `retractionOf`, for what is about nobody: the reason is a code, and stands open. */
export function codedRetractionOf<const Type extends string, Shape extends z.ZodRawShape, Reason extends z.ZodType>(
  type: Type,
  shape: Shape,
  reason: Reason,
) {
  retracting.add(type);
  return eventType(type, {
    schema: z.strictObject({ ...shape, retracts: z.uuid(), retractionReason: reason }),
  });
}

export const isCorrection = (type: string): boolean => corrected.has(type);
export const isRetraction = (type: string): boolean => retracting.has(type);
/** Whether an event changes what another one says, so that what was folded before it must be folded again. */
export const changesHistory = (type: string): boolean => corrected.has(type) || retracting.has(type);
/** The type that an event stands for: its own, or that of what it corrects. */
export const correctedType = (type: string): string => corrected.get(type) ?? type;

/** Leaves a base event of a union that has corrections and retractions beside it. */
export type Uncorrected<E extends NewEvent> =
  E extends NewEvent<`${string}Corrected` | `${string}Retracted`> ? never : E;

/** Which history is asked for. */
export interface HistoryAt {
  /** Valid time: what occurred later is left out. */
  readonly asOf?: Instant | undefined;
  /** Recorded time: what was recorded later is left out, corrections included. */
  readonly knownAt?: Instant | undefined;
}

/** How an entry came to read as it does. */
export interface Correctness {
  /** Id of the entry itself, which corrections name. */
  readonly entryId: Id;
  /** The corrections that were applied to it, in the order in which they were recorded. */
  readonly correctedBy: readonly { readonly eventId: Id; readonly position: number; readonly recordedAt: Instant }[];
}

/** An entry as its latest correction reads, at the place of the entry in its stream. */
export type EffectiveEvent<R extends RecordedEvent> = R & { readonly correctness?: Correctness };

/**
 * The history of a stream with corrections and retractions applied, in the order in which the entries were recorded. An
 * entry that was corrected stands where it stood, with the data and the time of occurrence of its latest correction; one
 * that was retracted is left out, and so is a correction that was.
 * @param events of one stream or of several, in the order of positions; corrections may refer to events among them only
 */
export function effectiveHistory<R extends RecordedEvent>(
  events: readonly R[],
  at: HistoryAt = {},
): EffectiveEvent<R>[] {
  const { asOf, knownAt } = at;
  const known = knownAt === undefined ? events : events.filter(({ recordedAt }) => recordedAt <= knownAt);
  const effective = known.some(({ type }) => changesHistory(type)) ? applied(known) : [...known];
  return asOf === undefined ? effective : effective.filter(({ occurredAt }) => occurredAt.instant <= asOf);
}

interface Entry<R> {
  readonly event: R;
  readonly corrections: R[];
  isRetracted: boolean;
}

function applied<R extends RecordedEvent>(known: readonly R[]): EffectiveEvent<R>[] {
  const entries = new Map<Id, Entry<R>>();
  /** Under which entry a correction stands. */
  const entryOf = new Map<Id, Entry<R>>();
  const retracted = new Set<Id>();
  for (const event of known) {
    const data = event.data as { readonly corrects?: Id; readonly retracts?: Id };
    if (isRetraction(event.type) && data.retracts !== undefined) {
      const entry = entries.get(data.retracts);
      if (entry) entry.isRetracted = true;
      else retracted.add(data.retracts);
    } else if (isCorrection(event.type) && data.corrects !== undefined) {
      const entry = entryOf.get(data.corrects);
      entry?.corrections.push(event);
      if (entry) entryOf.set(event.header.id, entry);
    } else {
      const entry: Entry<R> = { event, corrections: [], isRetracted: false };
      entries.set(event.header.id, entry);
      entryOf.set(event.header.id, entry);
    }
  }
  return [...entries.values()].filter(({ isRetracted }) => !isRetracted).map((entry) => readAs(entry, retracted));
}

function readAs<R extends RecordedEvent>(
  { event, corrections }: Entry<R>,
  retracted: ReadonlySet<Id>,
): EffectiveEvent<R> {
  const standing = corrections.filter(({ header }) => !retracted.has(header.id));
  const latest = standing.at(-1);
  if (!latest) return event;
  const { corrects: _, correctionReason: __, ...data } = latest.data as Record<string, unknown>;
  const correctness: Correctness = {
    entryId: event.header.id,
    correctedBy: standing.map(({ header, position, recordedAt }) => ({ eventId: header.id, position, recordedAt })),
  };
  const sealed = 'sealed' in latest ? { sealed: latest.sealed } : {};
  const { occurredAt } = latest;
  return { ...event, ...sealed, data, occurredAt, header: { ...event.header, occurredAt }, correctness };
}
