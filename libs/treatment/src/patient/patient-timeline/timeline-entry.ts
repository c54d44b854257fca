import { correctedType, type HistoryAt } from '#libs/event-store/src/correction.js';
import type { EventType } from '#libs/event-store/src/event-type.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { CONSULTATION_EVENTS, type ConsultationEvent } from '../../consultation/consultation.events.js';
import { COURSE_EVENTS, type CourseEvent, type SessionKind } from '../../course/course.events.js';
import { entriesOf, type EntryHistory, hasOccurred, placesOf, type StreamPlaces } from '../../history/entry-history.js';
import { PATIENT_EVENTS, type PatientEvent } from '../patient.events.js';

/** The events that a timeline shows an entry for; what corrects or retracts one of them changes its entry. */
export type TimelineEvent = PatientEvent | ConsultationEvent | CourseEvent;

/** That a patient has a course is shown by the planning of the course itself. */
const WITHOUT_ENTRY: ReadonlySet<string> = new Set([
  'CourseEntered',
  'ConsentWithdrawalsEntered',
  'ConsultationOutcomeEntered',
]);

const TYPES: ReadonlyMap<string, EventType> = new Map(
  ([...PATIENT_EVENTS, ...CONSULTATION_EVENTS, ...COURSE_EVENTS] as unknown as EventType[])
    .filter(({ type }) => !WITHOUT_ENTRY.has(type))
    .map((type) => [type.type, type]),
);

/** Corrections and retractions among them. */
export const TIMELINE_TYPES: ReadonlySet<string> = new Set(TYPES.keys());

export const isOnTimeline = ({ type }: Pick<RecordedEvent, 'type'>): boolean => TIMELINE_TYPES.has(correctedType(type));

/** An event of a patient as the timeline keeps it; holds open fields only: nothing that was boxed. */
export interface TimelineEntry {
  readonly shown: ShownEvent;
  readonly stream: StreamName;
  readonly revision: number;
  readonly site_id: Id | null;
  readonly practitioner_id: Id | null;
  readonly course_id: Id | null;
  readonly session_id: Id | null;
  readonly consultation_id: Id | null;
}

/** What is shown of an event by itself: nothing is looked up by it, nor put in its place when it is answered. */
export interface ShownEvent {
  readonly eventId: Id;
  readonly position: number;
  readonly type: TimelineEvent['type'];
  /** An instant. */
  readonly occurredAt: string;
  readonly precision: RecordedEvent['occurredAt']['precision'];
  readonly wall: string | null;
  readonly zone: string | null;
  readonly recordedAt: string;
  readonly origin: 'live' | 'import';
  readonly actor: string;
  readonly patientId: Id;
  /** The open fields of the event, without ids. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Ids that an event may name, beside its patient. */
interface Named {
  readonly patientId: Id;
  readonly siteId?: Id;
  readonly practitionerId?: Id;
  readonly courseId?: Id | null;
  readonly sessionId?: Id | null;
  readonly consultationId?: Id;
}

/** The entry of an event, as the event reads. */
export function timelineEntry(event: RecordedEvent<TimelineEvent>): TimelineEntry {
  const { patientId, siteId, practitionerId, courseId, sessionId, consultationId } = event.data as Named;
  return {
    shown: {
      eventId: event.header.id,
      position: event.position,
      type: event.type,
      occurredAt: event.occurredAt.instant,
      precision: event.occurredAt.precision,
      wall: event.occurredAt.time?.wall ?? null,
      zone: event.occurredAt.time?.zone ?? null,
      recordedAt: event.recordedAt,
      origin: event.header.origin,
      actor: event.header.actor,
      patientId,
      facts: openFieldsOf(event),
    },
    stream: event.stream,
    revision: event.revision,
    site_id: siteId ?? null,
    practitioner_id: practitionerId ?? null,
    course_id: courseId ?? null,
    session_id: sessionId ?? null,
    consultation_id: consultationId ?? null,
  };
}

/** What may be shown without opening anything; ids are resolved apart. */
export function openFieldsOf({ type, data }: Pick<RecordedEvent, 'type' | 'data'>): Record<string, unknown> {
  const personal = TYPES.get(correctedType(type))?.personalFields;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data as Record<string, unknown>)) {
    if (!personal?.has(name) && !name.endsWith('Id')) fields[name] = value;
  }
  return fields;
}

/** Things that later events name by id alone, as the events that made them say. */
export interface NamedThings {
  readonly courses: readonly { readonly id: Id; readonly site_id: Id; readonly protocol: string }[];
  readonly sessions: readonly { readonly id: Id; readonly kind: SessionKind; readonly number: number }[];
  readonly consultations: readonly { readonly id: Id; readonly site_id: Id; readonly practitioner_id: Id }[];
}

