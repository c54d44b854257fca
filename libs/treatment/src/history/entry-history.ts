import {
  changesHistory,
  type EffectiveEvent,
  effectiveHistory,
  type HistoryAt,
  isCorrection,
  isRetraction,
} from '#libs/event-store/src/correction.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Occurred } from '#libs/kernel/src/occurred.js';

/** An entry of a stream with all that was said about it since. */
export interface EntryHistory<R extends RecordedEvent = RecordedEvent> {
  /** As it was entered. */
  readonly entered: R;
  /** As its latest standing correction reads; the entry itself where there is none. */
  readonly reads: EffectiveEvent<R>;
  /** In the order in which they were recorded, those that were taken back among them. */
  readonly corrections: readonly EntryCorrection<R>[];
  /** What took the entry back; undefined: it stands. */
  readonly retraction: R | undefined;
}

export interface EntryCorrection<R extends RecordedEvent = RecordedEvent> {
  readonly event: R;
  /** Against what stood before it, by field. */
  readonly changed: readonly FieldChange[];
  /** What took the correction back. */
  readonly retraction: R | undefined;
}

/** Some events of a stream. */
export interface StreamPlaces {
  readonly stream: StreamName;
  readonly revisions: readonly number[];
}

export interface FieldChange {
  readonly field: string;
  /** Null: nothing was said. */
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Whether something had occurred by an instant. What has no time of its own (precision `unknown`, as a registration from
 * an old history) has no place before or after anything, and so is never left out.
 */
export const hasOccurred = ({ instant, precision }: Occurred, asOf: HistoryAt['asOf']): boolean =>
  asOf === undefined || precision === 'unknown' || instant <= asOf;

/**
 * The history of one stream as folds take it, at a valid and a recorded time: corrections and retractions that were
 * recorded by then are applied, and of what they leave, that which had occurred by then stays.
 * @param events in the order of positions
 */
export function historyAt<R extends RecordedEvent>(
  events: readonly R[],
  { asOf, knownAt }: HistoryAt,
): EffectiveEvent<R>[] {
  return effectiveHistory(events, { knownAt }).filter(({ occurredAt }) => hasOccurred(occurredAt, asOf));
}

/**
 * The entries of a stream with what corrected them and took them back, in the order in which they were entered. One that
 * was taken back stays: a history shows it.
 * @param events of one stream, in the order of positions
 */
export function entriesOf<R extends RecordedEvent>(
  events: readonly R[],
  { asOf, knownAt }: HistoryAt = {},
): EntryHistory<R>[] {
  const known = knownAt === undefined ? events : events.filter(({ recordedAt }) => recordedAt <= knownAt);
  const entries = new Map<Id, { readonly entered: R; readonly corrections: R[] }>();
  const entryOf = new Map<Id, Id>();
  const takenBackBy = new Map<Id, R>();
  for (const event of known) {
    const { corrects, retracts } = event.data as { readonly corrects?: Id; readonly retracts?: Id };
    const { id } = event.header;
    if (isRetraction(event.type)) {
      if (retracts !== undefined && !takenBackBy.has(retracts)) takenBackBy.set(retracts, event);
    } else if (isCorrection(event.type)) {
      const entryId = corrects === undefined ? undefined : entryOf.get(corrects);
      if (entryId === undefined) continue;
      entryOf.set(id, entryId);
      entries.get(entryId)?.corrections.push(event);
    } else {
      entryOf.set(id, id);
      entries.set(id, { entered: event, corrections: [] });
    }
  }
  // What was taken back reads as if it had not been, for whoever looks at the history.
  const standing = effectiveHistory(known.filter((event) => !isRetractionOfEntry(event, entries)));
  const readings = new Map(standing.map((event) => [event.header.id, event]));
  return [...entries]
    .map(([id, { entered, corrections }]) => ({
      entered,
      reads: readings.get(id) ?? entered,
      corrections: corrections.map((event) => correction(entered, corrections, event, takenBackBy)),
      retraction: takenBackBy.get(id),
    }))
    .filter(({ reads }) => hasOccurred(reads.occurredAt, asOf));
}

/** Where an entry stands with all that was said about it; null where nothing was. */
export function placesOf({ entered, corrections, retraction }: EntryHistory): StreamPlaces | null {
  if (corrections.length === 0 && retraction === undefined) return null;
  const said = [...corrections.flatMap((each) => [each.event, each.retraction]), retraction];
  return {
    stream: entered.stream,
    revisions: [entered.revision, ...said.flatMap((event) => event?.revision ?? [])],
  };
}

/** Whether a stream has any correction or retraction, so that its entries need looking into. */
export const isChanged = (events: readonly RecordedEvent[]): boolean => events.some(({ type }) => changesHistory(type));

const isRetractionOfEntry = (event: RecordedEvent, entries: ReadonlyMap<Id, unknown>): boolean =>
  isRetraction(event.type) && entries.has((event.data as { readonly retracts: Id }).retracts);

function correction<R extends RecordedEvent>(
  entered: R,
  corrections: readonly R[],
  event: R,
  takenBackBy: ReadonlyMap<Id, R>,
): EntryCorrection<R> {
  const stoodThen = corrections.filter(
    (each) => each.position < event.position && !isBefore(takenBackBy.get(each.header.id), event),
  );
  const changed = changes(stoodThen.at(-1) ?? entered, event);
  return { event, changed, retraction: takenBackBy.get(event.header.id) };
}

const isBefore = (event: RecordedEvent | undefined, other: RecordedEvent): boolean =>
  event !== undefined && event.position < other.position;

/** Fields of the correction itself: they say nothing about what is corrected. */
const OF_CORRECTION: ReadonlySet<string> = new Set(['corrects', 'correctionReason']);

/** What a reading says otherwise than the one before it; its time of occurrence stands first. */
export function changes(before: RecordedEvent, after: RecordedEvent): FieldChange[] {
  const [old, now] = [before.data as Record<string, unknown>, after.data as Record<string, unknown>];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((name) => !OF_CORRECTION.has(name));
  const moved = before.occurredAt.instant !== after.occurredAt.instant;
  const occurred = { field: 'occurredAt', before: before.occurredAt.instant, after: after.occurredAt.instant };
  return [
    ...(moved ? [occurred] : []),
    ...names
      .filter((field) => !isSame(old[field], now[field]))
      .map((field) => ({ field, before: old[field] ?? null, after: now[field] ?? null })),
  ];
}

/** Values of events are JSON; the order of names in them says nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [first, second] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].every((name) => isSame(first[name], second[name]));
}
