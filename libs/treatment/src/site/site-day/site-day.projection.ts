import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import {
  COURSE_CORRECTIONS,
  CourseLapsed,
  CoursePlanned,
  CourseStopped,
  SessionBooked,
  SessionCancelled,
  SessionMissed,
  SessionPerformed,
  SessionRescheduled,
  SessionZoneRulesApplied,
  type SessionKind,
} from '../../course/course.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';

export const SITE_DAY = { name: 'site_day', version: 3 } as const;

const DDL = `
  create table course (
    chain integer not null,
    id uuid not null,
    protocol text not null,
    -- Stopped or lapsed: what is still booked in it does not take place.
    ended boolean not null default false,
    primary key (chain, id)
  );
  create table session (
    chain integer not null,
    id uuid not null,
    course_id uuid not null,
    patient_id uuid not null,
    practitioner_id uuid not null,
    site_id uuid not null,
    -- At the site.
    local_date date not null,
    wall text not null,
    instant text collate "C" not null,
    kind text not null,
    number integer not null,
    status text not null,
    duration_minutes integer,
    primary key (chain, id)
  );
  create index session_day on session (chain, site_id, local_date, instant);
  -- For a correction, after which the sessions of a course are written anew.
  create index session_course on session (chain, course_id);
`;

interface SessionRow {
  id: Id;
  course_id: Id;
  patient_id: Id;
  practitioner_id: Id;
  site_id: Id;
  local_date: string;
  wall: string;
  instant: string;
  kind: SessionKind;
  number: number;
  status: 'booked' | 'performed' | 'missed' | 'cancelled';
  duration_minutes: number | null;
}

type CourseEvent = Extract<TreatmentEvent, { type: SessionType | 'CoursePlanned' }>;
type SessionType =
  | 'SessionBooked'
  | 'SessionRescheduled'
  | 'SessionZoneRulesApplied'
  | 'SessionPerformed'
  | 'SessionMissed'
  | 'SessionCancelled';
type SessionEvent = SealedEvent<Extract<TreatmentEvent, { type: SessionType }>>;

const SESSION_TYPES: ReadonlySet<string> = new Set(
  [SessionBooked, SessionRescheduled, SessionZoneRulesApplied, SessionPerformed, SessionMissed, SessionCancelled].map(
    ({ type }) => type,
  ),
);
const ENDS: ReadonlySet<string> = new Set([CourseStopped.type, CourseLapsed.type]);
const isSessionEvent = (event: SealedEvent<TreatmentEvent>): event is SessionEvent => SESSION_TYPES.has(event.type);

type Sessions = Map<Id, SessionRow>;

/** What happens, happened or was to happen at a site on a day. */
export class SiteDayProjection implements Projection {
  readonly name = SITE_DAY.name;
  readonly version = SITE_DAY.version;
  readonly ddl = DDL;
  readonly rowsOf = {
    session: { site: 'site_id', patient: 'patient_id' },
    course: { through: { table: 'session', column: 'course_id', key: 'id' } },
  } as const;
  readonly types: ReadonlySet<string> = new Set([
    CoursePlanned.type,
    ...ENDS,
    ...SESSION_TYPES,
    ...COURSE_CORRECTIONS.map(({ type }) => type),
  ]);

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as readonly SealedEvent<TreatmentEvent>[];
    await savePlanned(tx, chain, page.flatMap(withHistory));
    await saveEnds(tx, chain, page);
    const changes = page.filter(isSessionEvent);
    const corrected = new Set(page.filter(({ history }) => history).map(({ data }) => courseOf(data)));
    if (changes.length === 0 && corrected.size === 0) return;
    const sessions = await load(tx, chain, changes);
    for (const event of page) {
      if (event.history) foldAnew(sessions, courseOf(event.data), event.history as readonly SealedEvent<CourseEvent>[]);
      else if (isSessionEvent(event)) fold(sessions, event);
    }
    // A session that was only ever performed is gone when that is taken back.
    if (corrected.size > 0) {
      await tx.query('delete from session where chain = $1 and course_id = any($2::uuid[])', [
        chain.no,
        [...corrected],
      ]);
    }
    await tx.query(UPSERT, [chain.no, JSON.stringify([...sessions.values()])]);
  }
}

const courseOf = (data: unknown): Id => (data as { readonly courseId: Id }).courseId;

const withHistory = (event: SealedEvent<TreatmentEvent>): readonly SealedEvent<TreatmentEvent>[] =>
  event.history ? (event.history as readonly SealedEvent<TreatmentEvent>[]) : [event];

