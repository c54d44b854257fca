import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { CourseUnknown } from '../course/course.errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { z } from 'zod';
import type { CourseDetail, CourseProgress } from '../course/course-progress/course-progress.contract.js';
import { COURSE_PROGRESS } from '../course/course-progress/course-progress.projection.js';
import {
  courseParamsSchema,
  type CourseProgressQuery,
  coursesParamsSchema,
  type CourseTerms,
  detailView,
  progressView,
  type Row,
  type Surroundings,
} from '../course/course-progress/course-progress.query.js';
import { judgeCourse } from '../course/course-progress/course-progress.rules.js';
import {
  type CourseWindow,
  courseWindow,
  dateOfSession,
  endedByDecline,
  standingDecline,
  suggestedCourse,
  windowToBeSet,
} from '../course/course-maintenance.js';
import type { MaintenanceDue } from '../course/maintenance-due/maintenance-due.contract.js';
import { bookedMaintenance } from '../course/maintenance-due/maintenance-due.projection.js';
import {
  bookedAt,
  type MaintenanceParams,
  maintenanceParamsSchema,
  standingOf,
  waitsForRelease,
} from '../course/maintenance-due/maintenance-due.query.js';
import type { Person } from '../shared.contract.js';
import { siteStream } from '../site/site.events.js';
import { siteFold } from '../site/site.state.js';
import { sortKey } from '../course/course-rows.js';
import { courseStream } from '../course/course.events.js';
import { courseFold, performedSessions, type PlannedCourse } from '../course/course.state.js';
import { earliestDayAt } from '../day-anywhere.js';
import { type NamedSite, type People, siteIn, siteRef } from '../directory/people.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold, type RegisteredPatient } from '../patient/patient.state.js';
import { endOfPerson } from '../patient/person.js';
import { consentsThen, type CourseWorldAt } from './course-world-at.js';
import {
  type AskedHistory,
  askedHistory,
  type HistoryParams,
  historyShape,
  patientMissing,
  unknownThen,
} from './history.params.js';
import { historyAt } from './entry-history.js';
import { foldAt, type RecordAt } from './record-at.js';

export const courseAtParamsSchema = courseParamsSchema.extend(historyShape);
export type CourseAtParams = z.output<typeof courseAtParamsSchema>;

export const coursesAtParamsSchema = coursesParamsSchema.extend(historyShape);
export type CoursesAtParams = z.output<typeof coursesAtParamsSchema>;

export const maintenanceAtParamsSchema = maintenanceParamsSchema.extend(historyShape);
export type MaintenanceAtParams = MaintenanceParams & HistoryParams;

/** A course as it was, with all that its answer needs. */
interface CourseThen {
  readonly row: Row;
  readonly terms: CourseTerms;
  /** What the answer takes for the present. */
  readonly now: Instant;
  readonly window: CourseWindow | null;
  /** What a physician is still to set. */
  readonly toBeSet: ReturnType<typeof windowToBeSet>;
  /** When the last event of an import was recorded; null: none was. */
  readonly importedAt: Instant | null;
}

/**
 * Where courses stood: the answers of `CourseProgressQuery`, computed from the log as of any valid and recorded time, and
 * judged by the same rules. Names and codes are those of today.
 */
export class CoursesAtQuery {
  constructor(
    private readonly db: Database,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
    private readonly codes: ExternalCodes,
    private readonly records: RecordAt,
    private readonly worlds: CourseWorldAt,
    private readonly courses: CourseProgressQuery,
  ) {}

  /**
   * @param course id or code
   * @throws NotFound `course.unknown`, `course.unknown-then`; Invalid `history.known-in-future`
   */
  async detail(chain: Chain, course: string, params: CourseAtParams): Promise<CourseDetail> {
    const id = await this.references.resolve(chain, 'course', course);
    const records = this.records.forAnswer();
    const events = await records.events(chain, courseStream(id));
    if (events.length === 0) throw new CourseUnknown(course);
    const then = await this.courseThen(chain, id, events, params, records);
    if (!then) throw unknownThen('course.unknown-then', 'course', params);
    const around = await this.courses.surroundings(chain, [then.row], params.today);
    return detailView(then.row, then.terms, at(around, then));
  }

