import type { Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StoredEvent, StreamName } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { PersonalClass } from '#libs/event-store/src/personal-data.js';

/** An event as a projection sees it: open fields, and personal data as closed boxes that it may store. */
export type SealedEvent<E extends NewEvent = NewEvent> = RecordedEvent<E> & {
  readonly sealed: Partial<Record<PersonalClass, SealedBox>>;
  /**
   * Of a correction or a retraction only (`changesHistory`): its stream up to and with it as it reads now, corrections
   * applied. A row that is folded from the stream is folded from this anew.
   */
  readonly history?: readonly SealedEvent<E>[];
};

/**
 * An event whose data is read when it is wanted: what waits undecoded is two texts, and no garbage collector copies it
 * about.
 */
export interface LateEvent {
  readonly type: string;
  readonly stream: StreamName;
  readonly revision: number;
  /**
   * The event itself, read anew each time: what is kept of an old object is old, too, and lives on until all of the
   * memory is gone through.
   * @throws UnreadableEvent
   */
  read(): SealedEvent;
}

/** An event that was read already, where one that is read late is taken. */
export const late = (sealed: SealedEvent): LateEvent => ({
  type: sealed.type,
  stream: sealed.stream,
  revision: sealed.revision,
  read: () => sealed,
});

/** What a projection may use while it applies a page. */
export interface ProjectionContext {
  /** The transaction that also moves the checkpoint. Tables of the projection are found without a schema name. */
  readonly tx: Queryable;
  readonly chain: Chain;
  /** For rows that are computed from personal data; what was opened must not be stored. */
  readonly boxes: Boxes;
}

/** Why an event, when it cannot be applied, holds others up: they feed the same row. */
export interface Keyed {
  /**
   * The key of the row that an event feeds; its stream when left out. Asked of events that do not parse, too. An event
   * that cannot be applied is parked with its key; later events of that key wait behind it, the others go on.
   */
  keyOf?(event: StoredEvent): string;
}

/**
 * By which columns it is told whose a row is. A limited reader sees it when its site is one of theirs, when its patient is
 * one of those that are open to them, when its patient belongs to one of their sites, or when they see a row that stands
 * for it: one of `table`, of the same read model, with the `key` of this row in `column`.
 */
export interface LimitedRows {
  readonly site?: string;
  readonly patient?: string;
  readonly through?: { readonly table: string; readonly column: string; readonly key: string };
}

/**
 * Who may read the rows of a table, of people who hold a role at some sites only.
 * - `staff`: everybody; nothing of a patient stands in it.
 * - `unnamed`: everybody; it says something of ids, and nothing of whose they are. Who may know an id has it from a row
 *   that is limited.
 * - `withheld`: nobody; the projection itself reads it, or queries that are limited in another way.
 * - columns: whoever may see that site or that patient.
 */
export type RowsOf = 'staff' | 'unnamed' | 'withheld' | LimitedRows;

/** A read model: tables of its own, filled from events, that can be thrown away and built again. */
export interface Projection extends Keyed {
  /** Lower case with underscores; with the version it names the schema that the tables live in. */
  readonly name: string;
  /** Raised when the tables or the meaning of their rows change; the new version is built from the first event on. */
  readonly version: number;
  /** Statements that make the tables, without schema names. Every table has a column `chain`. */
  readonly ddl: string;
  /** Whose the rows of each table are. One that is not named is withheld. */
  readonly rowsOf?: Readonly<Record<string, RowsOf>>;
  /** The types of events it needs; others are skipped unread. */
  readonly types: ReadonlySet<string>;
  /**
   * Applies a page of events in the order of positions. Applying must not depend on how events are cut into pages.
   * An error rolls everything back; the one event that fails is then looked for and parked.
   */
  apply(context: ProjectionContext, events: readonly SealedEvent[]): Promise<void>;
  /**
   * For builds, which have no readers yet: takes many pages and writes their rows together. It must come to the same as
   * applying page by page.
   */
  accumulate?(context: ProjectionContext): Accumulation;
}

/** Pages of one transaction whose rows are not all written yet. */
export interface Accumulation {
  add(events: readonly LateEvent[]): Promise<void>;
  /** What waits to be written, in events, which whoever adds keeps bounded. */
  readonly size: number;
  /** Writes about a quarter of it, what is least likely to be written again soon. May go on while pages are added. */
  evict(): Promise<void>;
  /** Writes all of it. */
  flush(): Promise<void>;
}

/**
 * A projection whose rows are effects: commands under ids derived from the event, so that doing it again is harmless.
 * It is called at least once with each event, in the order of positions.
 */
export interface Reactor extends Keyed {
  readonly name: string;
  readonly version: number;
  readonly types: ReadonlySet<string>;
  react(chain: Chain, events: readonly SealedEvent[]): Promise<void>;
}

export const isReactor = (work: Projection | Reactor): work is Reactor => 'react' in work;

/** The schema that holds the tables of a projection for readers: `course_progress_v1`. */
export const schemaOf = ({ name, version }: Pick<Projection, 'name' | 'version'>): string => `${name}_v${version}`;