/** What events say of the things that others name; of one that is said of twice, what was said last. */
export function namedIn(events: readonly RecordedEvent<TimelineEvent>[]): NamedThings {
  const courses = new Map<Id, NamedThings['courses'][number]>();
  const sessions = new Map<Id, NamedThings['sessions'][number]>();
  const consultations = new Map<Id, NamedThings['consultations'][number]>();
  for (const event of events) {
    if (event.type === 'CoursePlanned') {
      const { courseId: id, siteId, protocol } = event.data;
      courses.set(id, { id, site_id: siteId, protocol: protocol.code });
    } else if (event.type === 'SessionBooked' || event.type === 'SessionPerformed') {
      const { sessionId: id, kind, number } = event.data;
      sessions.set(id, { id, kind, number });
    } else if (event.type === 'ConsultationHeld') {
      const { consultationId: id, siteId, practitionerId } = event.data;
      consultations.set(id, { id, site_id: siteId, practitioner_id: practitionerId });
    }
  }
  return {
    courses: [...courses.values()],
    sessions: [...sessions.values()],
    consultations: [...consultations.values()],
  };
}

/** An entry with what it takes from others: where, by whom, of which course and session. */
export interface ResolvedEntry {
  readonly shown: ShownEvent;
  readonly course_id: Id | null;
  readonly site_id: Id | null;
  readonly practitioner_id: Id | null;
  readonly protocol: string | null;
  readonly session_kind: SessionKind | null;
  readonly session_number: number | null;
  /** Where the log has the entry with all that corrected it and took it back; null: nothing did. */
  readonly changed: StreamPlaces | null;
}

/** An entry as the log has it at a time. */
interface LoggedEntry extends TimelineEntry {
  readonly isRetracted: boolean;
  readonly changed: StreamPlaces | null;
}

/**
 * An event that names no site of its own happened where the session was last booked, else where the consultation was
 * held, else at the site of the course; so with the practitioner, except that a course as such has none. The query of the
 * read model does the same in SQL.
 * @param entries of one person, in the order of positions
 */
function resolveEntries(entries: readonly LoggedEntry[], named: NamedThings): ResolvedEntry[] {
  const courses = new Map(named.courses.map((each) => [each.id, each]));
  const sessions = new Map(named.sessions.map((each) => [each.id, each]));
  const consultations = new Map(named.consultations.map((each) => [each.id, each]));
  const lastPlaced = new Map<Id, TimelineEntry>();
  return entries.map((entry): ResolvedEntry => {
    const { session_id: sessionId } = entry;
    const session = sessionId === null ? undefined : sessions.get(sessionId);
    const placed = sessionId === null ? undefined : lastPlaced.get(sessionId);
    const consultation = entry.consultation_id === null ? undefined : consultations.get(entry.consultation_id);
    const course = entry.course_id === null ? undefined : courses.get(entry.course_id);
    if (sessionId !== null && entry.site_id !== null && !entry.isRetracted) lastPlaced.set(sessionId, entry);
    return {
      shown: entry.shown,
      course_id: entry.course_id,
      site_id: entry.site_id ?? placed?.site_id ?? consultation?.site_id ?? course?.site_id ?? null,
      practitioner_id: entry.practitioner_id ?? placed?.practitioner_id ?? consultation?.practitioner_id ?? null,
      protocol: course?.protocol ?? null,
      session_kind: session?.kind ?? null,
      session_number: session?.number ?? null,
      changed: entry.changed,
    };
  });
}

type Placed = Pick<ShownEvent, 'occurredAt' | 'position'>;

/** The order of a timeline: by when things occurred, then by when they were recorded. */
export const byOccurrence = (a: Placed, b: Placed): number =>
  a.occurredAt < b.occurredAt ? -1 : a.occurredAt > b.occurredAt ? 1 : a.position - b.position;

/**
 * The entries of streams at a valid and a recorded time, each with what it takes from others, in the order of a timeline.
 * Closed boxes may stay so.
 * @param streams of one person, each in the order of positions
 */
export function entriesAt(streams: readonly (readonly RecordedEvent[])[], at: HistoryAt): ResolvedEntry[] {
  const known = streams
    .flatMap((events) => entriesOf(events, { knownAt: at.knownAt }))
    .filter(({ entered }) => isOnTimeline(entered))
    .sort((a, b) => a.entered.position - b.entered.position);
  const entries = known.filter(({ reads }) => hasOccurred(reads.occurredAt, at.asOf)).map(entryOf);
  const named = namedIn(known.map(({ reads }) => reads as RecordedEvent<TimelineEvent>));
  return resolveEntries(entries, named).sort((a, b) => byOccurrence(a.shown, b.shown));
}

const entryOf = (history: EntryHistory): LoggedEntry => ({
  ...timelineEntry(history.reads as RecordedEvent<TimelineEvent>),
  isRetracted: history.retraction !== undefined,
  changed: placesOf(history),
});
