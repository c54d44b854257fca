import type { Queryable } from '#libs/database/src/database.js';
import { changesHistory, type EffectiveEvent, isCorrection, isRetraction } from '#libs/event-store/src/correction.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import {
  isOnTimeline,
  type NamedThings,
  namedIn,
  TIMELINE_TYPES,
  timelineEntry,
  type TimelineEvent,
} from './timeline-entry.js';

export const PATIENT_TIMELINE = { name: 'patient_timeline', version: 3 } as const;

const DDL = `
  create table course (
    chain integer not null, id uuid not null, site_id uuid not null, protocol text not null, primary key (chain, id)
  );
  -- What a session is, for the later events that name it only by its id.
  create table session (
    chain integer not null, id uuid not null, kind text not null, number integer not null, primary key (chain, id)
  );
  create table consultation (
    chain integer not null, id uuid not null, site_id uuid not null, practitioner_id uuid not null, primary key (chain, id)
  );
  -- An entry an event, as the event reads now. What it read before, and why, is in the log.
  create table entry (
    chain integer not null,
    patient_id uuid not null,
    -- An instant, as text, which sorts as instants do. A correction may move it.
    occurred_at text collate "C" not null,
    position bigint not null,
    event_id uuid not null,
    stream text collate "C" not null,
    revision integer not null,
    site_id uuid,
    practitioner_id uuid,
    course_id uuid,
    session_id uuid,
    consultation_id uuid,
    -- The rest of what is shown (ShownEvent), as JSON text: an answer has hundreds of them, which are only passed on.
    shown text not null,
    -- What corrected the entry or took it or a correction of it back, whether that still stands or not: the revisions of
    -- those events in its stream, by their ids.
    changes jsonb not null default '{}',
    is_retracted boolean not null default false,
    primary key (chain, patient_id, occurred_at, position)
  );
  -- For a correction, which changes entries of its stream wherever they stand in time.
  create index entry_stream on entry (chain, stream, position);
  -- For events that name neither site nor practitioner and take those of their session.
  create index entry_session on entry (chain, session_id, position) where site_id is not null and not is_retracted;
`;

/** Everything that happened to a patient, an entry an event, each as it reads now. */
export class PatientTimelineProjection implements Projection {
  readonly name = PATIENT_TIMELINE.name;
  readonly version = PATIENT_TIMELINE.version;
  readonly ddl = DDL;
  readonly rowsOf = {
    entry: { site: 'site_id', patient: 'patient_id' },
    // What entries point to.
    course: 'unnamed',
    session: 'unnamed',
    consultation: 'unnamed',
  } as const;
  readonly types: ReadonlySet<string> = TIMELINE_TYPES;

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as readonly SealedEvent<TimelineEvent>[];
    const entered = page.filter(({ type }) => !changesHistory(type));
    await saveNamed(tx, chain, namedIn(entered));
    if (entered.length > 0) await tx.query(INSERT_ENTRIES, [chain.no, rowsOf(entered)]);
    const changes = changesIn(page);
    if (changes.length > 0) await tx.query(ADD_CHANGES, [chain.no, JSON.stringify(changes)]);
    for (const changed of changedStreams(page)) await readAnew(tx, chain, changed);
  }
}

/** That an event says something about an entry, or about an earlier correction of one. */
interface Change {
  readonly stream: string;
  /** The entry, or a change of it that an earlier page had. */
  readonly about: Id;
  readonly id: Id;
  readonly revision: number;
}

/** The corrections and retractions of a page; one of them that is about another of the page is about what that is about. */
function changesIn(page: readonly SealedEvent<TimelineEvent>[]): Change[] {
  const about = new Map<Id, Id>();
  return page.flatMap(({ type, data, header: { id }, stream, revision }) => {
    const { corrects, retracts } = data as { readonly corrects?: Id; readonly retracts?: Id };
    const named = isRetraction(type) ? retracts : isCorrection(type) ? corrects : undefined;
    if (named === undefined) return [];
    const change = { stream, about: about.get(named) ?? named, id, revision };
    about.set(id, change.about);
    return [change];
  });
}

type Reading = EffectiveEvent<SealedEvent<TimelineEvent>>;

/** What the corrections and retractions of a page have made of one stream. */
interface ChangedStream {
  readonly stream: string;
  /** Each entry as it reads after them; one that was taken back as it read before that. */
  readonly readings: Map<Id, Reading>;
  /** Position of the last of them: what comes later, it says nothing about. */
  readonly upTo: number;
  /** Positions of the entries that were not taken back. */
  readonly standing: readonly number[];
}

/** Each correction is looked at, not only the last: what a page has must not depend on where it was cut. */
function changedStreams(page: readonly SealedEvent<TimelineEvent>[]): ChangedStream[] {
  const changed = new Map<string, ChangedStream>();
  for (const { stream, position, history } of page) {
    if (!history) continue;
    const shown = (history as readonly Reading[]).filter(isOnTimeline);
    const { readings } = changed.get(stream) ?? { readings: new Map<Id, Reading>() };
    for (const event of shown) readings.set(event.header.id, event);
    changed.set(stream, { stream, readings, upTo: position, standing: shown.map((event) => event.position) });
  }
  return [...changed.values()];
}