  /**
   * The courses of one patient, in the order of their codes. Those of everybody would have to be computed anew from the
   * whole log, so a patient must be named.
   * @throws NotFound `site.unknown`, `patient.unknown`; Invalid `history.patient-missing`, `history.known-in-future`,
   *   `cursor.malformed`
   */
  async list(chain: Chain, params: CoursesAtParams): Promise<{ items: CourseProgress[]; next: string | null }> {
    if (params.patient === undefined) throw patientMissing('courses');
    const patientId = await this.references.resolve(chain, 'patient', params.patient);
    const site = params.site && (await this.references.resolve(chain, 'site', params.site));
    const after = params.cursor === undefined ? '' : String(decodeCursor(params.cursor, 1)[0]);
    const ids = await this.coursesOf(chain, patientId);
    const records = this.records.forAnswer();
    const found = await Promise.all(
      ids.map(async (id) => this.courseThen(chain, id, await records.events(chain, courseStream(id)), params, records)),
    );
    const { status, deviation } = params;
    const courses = found
      .flatMap((course) => (course === undefined ? [] : [course]))
      .filter(({ row: { state, derived, sort_key } }) => {
        const isWanted = (site === undefined || state.siteId === site) && (status ?? state.status) === state.status;
        return isWanted && (deviation === undefined || derived.deviations[deviation] !== undefined) && sort_key > after;
      })
      .sort((a, b) => (a.row.sort_key < b.row.sort_key ? -1 : 1));
    const page = pageOf(courses.slice(0, params.limit + 1), params.limit, ({ row }) => [row.sort_key]);
    const around = await this.courses.surroundings(
      chain,
      page.items.map(({ row }) => row),
      params.today,
    );
    return { items: page.items.map((then) => progressView(then.row, at(around, then))), next: page.next };
  }

  /**
   * The maintenance of one patient as it stood, in the order of `MaintenanceDueQuery`.
   * @throws NotFound `site.unknown`, `patient.unknown`; Invalid `history.patient-missing`, `history.known-in-future`,
   *   `cursor.malformed`
   */
  async maintenance(
    chain: Chain,
    params: MaintenanceAtParams,
  ): Promise<{ items: MaintenanceDue[]; next: string | null }> {
    if (params.patient === undefined) throw patientMissing('maintenance windows');
    const patientId = await this.references.resolve(chain, 'patient', params.patient);
    const site = params.site && (await this.references.resolve(chain, 'site', params.site));
    const [dueOn, id] = params.cursor === undefined ? ['', ''] : decodeCursor(params.cursor, 2);
    const records = this.records.forAnswer();
    const courses = await Promise.all(
      (await this.coursesOf(chain, patientId)).map(async (each) =>
        this.courseThen(chain, each, await records.events(chain, courseStream(each)), params, records),
      ),
    );
    const sites = await this.people.sites(chain);
    const named = await this.people.patients(chain, [patientId]);
    const due = await Promise.all(
      courses.map(async (then) => {
        if (!then || (site !== undefined && then.row.state.siteId !== site)) return [];
        const { knownAt } = askedHistory({ knownAt: params.knownAt }, 'UTC', await this.chains.now(chain));
        const at = await records.fold(chain, siteStream(then.row.state.siteId), siteFold, { knownAt });
        const released = at.state.status === 'none' ? undefined : at.state.importedMaintenanceReleasedAt;
        return dueThen(then, siteIn(sites, then.row.state.siteId), named, released ?? null, params.today);
      }),
    );
    const { state, suggestedCourse: suggestion } = params;
    const sorted = due
      .flat()
      .filter(({ view }) => state === undefined || state.includes(view.state))
      .filter(({ view }) => suggestion === undefined || suggestion.some((each) => each === view.suggestedCourse?.state))
      .filter(({ on, view }) => [on, view.course.id].join() > [dueOn, id].join())
      .sort((a, b) => compare([a.on, a.view.course.id], [b.on, b.view.course.id]));
    const page = pageOf(sorted.slice(0, params.limit + 1), params.limit, ({ on, view }) => [on, view.course.id]);
    return { items: page.items.map(({ view }) => view), next: page.next };
  }

