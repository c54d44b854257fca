import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { Invalid, NotFound } from '#libs/kernel/src/errors.js';
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
import { courseWindow, dateOfSession, suggestedCourse } from '../course/course-maintenance.js';
import { sortKey } from '../course/course-rows.js';
import { courseStream } from '../course/course.events.js';
import { courseFold, performedSessions, type PlannedCourse } from '../course/course.state.js';
import { type People, siteIn } from '../directory/people.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold, type RegisteredPatient } from '../patient/patient.state.js';
import { endOfPerson } from '../patient/person.js';
import { consentsThen, type CourseWorldAt } from './course-world-at.js';
import { type AskedHistory, askedHistory, type HistoryParams, historyShape, unknownThen } from './history.params.js';
import { foldAt, type RecordAt } from './record-at.js';

export const courseAtParamsSchema = courseParamsSchema.extend(historyShape);
export type CourseAtParams = z.output<typeof courseAtParamsSchema>;

export const coursesAtParamsSchema = coursesParamsSchema.extend(historyShape);
export type CoursesAtParams = z.output<typeof coursesAtParamsSchema>;

/** A course as it was, with all that its answer needs. */
interface CourseThen {
  readonly row: Row;
  readonly terms: CourseTerms;
  /** What the answer takes for the present. */
  readonly now: Instant;
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
    if (events.length === 0) throw new NotFound('course.unknown', `There is no course ${course}.`);
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
    if (params.patient === undefined) throw patientMissing();
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
      this.isErased(chain, state.patientId),
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
    return { row, terms: { consents, intervalDays: protocol?.intervalDays }, now: asked.now };
  }

  private async coursesOf(chain: Chain, patientId: Id): Promise<Id[]> {
    const { rows } = await this.db.query<{ id: Id }>(
      `select id from "${schemaOf(COURSE_PROGRESS)}".course where chain = $1 and patient_id = $2`,
      [chain.no, patientId],
    );
    return rows.map(({ id }) => id);
  }

  /** The day on which maintenance ends: by the patient's next course under the protocol, by death or by moving away. */
  private async endOf(
    chain: Chain,
    course: PlannedCourse,
    asked: AskedHistory,
    records: RecordAt,
  ): Promise<LocalDate | null> {
    const [courses, registrations] = await Promise.all([
      this.coursesOf(chain, course.patientId),
      records.registrations(chain, course.patientId, asked),
    ]);
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
    return [next, diedOn, movedAwayOn].filter((day) => day !== null).sort()[0] ?? null;
  }

  /** Of whom a key was destroyed, whenever: nothing can be read of them any more, for no time. */
  private async isErased(chain: Chain, patientId: Id): Promise<boolean> {
    const { rows } = await this.db.query(
      `select 1 from subject_key
       where chain = $1 and subject = $2 and class in ('contact', 'clinical') and destroyed_at is not null limit 1`,
      [chain.no, patientId],
    );
    return rows.length > 0;
  }
}

/**
 * When the next course of a patient under the same protocol began: local date of its first performed session. Of two that
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

const patientMissing = () =>
  new Invalid('history.patient-missing', 'A list of courses as they stood is that of one patient.', {
    fields: [
      {
        field: 'patient',
        message: 'Name the patient whose courses are asked for, or leave out `asOf` and `knownAt`.',
        rule: 'history.patient-missing',
        facts: [],
        accepted: 'id or code of a patient',
      },
    ],
  });
