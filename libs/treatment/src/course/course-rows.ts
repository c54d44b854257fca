import { jsonArray, uuidArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { type Read, readTogether, type Statement, writeTogether } from '#libs/projections/src/combined.statement.js';
import { late, type LateEvent, type SealedEvent } from '#libs/projections/src/projection.js';
import type { TreatmentEvent } from '../treatment.event-types.js';
import { COURSE_EVENTS, type CourseEvent, courseStream } from './course.events.js';
import {
  type CourseWindow,
  courseWindow,
  dateOfSession,
  suggestedCourse,
  windowToBeSet,
} from './course-maintenance.js';
import { courseFold, type CourseState, foldCourse, performedSessions, type PlannedCourse } from './course.state.js';

/**
 * The table of courses that the read models about courses keep, each its own: the folded state, what lists filter and
 * sort by, the maintenance window, and what else the read model derives.
 *
 * Dates are local dates; instants stand as text, which sorts as they do.
 */
export const COURSE_ROWS_DDL = `
  create table course (
    chain integer not null,
    id uuid not null,
    -- Revision of the course's stream.
    revision integer not null,
    -- As text: it is only ever read whole, and taking it apart for each write would cost more than folding it.
    state json not null,
    -- Code from outside; with the id of a course without one behind it, the order of lists.
    code text,
    sort_key text collate "C" not null,
    patient_id uuid not null,
    site_id uuid not null,
    consultation_id uuid not null,
    protocol text not null,
    protocol_version integer not null,
    -- False while the protocol's version is not known, so that it is looked at again once it is.
    judged boolean not null,
    status text not null,
    planned_at text collate "C" not null,
    -- When the last event of an import was recorded; null for a course that has none.
    imported_at text collate "C",
    first_at text collate "C",
    first_on date,
    window_ordinal integer,
    window_opens date,
    window_closes date,
    -- The last day of the window that a physician is still to set.
    window_latest date,
    -- When a whole new course is suggested.
    suggested_opens date,
    suggested_closes date,
    -- First performed session of the next course of the patient under this protocol, which ends the rhythm of this one.
    rhythm_ends_on date,
    derived jsonb not null,
    primary key (chain, id)
  );
  -- The older method takes longer for a state than all else that is done with it. A server may be built without this one.
  do $$ begin
    alter table course alter column state set compression lz4;
  exception when feature_not_supported then null;
  end $$;
  create index course_sort on course (chain, sort_key);
  create index course_site on course (chain, site_id, sort_key);
  create index course_patient on course (chain, patient_id);
  create index course_consultation on course (chain, consultation_id);
  create index course_active on course (chain, site_id) where status = 'active';
  create index course_unjudged on course (chain, protocol, protocol_version) where not judged;
  create table protocol (
    chain integer not null, code text not null, version integer not null, protocol jsonb not null,
    primary key (chain, code, version)
  );
`;

/** Whose its rows are. */
export const COURSE_ROWS_OF = { course: { site: 'site_id', patient: 'patient_id' }, protocol: 'staff' } as const;

/** A course as a page of events left it. */
export interface FoldedCourse {
  readonly state: PlannedCourse;
  readonly revision: number;
  readonly importedAt: Instant | null;
  /** First performed course session as the row has it, which orders a patient's courses; null: none. */
  readonly firstAtBefore: Instant | null;
  /** Its local date, which ends the rhythm of the course before. */
  readonly firstOnBefore: LocalDate | null;
  /** Sessions that corrections since the row was written may have changed, or taken back. */
  readonly reworked: readonly Id[];
}

interface LoadedRow {
  readonly id: Id;
  readonly state: PlannedCourse;
  readonly revision: number;
  readonly imported_at: Instant | null;
  readonly first_at: Instant | null;
  readonly first_on: LocalDate | null;
}

export type Protocols = (course: PlannedCourse) => Protocol | undefined;

const COURSE_TYPES: ReadonlySet<string> = new Set(COURSE_EVENTS.map(({ type }) => type));
export const isOfCourse = (event: { readonly type: string }): boolean => COURSE_TYPES.has(event.type);

const STREAM_PREFIX = courseStream('');
/** The course of an event that is one of a course, which its stream tells without its data being read. */
export const courseOf = ({ stream }: { readonly stream: StreamName }): Id => stream.slice(STREAM_PREFIX.length);

/** A course without a code comes after all that have one. */
export const sortKey = (code: string | undefined, id: Id): string => (code === undefined ? `1${id}` : `0${code}`);

function firstOf(course: PlannedCourse): { readonly first_at: Instant | null; readonly first_on: LocalDate | null } {
  const [first] = performedSessions(course, 'course');
  return { first_at: first?.at.instant ?? null, first_on: first ? dateOfSession(first) : null };
}

const sessionsOf = (state: CourseState): Id[] =>
  state.status === 'none' ? [] : state.sessions.map(({ sessionId }) => sessionId);

/** A course with more of its events applied; undefined where it was never planned. */
function withEvents(known: FoldedCourse | undefined, events: readonly LateEvent[]): FoldedCourse | undefined {
  let state: CourseState = known?.state ?? courseFold.initial;
  let { revision, importedAt } = known ?? { revision: -1, importedAt: null };
  const reworked: Id[] = [];
  let plain: SealedEvent<CourseEvent>[] = [];
  for (const each of events) {
    const event = each.read() as SealedEvent<CourseEvent>;
    if (event.history) {
      // A correction changes what was folded before it.
      reworked.push(...sessionsOf(foldCourse(state, plain)));
      state = foldCourse(courseFold.initial, event.history);
      plain = [];
    } else plain.push(event);
    revision = event.revision;
    if (event.header.origin === 'import') importedAt = event.recordedAt;
  }
  state = foldCourse(state, plain);
  if (state.status === 'none') return undefined;
  const { firstAtBefore = null, firstOnBefore = null } = known ?? {};
  return { state, revision, importedAt, firstAtBefore, firstOnBefore, reworked };
}

export class CourseRows {
  /** Published versions never change, so that one read of each is enough for the life of the process. */
  private readonly known = new Map<string, Protocol>();

  /** The courses that a page is about, with its events applied; not saved yet. */
  async fold(
    tx: Queryable,
    chain: Chain,
    page: readonly SealedEvent<TreatmentEvent>[],
  ): Promise<Map<Id, FoldedCourse>> {
    const byCourse = new Map<Id, LateEvent[]>();
    for (const event of page) {
      if (!isOfCourse(event)) continue;
      const id = courseOf(event);
      const events = byCourse.get(id);
      if (events) events.push(late(event));
      else byCourse.set(id, [late(event)]);
    }
    return this.after(tx, chain, byCourse);
  }

  /**
   * Courses with more of their events applied; not saved yet.
   * @param events of each course, in their order; a course without any is as it stands in the table
   */
  async after(
    tx: Queryable,
    chain: Chain,
    events: ReadonlyMap<Id, readonly LateEvent[]>,
  ): Promise<Map<Id, FoldedCourse>> {
    // A course that begins here has no row yet.
    const known = await this.load(
      tx,
      chain,
      new Set([...events.keys()].filter((id) => events.get(id)?.[0]?.revision !== 0)),
    );
    const folded = new Map<Id, FoldedCourse>();
    for (const [id, more] of events) {
      const course = withEvents(known.get(id), more);
      if (course) folded.set(id, course);
    }
    return folded;
  }

  async load(tx: Queryable, chain: Chain, ids: ReadonlySet<Id>): Promise<Map<Id, FoldedCourse>> {
    if (ids.size === 0) return new Map();
    const { rows } = await tx.query<LoadedRow>({
      name: 'load_courses',
      text: `select id, state, revision, imported_at, first_at, first_on from course
             where chain = $1 and id = any($2::uuid[])`,
      values: [chain.no, uuidArray([...ids])],
    });
    return new Map(
      rows.map(({ id, state, revision, imported_at, first_at, first_on }) => [
        id,
        { state, revision, importedAt: imported_at, firstAtBefore: first_at, firstOnBefore: first_on, reworked: [] },
      ]),
    );
  }

  /**
   * Keeps the protocols that a page publishes.
   * @returns the courses that waited for one of them
   */
  async publish(tx: Queryable, chain: Chain, page: readonly SealedEvent<TreatmentEvent>[]): Promise<Id[]> {
    const protocols = page.flatMap((event) => (event.type === 'ProtocolPublished' ? [event.data.protocol] : []));
    if (protocols.length === 0) return [];
    const columns = [
      chain.no,
      protocols.map(({ code }) => code),
      protocols.map(({ version }) => version),
      protocols.map((protocol) => JSON.stringify(protocol)),
    ];
    await tx.query(
      `insert into protocol (chain, code, version, protocol)
       select $1, * from unnest($2::text[], $3::integer[], $4::jsonb[]) on conflict do nothing`,
      columns,
    );
    const { rows } = await tx.query<{ id: Id }>(
      `select c.id from course c join unnest($2::text[], $3::integer[]) as p(code, version)
         on p.code = c.protocol and p.version = c.protocol_version
       where c.chain = $1 and not c.judged`,
      columns.slice(0, 3),
    );
    return rows.map((row) => row.id);
  }

  /** The protocols of courses, each in the version that the course was planned with. */
  async protocolsOf(tx: Queryable, chain: Chain, courses: Iterable<FoldedCourse>): Promise<Protocols> {
    const nameOf = (code: string, version: number) => `${chain.no}/${code}/${version}`;
    const missing = new Map<string, PlannedCourse['protocol']>();
    for (const { state } of courses) {
      const name = nameOf(state.protocol.code, state.protocol.version);
      if (!this.known.has(name)) missing.set(name, state.protocol);
    }
    if (missing.size > 0) {
      const { rows } = await tx.query<{ code: string; version: number; protocol: Protocol }>(
        `select p.code, p.version, p.protocol from protocol p
         join unnest($2::text[], $3::integer[]) as w(code, version) on w.code = p.code and w.version = p.version
         where p.chain = $1`,
        [chain.no, [...missing.values()].map(({ code }) => code), [...missing.values()].map(({ version }) => version)],
      );
      for (const row of rows) this.known.set(nameOf(row.code, row.version), row.protocol);
    }
    return ({ protocol }) => this.known.get(nameOf(protocol.code, protocol.version));
  }

  /** Writes courses with what was derived from them, and sees to whose rhythm they end. */
  async save(
    tx: Queryable,
    chain: Chain,
    courses: ReadonlyMap<Id, FoldedCourse>,
    protocolOf: Protocols,
    derive: (course: PlannedCourse) => object,
  ): Promise<void> {
    if (courses.size === 0) return;
    const [codes] = await readTogether(tx, [this.readCodes(chain, courses.keys())]);
    await this.write(tx, chain, this.prepare(courses, codes, protocolOf, derive));
  }

  /** Codes are reserved before the first event of a course, and so there whenever that is applied, in a rebuild as well. */
  readCodes(chain: Chain, ids: Iterable<Id>): Read<CodeRow> {
    return {
      text: `select id, code from external_code where id = any($2::uuid[]) and kind = 'course' and chain + 0 = $1`,
      values: [chain.no, uuidArray([...ids])],
    };
  }

  /** What `write` writes of courses. Takes no time of the database, which may be busy with others meanwhile. */
  prepare(
    courses: Iterable<readonly [Id, FoldedCourse]>,
    codeRows: readonly CodeRow[],
    protocolOf: Protocols,
    derive: (course: PlannedCourse) => object,
  ): PreparedRows {
    const codes = new Map(codeRows.map(({ id, code }) => [id, code]));
    const rows: CourseRow[] = [];
    const states: string[] = [];
    const reordered = new Set<Id>();
    for (const [id, course] of courses) {
      const row = rowOf(id, course, codes.get(id), protocolOf(course.state), derive);
      rows.push(row);
      states.push(JSON.stringify(course.state));
      if (row.first_at !== course.firstAtBefore || row.first_on !== course.firstOnBefore) reordered.add(row.patient_id);
    }
    return { count: rows.length, rows: JSON.stringify(rows), states: jsonArray(states), reordered };
  }

  /**
   * Writes courses and sees to whose rhythm they end.
   * @param others what is written of them elsewhere
   */
  async write(
    tx: Queryable,
    chain: Chain,
    { count, rows, states, reordered }: PreparedRows,
    others: readonly Statement[] = [],
  ): Promise<void> {
    if (count === 0) return;
    await writeTogether(tx, [{ text: UPSERT, values: [chain.no, rows, states] }, ...others]);
    if (reordered.size === 0) return;
    await tx.query({ name: 'end_rhythms', text: END_RHYTHMS, values: [chain.no, uuidArray([...reordered])] });
  }
}

export interface CodeRow {
  readonly id: Id;
  readonly code: string;
}

/** Courses as they will stand in the table. */
export interface PreparedRows {
  readonly count: number;
  /** All columns but the state, as JSON. */
  readonly rows: string;
  readonly states: Buffer;
  /** Patients whose courses may have got another order. */
  readonly reordered: ReadonlySet<Id>;
}

type CourseRow = ReturnType<typeof rowOf>;

function rowOf(
  id: Id,
  { state, revision, importedAt }: FoldedCourse,
  code: string | undefined,
  protocol: Protocol | undefined,
  derive: (course: PlannedCourse) => object,
) {
  const window: CourseWindow | null = protocol ? courseWindow(state, protocol) : null;
  const toBeSet = protocol ? windowToBeSet(state, protocol) : null;
  const suggested = protocol ? suggestedCourse(state, protocol) : null;
  return {
    id,
    revision,
    code: code ?? null,
    sort_key: sortKey(code, id),
    patient_id: state.patientId,
    site_id: state.siteId,
    consultation_id: state.consultationId,
    protocol: state.protocol.code,
    protocol_version: state.protocol.version,
    judged: protocol !== undefined,
    status: state.status,
    planned_at: state.plannedAt,
    imported_at: importedAt,
    ...firstOf(state),
    window_ordinal: window?.ordinal ?? toBeSet?.ordinal ?? null,
    window_opens: window?.opens ?? null,
    window_closes: window?.closes ?? null,
    window_latest: toBeSet?.latest ?? null,
    suggested_opens: suggested?.opens ?? null,
    suggested_closes: suggested?.closes ?? null,
    derived: derive(state),
  };
}

const COLUMNS = {
  revision: 'integer',
  code: 'text',
  sort_key: 'text',
  patient_id: 'uuid',
  site_id: 'uuid',
  consultation_id: 'uuid',
  protocol: 'text',
  protocol_version: 'integer',
  judged: 'boolean',
  status: 'text',
  planned_at: 'text',
  imported_at: 'text',
  first_at: 'text',
  first_on: 'date',
  window_ordinal: 'integer',
  window_opens: 'date',
  window_closes: 'date',
  window_latest: 'date',
  suggested_opens: 'date',
  suggested_closes: 'date',
  derived: 'jsonb',
} as const;
const names = Object.keys(COLUMNS);

const UPSERT = `
  insert into course (chain, id, state, ${names.join(', ')})
  select $1, r.id, r.state, ${names.map((name) => `r.${name}`).join(', ')}
  from rows from (
    jsonb_to_recordset($2::jsonb) as (id uuid, ${Object.entries(COLUMNS)
      .map(([name, type]) => `${name} ${type}`)
      .join(', ')}),
    unnest($3::json[])
  ) as r(id, ${names.join(', ')}, state)
  on conflict (chain, id) do update
    set state = excluded.state, ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`;

/**
 * A course is later than another when its first performed course session is; where two begin at one instant, the one
 * that was planned later.
 */
const END_RHYTHMS = `
  update course c set rhythm_ends_on = l.first_on
  from (
    select x.id, (
      select y.first_on from course y
      where y.chain = x.chain and y.patient_id = x.patient_id and y.protocol = x.protocol
        and (y.first_at, y.planned_at, y.sort_key) > (x.first_at, x.planned_at, x.sort_key)
      order by y.first_at, y.planned_at, y.sort_key limit 1
    ) as first_on
    from course x where x.chain = $1 and x.patient_id = any($2::uuid[])
  ) l
  where c.chain = $1 and c.id = l.id and c.rhythm_ends_on is distinct from l.first_on`;