/** Brings the entries of a stream up to what they read now; what is later than the last change is left alone. */
async function readAnew(tx: Queryable, chain: Chain, changed: ChangedStream): Promise<void> {
  const { stream, readings, upTo, standing } = changed;
  const events = [...readings.values()];
  await saveNamed(tx, chain, namedIn(events));
  await tx.query(CHANGE_ENTRIES, [chain.no, stream, rowsOf(events)]);
  await tx.query(
    `update entry set is_retracted = true
     where chain = $1 and stream = $2 and position < $3 and position <> all($4::bigint[]) and not is_retracted`,
    [chain.no, stream, upTo, standing],
  );
}

/** What is said of a thing may be corrected; the rest of it never changes. */
async function saveNamed(tx: Queryable, chain: Chain, things: NamedThings): Promise<void> {
  for (const [rows, sql] of [
    [things.courses, UPSERT_COURSES],
    [things.sessions, UPSERT_SESSIONS],
    [things.consultations, UPSERT_CONSULTATIONS],
  ] as const) {
    if (rows.length > 0) await tx.query(sql, [chain.no, JSON.stringify(rows)]);
  }
}

const UPSERT_COURSES = `
  insert into course as t (chain, id, site_id, protocol)
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, site_id uuid, protocol text)
  on conflict (chain, id) do update set site_id = excluded.site_id, protocol = excluded.protocol
    where (t.site_id, t.protocol) is distinct from (excluded.site_id, excluded.protocol)`;

const UPSERT_SESSIONS = `
  insert into session as t (chain, id, kind, number)
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, kind text, number integer)
  on conflict (chain, id) do update set kind = excluded.kind, number = excluded.number
    where (t.kind, t.number) is distinct from (excluded.kind, excluded.number)`;

const UPSERT_CONSULTATIONS = `
  insert into consultation as t (chain, id, site_id, practitioner_id)
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, site_id uuid, practitioner_id uuid)
  on conflict (chain, id) do update set site_id = excluded.site_id, practitioner_id = excluded.practitioner_id
    where (t.site_id, t.practitioner_id) is distinct from (excluded.site_id, excluded.practitioner_id)`;

const COLUMNS = {
  patient_id: 'uuid',
  occurred_at: 'text',
  position: 'bigint',
  event_id: 'uuid',
  stream: 'text',
  revision: 'integer',
  site_id: 'uuid',
  practitioner_id: 'uuid',
  course_id: 'uuid',
  session_id: 'uuid',
  consultation_id: 'uuid',
  shown: 'text',
} as const;
type EntryRow = Readonly<Record<keyof typeof COLUMNS, string | number | null>>;

function rowOf(event: RecordedEvent<TimelineEvent>): EntryRow {
  const { shown, ...entry } = timelineEntry(event);
  const { patientId, occurredAt, position, eventId } = shown;
  const key = { patient_id: patientId, occurred_at: occurredAt, position, event_id: eventId };
  return { ...key, ...entry, shown: JSON.stringify(shown) };
}

const rowsOf = (events: readonly RecordedEvent<TimelineEvent>[]): string => JSON.stringify(events.map(rowOf));

const NAMES = Object.keys(COLUMNS).join(', ');
const RECORD = Object.entries(COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

const INSERT_ENTRIES = `
  insert into entry (chain, ${NAMES})
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(${RECORD})
  on conflict do nothing`;

const ADD_CHANGES = `
  update entry e set changes = e.changes || said.changes
  from (
    select x.stream, x.position, jsonb_object_agg(r.id, r.revision) as changes
    from jsonb_to_recordset($2::jsonb) as r(stream text, about text, id text, revision integer)
    join entry x on x.chain = $1 and x.stream = r.stream and (x.event_id = r.about::uuid or x.changes ? r.about)
    group by x.stream, x.position
  ) said
  where e.chain = $1 and e.stream = said.stream and e.position = said.position`;

/** What a correction may change; one that is taken back restores what stood before. */
const CHANGED = [
  'occurred_at',
  'site_id',
  'practitioner_id',
  'course_id',
  'session_id',
  'shown',
] as const satisfies readonly (keyof EntryRow)[];

const CHANGE_ENTRIES = `
  update entry e set ${CHANGED.map((name) => `${name} = r.${name}`).join(', ')}
  from jsonb_to_recordset($3::jsonb) as r(${RECORD})
  where e.chain = $1 and e.stream = $2 and e.position = r.position
    and (${CHANGED.map((name) => `e.${name}`).join(', ')}) is distinct from (${CHANGED.map((name) => `r.${name}`).join(', ')})`;