  /** Undefined where it was not planned by then. */
  private async courseThen(
    chain: Chain,
    id: Id,
    events: readonly RecordedEvent[],
    params: HistoryParams,
    records: RecordAt,
  ): Promise<CourseThen | undefined> {
    const [sites, now] = await Promise.all([this.people.sites(chain), this.chains.now(chain)]);
    const { knownAt } = askedHistory({ knownAt: params.knownAt }, 'UTC', now);
    const { state: known } = foldAt(events, courseFold, { knownAt });
    const zone = known.status === 'none' ? 'UTC' : siteIn(sites, known.siteId).timeZone;
    const asked = askedHistory(params, zone, now);
    const { state, revision } = foldAt(events, courseFold, asked);
    if (state.status === 'none') return undefined;
    const [world, ending, code, erased] = await Promise.all([
      this.worlds.reading(records).of(chain, state, asked),
      this.endOf(chain, state, asked, records),
      this.codes.codesOf(chain, 'course', [id]),
      records.registrations(chain, state.patientId, asked).then((ids) => this.isErased(chain, ids)),
    ]);
    const asOf = asked.asOf === undefined ? undefined : { instant: asked.asOf, day: localDateAt(asked.asOf, zone) };
    const consents = consentsThen(world.consents, asOf);
    const { protocol } = world;
    const window = protocol ? courseWindow(state, protocol) : null;
    const suggested = protocol ? suggestedCourse(state, protocol) : null;
    const row: Row = {
      id,
      revision,
      state,
      code: code.get(id) ?? null,
      sort_key: sortKey(code.get(id), id),
      window_opens: window?.opens ?? null,
      window_closes: window?.closes ?? null,
      suggested_opens: suggested?.opens ?? null,
      suggested_closes: suggested?.closes ?? null,
      ends_on: ending,
      erased,
      derived: judgeCourse(state, { ...world, consents }),
    };
    const imported = events.filter(
      ({ header, recordedAt }) => header.origin === 'import' && (knownAt === undefined || recordedAt <= knownAt),
    );
    return {
      ...{ row, terms: { consents, intervalDays: protocol?.intervalDays }, now: asked.now, window },
      toBeSet: protocol ? windowToBeSet(state, protocol) : null,
      importedAt: imported.at(-1)?.recordedAt ?? null,
    };
  }

