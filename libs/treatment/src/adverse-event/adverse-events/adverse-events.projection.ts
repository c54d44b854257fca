import type { Queryable } from '#libs/database/src/database.js';
import type { SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import {
  CourseEntryRetracted,
  type CourseEvent,
  CoursePlanned,
  CoursePlannedCorrected,
  FollowUpHeld,
  FollowUpHeldCorrected,
} from '../../course/course.events.js';
import { PatientEntryRetracted, type PatientEvent } from '../../patient/patient.events.js';
import { type LegalRules, type SiteEvent, SiteLegalRulesSet } from '../../site/site.events.js';
import { type LegalRulesFrom, legalRulesAt } from '../../site/site.state.js';
import { ADVERSE_EVENT_EVENTS, type AdverseEventEvent } from '../adverse-event.events.js';
import { type AdverseEventState, evolveAdverseEvents } from '../adverse-event.state.js';
import { adverseEventOfFollowUp, uniteAdverseEvent } from '../follow-up-adverse-event.js';

export const ADVERSE_EVENTS = { name: 'adverse_events', version: 3 } as const;

type FollowUpHeldEvent = SealedEvent<Extract<CourseEvent, { type: 'FollowUpHeld' }>>;

const DDL = `
  create table adverse_event (
    chain integer not null, id uuid not null, patient_id uuid not null,
    -- The course whose follow-up found it, and what the follow-up says; null where it was reported.
    course_id uuid, found json,
    -- What the patient's stream says. Neither holds personal data.
    done json,
    -- A sealed box with the description of the report.
    description json,
    -- Of both together; null where a correction left nothing of it.
    state text, site_id uuid, owner_id uuid, report_by date, is_reported boolean,
    primary key (chain, id)
  );
  create index adverse_event_due on adverse_event (chain, report_by, id) where state is not null;
  create index adverse_event_patient on adverse_event (chain, patient_id);
  create index adverse_event_course on adverse_event (chain, course_id) where course_id is not null;
  -- Who sees to what a follow-up of the course finds.
  create table course (chain integer not null, id uuid not null, practitioner_id uuid not null, primary key (chain, id));
  -- Days until the report to the authority, by severity, as a site set them, and from when on; most set none.
  create table site_rules (
    chain integer not null, site_id uuid not null, set_from text not null, position bigint not null, rules json not null,
    primary key (chain, position)
  );
`;

const TYPES = [
  CoursePlanned,
  CoursePlannedCorrected,
  FollowUpHeld,
  FollowUpHeldCorrected,
  CourseEntryRetracted,
  PatientEntryRetracted,
  SiteLegalRulesSet,
  ...ADVERSE_EVENT_EVENTS,
].map(({ type }) => type);

/** What may be asked of here: entries, and what changes them. */
type AnyEvent = SealedEvent<CourseEvent | PatientEvent | SiteEvent>;

type RulesSet = RecordedEvent<Extract<SiteEvent, { type: 'SiteLegalRulesSet' }>>;

interface Row {
  readonly id: Id;
  readonly patientId: Id;
  courseId: Id | null;
  found: AdverseEventState | null;
  done: AdverseEventState | null;
  description: SealedBox | null;
}

/** Every adverse event of the chain, be it reported or found by a follow-up, as it reads now. */
export class AdverseEventsProjection implements Projection {
  readonly name = ADVERSE_EVENTS.name;
  readonly version = ADVERSE_EVENTS.version;
  readonly ddl = DDL;
  readonly rowsOf = {
    adverse_event: { site: 'site_id', patient: 'patient_id' },
    course: 'withheld',
    site_rules: 'staff',
  } as const;
  readonly types: ReadonlySet<string> = new Set(TYPES);

  async apply({ tx, chain }: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as readonly AnyEvent[];
    const [loaded, practitioners, rules] = [
      await loadRows(tx, chain, page),
      await loadCourses(tx, chain, page),
      await loadRules(tx, chain, page),
    ];
    const rows = new Rows(loaded, practitioners, rules);
    for (const event of page) rows.apply(event);
    await rows.save(tx, chain);
  }
}

/** The rows that a page is about. */
class Rows {
  private readonly rows: Map<Id, Row>;
  private readonly changedCourses = new Map<Id, Id>();
  private readonly changed = new Set<Id>();
  private readonly rulesSet: RulesSet[] = [];

  constructor(
    loaded: readonly Row[],
    private readonly practitioners: Map<Id, Id>,
    private readonly rules: Map<Id, LegalRulesFrom[]>,
  ) {
    this.rows = new Map(loaded.map((row) => [row.id, row]));
  }

  apply(event: AnyEvent): void {
    if (event.history) this.foldAnew(event, event.history as readonly AnyEvent[]);
    else this.fold(event);
  }

  private fold(event: AnyEvent): void {
    if (event.type === 'CoursePlanned') this.keepCourse(event.data);
    else if (event.type === 'FollowUpHeld') this.find(event);
    else if (event.type === 'SiteLegalRulesSet') this.keepRules(event);
    else if (isAdverseEvent(event)) this.done(event);
  }

  /** A correction or retraction: everything that its stream said is said again. */
  private foldAnew(event: AnyEvent, history: readonly AnyEvent[]): void {
    const { patientId, courseId } = event.data as { readonly patientId: Id; readonly courseId?: Id | null };
    const isOfCourse = event.stream.startsWith('course-');
    for (const row of this.rows.values()) {
      if (isOfCourse ? row.courseId !== courseId : row.patientId !== patientId) continue;
      this.changed.add(row.id);
      if (isOfCourse) row.found = null;
      else Object.assign(row, { done: null, description: null });
    }
    for (const each of history) this.fold(each);
  }

  private keepCourse({ courseId, practitionerId }: { readonly courseId: Id; readonly practitionerId: Id }): void {
    this.practitioners.set(courseId, practitionerId);
    this.changedCourses.set(courseId, practitionerId);
  }

  private keepRules(event: RulesSet): void {
    const { siteId, rules } = event.data;
    this.rulesSet.push(event);
    this.rules.set(siteId, [...(this.rules.get(siteId) ?? []), { from: event.occurredAt.instant, rules }]);
  }

  private find({ data, recordedAt, header }: Pick<FollowUpHeldEvent, 'data' | 'recordedAt' | 'header'>): void {
    if (!data.adverseEvent) return;
    const practitionerId = this.practitioners.get(data.courseId);
    if (practitionerId === undefined) throw new Error(`A follow-up of course ${data.courseId}, which nobody planned`);
    const { reportingDays } = legalRulesAt(this.rules.get(data.siteId) ?? [], data.at.instant);
    const found = adverseEventOfFollowUp({ courseId: data.courseId, practitionerId }, data, reportingDays, {
      recordedAt,
      isImported: header.origin === 'import',
    });
    Object.assign(this.row(data.followUpId, data.patientId), { courseId: data.courseId, found: found ?? null });
  }

  private done(event: SealedEvent<AdverseEventEvent>): void {
    const row = this.row(event.data.adverseEventId, event.data.patientId);
    const [done] = evolveAdverseEvents(row.done ? [row.done] : [], event);
    // What was done is told in words, which stay in the log.
    row.done = done ? { ...done, actions: null } : null;
    if (event.type === 'AdverseEventReported') row.description = event.sealed.clinical ?? null;
  }

  private row(id: Id, patientId: Id): Row {
    this.changed.add(id);
    const known = this.rows.get(id);
    if (known) return known;
    const row: Row = { id, patientId, courseId: null, found: null, done: null, description: null };
    this.rows.set(id, row);
    return row;
  }

  async save(tx: Queryable, chain: Chain): Promise<void> {
    if (this.changedCourses.size > 0) {
      await tx.query(
        `insert into course (chain, id, practitioner_id) select $1, * from unnest($2::uuid[], $3::uuid[])
         on conflict (chain, id) do update set practitioner_id = excluded.practitioner_id`,
        [chain.no, [...this.changedCourses.keys()], [...this.changedCourses.values()]],
      );
    }
    for (const { data, occurredAt, position } of this.rulesSet) {
      await tx.query('insert into site_rules (chain, site_id, set_from, position, rules) values ($1, $2, $3, $4, $5)', [
        chain.no,
        data.siteId,
        occurredAt.instant,
        position,
        JSON.stringify(data.rules),
      ]);
    }
    if (this.changed.size === 0) return;
    const rows = [...this.changed].map((id) => columnsOf(this.rows.get(id) as Row));
    await tx.query(UPSERT, [chain.no, JSON.stringify(rows)]);
  }
}

function columnsOf(row: Row) {
  const united = uniteAdverseEvent(row.found ?? undefined, row.done ?? undefined);
  return {
    id: row.id,
    patient_id: row.patientId,
    course_id: row.courseId,
    found: row.found,
    done: row.done,
    description: row.description,
    state: united?.status ?? null,
    site_id: united?.siteId ?? null,
    owner_id: united?.ownerId ?? null,
    report_by: united?.reportBy ?? null,
    is_reported: united ? united.reportedToAuthority !== null : null,
  };
}

const UPSERT = `
  insert into adverse_event (chain, id, patient_id, course_id, found, done, description, state, site_id, owner_id, report_by,
    is_reported)
  select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, patient_id uuid, course_id uuid, found json, done json,
    description json, state text, site_id uuid, owner_id uuid, report_by date, is_reported boolean)
  on conflict (chain, id) do update set course_id = excluded.course_id, found = excluded.found, done = excluded.done,
    description = excluded.description, state = excluded.state, site_id = excluded.site_id, owner_id = excluded.owner_id,
    report_by = excluded.report_by, is_reported = excluded.is_reported`;

/** What the sites of a chain set, where a page has anything of a course to judge by it: a few rows at the most. */
async function loadRules(tx: Queryable, chain: Chain, page: readonly AnyEvent[]): Promise<Map<Id, LegalRulesFrom[]>> {
  const bySite = new Map<Id, LegalRulesFrom[]>();
  if (!page.some(({ stream }) => stream.startsWith('course-'))) return bySite;
  const { rows } = await tx.query<{ site_id: Id; set_from: Instant; rules: LegalRules }>(
    'select site_id, set_from, rules from site_rules where chain = $1 order by position',
    [chain.no],
  );
  for (const { site_id: siteId, set_from: from, rules } of rows) {
    bySite.set(siteId, [...(bySite.get(siteId) ?? []), { from, rules }]);
  }
  return bySite;
}

const isAdverseEvent = (event: AnyEvent): event is SealedEvent<AdverseEventEvent> =>
  event.type.startsWith('AdverseEvent');

/** The rows that events name, and all of a stream that is folded anew. */
async function loadRows(tx: Queryable, chain: Chain, page: readonly AnyEvent[]): Promise<Row[]> {
  const ids = page.flatMap((event) => {
    if (event.type === 'FollowUpHeld') return event.data.adverseEvent ? [event.data.followUpId] : [];
    return isAdverseEvent(event) ? [event.data.adverseEventId] : [];
  });
  const anew = page.filter(({ history }) => history !== undefined);
  const named = anew.map(({ stream, data }) => ({ stream, ...(data as { patientId: Id; courseId?: Id | null }) }));
  const ofPatients = named.filter(({ stream }) => stream.startsWith('patient-')).map(({ patientId }) => patientId);
  const ofCourses = named
    .filter(({ stream }) => stream.startsWith('course-'))
    .flatMap(({ courseId }) => courseId ?? []);
  if (ids.length + ofPatients.length + ofCourses.length === 0) return [];
  const { rows } = await tx.query<{
    id: Id;
    patient_id: Id;
    course_id: Id | null;
    found: AdverseEventState | null;
    done: AdverseEventState | null;
    description: SealedBox | null;
  }>(
    `select id, patient_id, course_id, found, done, description from adverse_event
     where chain = $1 and (id = any($2::uuid[]) or patient_id = any($3::uuid[]) or course_id = any($4::uuid[]))`,
    [chain.no, [...new Set(ids)], [...new Set(ofPatients)], [...new Set(ofCourses)]],
  );
  return rows.map(({ id, patient_id: patientId, course_id: courseId, found, done, description }) => ({
    id,
    patientId,
    courseId,
    found,
    done,
    description,
  }));
}

/** The practitioners of courses whose follow-ups found something; courses that the page itself plans are not there yet. */
async function loadCourses(tx: Queryable, chain: Chain, page: readonly AnyEvent[]): Promise<Map<Id, Id>> {
  const ids = page.flatMap((event) =>
    event.type === 'FollowUpHeld' && event.data.adverseEvent ? [event.data.courseId] : [],
  );
  if (ids.length === 0) return new Map();
  const { rows } = await tx.query<{ id: Id; practitioner_id: Id }>(
    'select id, practitioner_id from course where chain = $1 and id = any($2::uuid[])',
    [chain.no, [...new Set(ids)]],
  );
  return new Map(rows.map((row) => [row.id, row.practitioner_id]));
}
