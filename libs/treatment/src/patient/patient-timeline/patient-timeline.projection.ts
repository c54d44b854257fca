import type { EventType } from '#libs/event-store/src/event-type.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { CONSULTATION_EVENTS, type ConsultationEvent } from '../../consultation/consultation.events.js';
import { COURSE_EVENTS, type CourseEvent } from '../../course/course.events.js';
import { PATIENT_EVENTS, type PatientEvent } from '../patient.events.js';

export const PATIENT_TIMELINE = { name: 'patient_timeline', version: 1 } as const;

/** The events that a timeline shows. */
export type TimelineEvent = PatientEvent | ConsultationEvent | CourseEvent;

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
  create table entry (
    chain integer not null,
    patient_id uuid not null,
    -- An instant, as text, which sorts as instants do.
    occurred_at text collate "C" not null,
    position bigint not null,
    type text not null,
    precision text not null,
    wall text,
    zone text,
    recorded_at text not null,
    origin text not null,
    site_id uuid,
    practitioner_id uuid,
    course_id uuid,
    session_id uuid,
    consultation_id uuid,
    -- The open fields of the event.
    facts jsonb not null,
    primary key (chain, patient_id, occurred_at, position)
  );
`;

const TYPES: ReadonlyMap<string, EventType> = new Map(
  ([...PATIENT_EVENTS, ...CONSULTATION_EVENTS, ...COURSE_EVENTS] as unknown as EventType[]).map((type) => [
    type.type,
    type,
  ]),
);

/** Ids that an event may name, beside its patient. */
interface Named {
  readonly patientId: Id;
  readonly siteId?: Id;
  readonly practitionerId?: Id;
  readonly courseId?: Id;
  readonly sessionId?: Id;
  readonly consultationId?: Id;
}

/** Everything that happened to a patient, an entry an event. Holds open fields only: nothing that was boxed. */
export class PatientTimelineProjection implements Projection {
  readonly name = PATIENT_TIMELINE.name;
  readonly version = PATIENT_TIMELINE.version;
  readonly ddl = DDL;
  readonly types: ReadonlySet<string> = new Set(TYPES.keys());

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as readonly SealedEvent<TimelineEvent>[];
    for (const { sql, rows } of [named(page, COURSES), named(page, SESSIONS), named(page, CONSULTATIONS)]) {
      if (rows.length > 0) await tx.query(sql, [chain.no, JSON.stringify(rows)]);
    }
    await tx.query(INSERT_ENTRIES, [chain.no, JSON.stringify(page.map(entryOf))]);
  }
}

function entryOf(event: SealedEvent<TimelineEvent>) {
  const { patientId, siteId, practitionerId, courseId, sessionId, consultationId } = event.data as Named;
  return {
    patient_id: patientId,
    occurred_at: event.occurredAt.instant,
    position: event.position,
    type: event.type,
    precision: event.occurredAt.precision,
    wall: event.occurredAt.time?.wall ?? null,
    zone: event.occurredAt.time?.zone ?? null,
    recorded_at: event.recordedAt,
    origin: event.header.origin,
    site_id: siteId ?? null,
    practitioner_id: practitionerId ?? null,
    course_id: courseId ?? null,
    session_id: sessionId ?? null,
    consultation_id: consultationId ?? null,
    facts: openFieldsOf(event),
  };
}

function openFieldsOf(event: SealedEvent<TimelineEvent>): Record<string, unknown> {
  const personal = TYPES.get(event.type)?.personalFields;
  return Object.fromEntries(
    Object.entries(event.data as Record<string, unknown>).filter(([name]) => !personal?.has(name) && !/Id$/.test(name)),
  );
}

interface NamedTable {
  readonly types: ReadonlySet<string>;
  readonly sql: string;
}

/** The page's rows for a table of things that later events name by id. */
function named(page: readonly SealedEvent<TimelineEvent>[], { types, sql }: NamedTable) {
  const rows = page.filter(({ type }) => types.has(type)).map(({ data }) => data as object);
  return { sql, rows };
}

const COURSES: NamedTable = {
  types: new Set(['CoursePlanned']),
  sql: `insert into course (chain, id, site_id, protocol)
    select $1, r."courseId", r."siteId", r.protocol ->> 'code'
    from jsonb_to_recordset($2::jsonb) as r("courseId" uuid, "siteId" uuid, protocol jsonb) on conflict do nothing`,
};

/** Kind and number of a session never change; where it is held may, and that is with the entries. */
const SESSIONS: NamedTable = {
  types: new Set(['SessionBooked', 'SessionPerformed']),
  sql: `insert into session (chain, id, kind, number)
    select $1, r."sessionId", r.kind, r.number
    from jsonb_to_recordset($2::jsonb) as r("sessionId" uuid, kind text, number integer) on conflict do nothing`,
};

const CONSULTATIONS: NamedTable = {
  types: new Set(['ConsultationHeld']),
  sql: `insert into consultation (chain, id, site_id, practitioner_id)
    select $1, r."consultationId", r."siteId", r."practitionerId"
    from jsonb_to_recordset($2::jsonb) as r("consultationId" uuid, "siteId" uuid, "practitionerId" uuid)
    on conflict do nothing`,
};

const INSERT_ENTRIES = `
  insert into entry (chain, patient_id, occurred_at, position, type, precision, wall, zone, recorded_at, origin, site_id,
    practitioner_id, course_id, session_id, consultation_id, facts)
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(patient_id uuid, occurred_at text, position bigint, type text,
    precision text, wall text, zone text, recorded_at text, origin text, site_id uuid, practitioner_id uuid, course_id uuid,
    session_id uuid, consultation_id uuid, facts jsonb)
  on conflict do nothing`;