  private async coursesOf(chain: Chain, patientId: Id): Promise<Id[]> {
    const { rows } = await this.db.query<{ id: Id }>(
      `select id from "${schemaOf(COURSE_PROGRESS)}".course where chain = $1 and patient_id = $2`,
      [chain.no, patientId],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * The day on which maintenance ends: by the person's next course under the protocol, by a decline in another course of
   * theirs, by death or by moving away.
   */
  private async endOf(
    chain: Chain,
    course: PlannedCourse,
    asked: AskedHistory,
    records: RecordAt,
  ): Promise<LocalDate | null> {
    const registrations = await records.registrations(chain, course.patientId, asked);
    const courses = (await Promise.all(registrations.map((id) => this.coursesOf(chain, id)))).flat();
    const [others, patients] = await Promise.all([
      Promise.all(courses.map((id) => records.fold(chain, courseStream(id), courseFold, asked))),
      Promise.all(registrations.map((id) => records.fold(chain, patientStream(id), patientFold, asked))),
    ]);
    const codes = await this.codes.codesOf(chain, 'course', courses);
    const planned = others.flatMap(({ state }) => (state.status === 'none' ? [] : [state]));
    const { diedOn, movedAwayOn } = endOfPerson({
      patients: patients.flatMap(({ state }): RegisteredPatient[] => (state.status === 'none' ? [] : [state])),
    });
    const next = nextCourseBegan(course, planned, ({ courseId }) => sortKey(codes.get(courseId), courseId));
    const declines = await Promise.all(
      planned.map(async (other) => {
        const events = await records.events(chain, courseStream(other.courseId));
        const declinedAt = standingDecline(historyAt(events, asked));
        return declinedAt !== null && endedByDecline(course, other, declinedAt) ? earliestDayAt(declinedAt) : null;
      }),
    );
    return [next, ...declines, diedOn, movedAwayOn].filter((day) => day !== null).sort()[0] ?? null;
  }

  /** Of whom a key was destroyed, under any registration and whenever: nothing can be read of them any more, for no time. */
  private async isErased(chain: Chain, patientIds: readonly Id[]): Promise<boolean> {
    const { rows } = await this.db.query(
      `select 1 from subject_key
       where chain = $1 and subject = any($2::uuid[]) and class in ('contact', 'clinical') and destroyed_at is not null limit 1`,
      [chain.no, [...patientIds]],
    );
    return rows.length > 0;
  }
}

/** The window of a course as it stood; none where it had none, or where it had ended. */
function dueThen(
  { row, now, window, toBeSet, importedAt }: CourseThen,
  site: NamedSite,
  patient: (id: Id) => Person,
  releasedAt: Instant | null,
  on: LocalDate | undefined,
): { readonly on: LocalDate; readonly view: MaintenanceDue }[] {
  const { state, ends_on: endsOn } = row;
  const today = on ?? localDateAt(now, site.timeZone);
  const dueOn = window?.opens ?? toBeSet?.latest;
  if (dueOn === undefined || row.erased || (endsOn !== null && endsOn <= today)) return [];
  const windows = { ...row, window_latest: toBeSet?.latest ?? null };
  const view: MaintenanceDue = {
    course: { id: row.id, code: row.code, protocol: state.protocol.code },
    patient: patient(state.patientId),
    site: siteRef(site),
    ordinal: window?.ordinal ?? toBeSet?.ordinal ?? 1,
    ...standingOf(windows, today),
    booked: bookedAt(bookedMaintenance(state), now),
    imported: waitsForRelease({ ...windows, imported_at: importedAt, released_at: releasedAt }, site.timeZone),
  };
  return [{ on: dueOn, view }];
}

/**
 * When the next course of a person under the same protocol began: local date of its first performed session. Of two that
 * began at one instant, the one that was planned later is the later; the read model orders them so as well.
 */
export function nextCourseBegan(
  course: PlannedCourse,
  all: readonly PlannedCourse[],
  sortKeyOf: (course: PlannedCourse) => string,
): LocalDate | null {
  const keyOf = (each: PlannedCourse): readonly string[] | undefined => {
    const [first] = performedSessions(each, 'course');
    return first && [first.at.instant, each.plannedAt, sortKeyOf(each)];
  };
  const own = keyOf(course);
  if (!own) return null;
  const [next] = all
    .filter(({ protocol }) => protocol.code === course.protocol.code)
    .flatMap((each) => {
      const key = keyOf(each);
      return key && compare(key, own) > 0 ? [{ each, key }] : [];
    })
    .sort((a, b) => compare(a.key, b.key));
  const [first] = next ? performedSessions(next.each, 'course') : [];
  return first ? dateOfSession(first) : null;
}

function compare(a: readonly string[], b: readonly string[]): number {
  const n = a.findIndex((part, index) => part !== b[index]);
  if (n === -1) return 0;
  return (a[n] as string) < (b[n] as string) ? -1 : 1;
}

const at = (around: Surroundings, { now }: CourseThen): Surroundings => ({ ...around, now });