/** The last that was said of each course: its planning may have been corrected. */
async function savePlanned(tx: Queryable, chain: Chain, events: readonly SealedEvent<TreatmentEvent>[]): Promise<void> {
  const planned = new Map(
    events.flatMap((event) =>
      event.type === 'CoursePlanned' ? [[event.data.courseId, event.data.protocol.code] as const] : [],
    ),
  );
  if (planned.size === 0) return;
  await tx.query(
    `insert into course (chain, id, protocol) select $1, * from unnest($2::uuid[], $3::text[])
     on conflict (chain, id) do update set protocol = excluded.protocol`,
    [chain.no, [...planned.keys()], [...planned.values()]],
  );
}

/** Whether courses have ended, as the last event says that is about it. */
async function saveEnds(tx: Queryable, chain: Chain, page: readonly SealedEvent<TreatmentEvent>[]): Promise<void> {
  const ended = new Map<Id, boolean>();
  for (const event of page) {
    if (event.history)
      ended.set(
        courseOf(event.data),
        event.history.some(({ type }) => ENDS.has(type)),
      );
    else if (ENDS.has(event.type)) ended.set(courseOf(event.data), true);
  }
  if (ended.size === 0) return;
  await tx.query(
    `update course c set ended = e.ended from unnest($2::uuid[], $3::boolean[]) as e(id, ended)
     where c.chain = $1 and c.id = e.id`,
    [chain.no, [...ended.keys()], [...ended.values()]],
  );
}

async function load(tx: Queryable, chain: Chain, changes: readonly SessionEvent[]): Promise<Sessions> {
  const { rows } = await tx.query<SessionRow>('select * from session where chain = $1 and id = any($2::uuid[])', [
    chain.no,
    [...new Set(changes.map(({ data }) => data.sessionId))],
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}

function fold(sessions: Sessions, event: SessionEvent): void {
  const changed = evolve(sessions.get(event.data.sessionId), event);
  if (changed) sessions.set(changed.id, changed);
}

/** The sessions of a course as its corrected history has them, in the place of those that it had before. */
function foldAnew(sessions: Sessions, courseId: Id, history: readonly SealedEvent<CourseEvent>[]): void {
  for (const [id, session] of sessions) if (session.course_id === courseId) sessions.delete(id);
  for (const event of history) if (isSessionEvent(event)) fold(sessions, event);
}

/** @returns the session after the event; undefined for one that nobody booked or performed */
function evolve(session: SessionRow | undefined, event: SessionEvent): SessionRow | undefined {
  switch (event.type) {
    case 'SessionBooked':
    case 'SessionPerformed': {
      const { sessionId, courseId, patientId, practitionerId, siteId, kind, number, at } = event.data;
      const performed = event.type === 'SessionPerformed';
      return {
        id: sessionId,
        course_id: courseId,
        patient_id: patientId,
        practitioner_id: practitionerId,
        site_id: siteId,
        kind,
        number,
        ...timeOf(at),
        status: performed ? 'performed' : 'booked',
        duration_minutes: performed ? (event.data.durationMinutes ?? null) : null,
      };
    }
    case 'SessionRescheduled': {
      const { practitionerId, siteId, at } = event.data;
      return (
        session && { ...session, practitioner_id: practitionerId, site_id: siteId, ...timeOf(at), status: 'booked' }
      );
    }
    case 'SessionZoneRulesApplied':
      return session && { ...session, ...timeOf(event.data.at) };
    case 'SessionMissed':
      return session && { ...session, status: 'missed' };
    case 'SessionCancelled':
      return session && { ...session, status: 'cancelled' };
  }
}

const timeOf = (at: ZonedTime) => ({ local_date: at.wall.slice(0, 10), wall: at.wall, instant: at.instant });

const UPSERT = `
  insert into session (chain, id, course_id, patient_id, practitioner_id, site_id, local_date, wall, instant, kind, number,
    status, duration_minutes)
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, course_id uuid, patient_id uuid, practitioner_id uuid,
    site_id uuid, local_date date, wall text, instant text, kind text, number integer, status text, duration_minutes integer)
  on conflict (chain, id) do update set practitioner_id = excluded.practitioner_id, site_id = excluded.site_id,
    local_date = excluded.local_date, wall = excluded.wall, instant = excluded.instant, status = excluded.status,
    duration_minutes = excluded.duration_minutes`;
