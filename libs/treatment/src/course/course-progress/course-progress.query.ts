import type { Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryOf } from '#libs/http/src/validation.js';
import { CourseUnknown } from '../course.errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, type LocalDate, localDateAt, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import { type NamedSite, type People, siteIn, siteRef } from '../../directory/people.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Person } from '../../shared.contract.js';
import { afterWithdrawals } from '../../consultation/consent.rules.js';
import type { PersonsWithdrawal } from '../../patient/patient.state.js';
import { deviationKindSchema } from '../course.events.js';
import { suggestionOn, windowOn } from '../course-maintenance.js';
import { MAINTENANCE_DUE } from '../maintenance-due/maintenance-due.projection.js';
import { ENDS_ON, IS_ERASED, PERSON_END } from '../maintenance-due/maintenance-end.js';
import { bookedSessions, type CourseSession, type PlannedCourse } from '../course.state.js';
import { type CourseDetail, type CourseProgress, courseStatusSchema } from './course-progress.contract.js';
import { COURSE_PROGRESS } from './course-progress.projection.js';
import type { CourseJudgement, SignedConsent } from './course-progress.rules.js';
import { followUpViews, sessionViews } from './course-session.views.js';

/** Another date than the chain clock's, for what depends on it. */
const todayParam = localDateSchema.optional().describe('Another date than that of the chain’s clock.');

export const coursesParamsSchema = listQueryOf({
  site: z.string().optional(),
  status: courseStatusSchema.optional(),
  patient: z.string().optional(),
  /** Only courses with such a deviation. */
  deviation: deviationKindSchema.optional(),
  waiting: z
    .enum(['review', 'reaction', 'lapse'])
    .optional()
    .describe(
      'Only courses that wait for a person: for a physician to review sessions, for somebody to judge a reaction that ' +
        'lasts, or to decide whether the course has lapsed (by the date of the chain’s clock in UTC).',
    ),
  today: todayParam,
});
export type CoursesParams = z.output<typeof coursesParamsSchema>;

export const courseParamsSchema = queryOf({ today: todayParam });
export type CourseParams = z.output<typeof courseParamsSchema>;

const SCHEMA = `"${schemaOf(COURSE_PROGRESS)}"`;

/** A course with what was derived from it, as it is kept in a row. */
export interface Row {
  readonly id: Id;
  readonly revision: number;
  readonly state: PlannedCourse;
  readonly code: string | null;
  readonly sort_key: string;
  readonly window_opens: LocalDate | null;
  readonly window_closes: LocalDate | null;
  readonly suggested_opens: LocalDate | null;
  readonly suggested_closes: LocalDate | null;
  /** When maintenance ends: by a later course, by death or by moving away. */
  readonly ends_on: LocalDate | null;
  readonly erased: boolean;
  readonly derived: CourseJudgement;
}

const COLUMNS = `c.id, c.revision, c.state, c.code, c.sort_key, c.window_opens, c.window_closes, c.suggested_opens,
  c.suggested_closes, c.derived, ${ENDS_ON} as ends_on, ${IS_ERASED} as erased`;

/** As `course-progress.projection.ts` has its indexes. */
const WAITING = {
  review: `jsonb_array_length(c.derived -> 'reviews') > 0`,
  reaction: `jsonb_array_length(c.derived -> 'lasting') > 0`,
  lapse: `c.status = 'active'`,
};

/** What the rows of a page are shown with: names, and the date at each site. */
export interface Surroundings {
  readonly sites: ReadonlyMap<Id, NamedSite>;
  readonly patient: (id: Id) => Person;
  readonly practitioner: (id: Id) => Person;
  readonly now: Instant;
  readonly today: LocalDate | undefined;
}

/** Where courses stand. Names and codes are resolved for a whole page at once. */
export class CourseProgressQuery {
  /** The read models that it looks at. */
  static readonly reads = [COURSE_PROGRESS.name, MAINTENANCE_DUE.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /**
   * Courses in the order of their codes; those without a code after them, in the order in which they were planned.
   * @throws NotFound `site.unknown`, `patient.unknown`; Invalid `cursor.malformed`
   */
  async list(chain: Chain, params: CoursesParams): Promise<{ items: CourseProgress[]; next: string | null }> {
    const site = params.site && (await this.references.resolve(chain, 'site', params.site));
    const patient = params.patient && (await this.references.resolve(chain, 'patient', params.patient));
    const after = params.cursor === undefined ? null : decodeCursor(params.cursor, 1)[0];
    const { rows } = await this.db.query<Row>(
      `select ${COLUMNS} from ${SCHEMA}.course c ${PERSON_END}
       where c.chain = $1
         ${site ? 'and c.site_id = $3::uuid' : 'and $3::uuid is null'}
         ${patient ? 'and c.patient_id = $4::uuid' : 'and $4::uuid is null'}
         and ($5::text is null or c.status = $5)
         and ($6::text is null or c.derived -> 'deviations' ? $6)
         and ($7::text is null or c.sort_key > $7)
         and ${params.waiting === undefined ? 'true' : WAITING[params.waiting]}
         and ($8::text is null or c.derived ->> 'lapsesAfter' < $8)
       order by c.sort_key limit $2`,
      [
        chain.no,
        params.limit + 1,
        site ?? null,
        patient ?? null,
        params.status ?? null,
        params.deviation ?? null,
        after,
        params.waiting === 'lapse' ? (params.today ?? (await this.chains.now(chain)).slice(0, 10)) : null,
      ],
    );
    const page = pageOf(rows, params.limit, (row) => [row.sort_key]);
    const around = await this.surroundings(chain, page.items, params.today);
    return { items: page.items.map((row) => progressView(row, around)), next: page.next };
  }

  /**
   * One course with its sessions and follow-ups.
   * @param course id or code
   * @throws NotFound `course.unknown`
   */
  async detail(chain: Chain, course: string, params: Pick<CourseParams, 'today'> = {}): Promise<CourseDetail> {
    const id = await this.references.resolve(chain, 'course', course);
    const { rows } = await this.db.query<Row & { protocol: Pick<Protocol, 'intervalDays'> | null }>(
      `select ${COLUMNS}, jsonb_build_object('intervalDays', p.protocol -> 'intervalDays') as protocol
       from ${SCHEMA}.course c
       left join ${SCHEMA}.protocol p on p.chain = c.chain and p.code = c.protocol and p.version = c.protocol_version
       ${PERSON_END}
       where c.chain = $1 and c.id = $2`,
      [chain.no, id],
    );
    const [row] = rows;
    if (!row) throw new CourseUnknown(course);
    const [around, consents] = await Promise.all([
      this.surroundings(chain, rows, params.today),
      this.consentsOf(chain, row.state),
    ]);
    return detailView(row, { consents, intervalDays: row.protocol?.intervalDays }, around);
  }

  /** The consents of a course's consultations, as what the person withdrew in others leaves them. */
  private async consentsOf(chain: Chain, course: PlannedCourse): Promise<readonly SignedConsent[]> {
    const consulted = [...(course.formerConsultationIds ?? []), course.consultationId];
    const { rows } = await this.db.query<{ consents: SignedConsent[] | null; withdrawn: PersonsWithdrawal[] | null }>(
      `with recursive person(id) as (
         select $3::uuid union select l.other_id from person p
         join ${SCHEMA}.patient_link l on l.chain = $1 and l.patient_id = p.id
       )
       select k.state -> 'consents' as consents, null::json as withdrawn
       from unnest($2::uuid[]) with ordinality as w(id, n) join ${SCHEMA}.consultation k on k.chain = $1 and k.id = w.id
       union all
       select null, w.state from person p join ${SCHEMA}.withdrawal w on w.chain = $1 and w.id = p.id`,
      [chain.no, consulted, course.patientId],
    );
    return afterWithdrawals(
      rows.flatMap(({ consents }) => consents ?? []),
      rows.flatMap(({ withdrawn }) => withdrawn ?? []),
    );
  }

  /** What these courses are shown with. */
  async surroundings(
    chain: Chain,
    rows: readonly Pick<Row, 'state'>[],
    today: LocalDate | undefined,
  ): Promise<Surroundings> {
    const practitioners = rows.flatMap(({ state }) => [
      state.practitionerId,
      ...state.sessions.flatMap(practitionersOf),
    ]);
    return {
      sites: await this.people.sites(chain),
      patient: await this.people.patients(
        chain,
        rows.map(({ state }) => state.patientId),
      ),
      practitioner: await this.people.practitioners(chain, practitioners),
      now: await this.chains.now(chain),
      today,
    };
  }
}

/** Everybody who had a hand in a session. */
const practitionersOf = (session: CourseSession): Id[] => [
  session.practitionerId,
  ...(session.status === 'performed' && session.orderedBy ? [session.orderedBy] : []),
  ...(session.status === 'performed' ? (session.steps ?? []).map(({ practitionerId }) => practitionerId) : []),
];

/** A course with its sessions and follow-ups. */
export function detailView(
  row: Row,
  { consents, intervalDays: interval }: CourseTerms,
  around: Surroundings,
): CourseDetail {
  const site = (siteId: Id) => siteRef(siteIn(around.sites, siteId));
  const { choices } = row.state;
  return {
    ...progressView(row, around),
    revision: row.revision,
    consent: consentView(consents, row.state.protocol.code),
    intervalDays: interval ? { min: interval.min, max: interval.max } : null,
    sessions: sessionViews(row.state, row.derived, site, around.practitioner),
    followUps: followUpViews(row.state, row.derived, site),
    plan: {
      areas: choices?.areas ? [...choices.areas] : null,
      products: choices?.products ? [...choices.products] : null,
      device: (choices?.device ?? null) as CourseDetail['plan']['device'],
      intervalDays: choices?.intervalDays ?? null,
    },
    consultationId: row.state.consultationId,
  };
}

/** Under which a course is carried out. */
export interface CourseTerms {
  readonly consents: readonly SignedConsent[];
  /** Undefined while the protocol is not known. */
  readonly intervalDays: Protocol['intervalDays'] | undefined;
}

export function progressView(row: Row, { sites, patient, practitioner, now, today }: Surroundings): CourseProgress {
  const { state, derived } = row;
  const site = siteIn(sites, state.siteId);
  const date = today ?? localDateAt(now, site.timeZone);
  const maintained = !row.erased;
  return {
    id: row.id,
    course: row.code,
    patient: patient(state.patientId),
    site: siteRef(site),
    practitioner: practitioner(state.practitionerId),
    protocol: state.protocol.code,
    protocolVersion: state.protocol.version,
    planned: state.plannedSessions,
    performed: derived.performed,
    maintenancePerformed: derived.maintenancePerformed,
    status: state.status,
    first: derived.first,
    last: derived.last,
    nextEarliest: derived.nextEarliest,
    maintenance: maintained ? windowOn(windowOf(row.window_opens, row.window_closes), row.ends_on, date) : null,
    suggestedCourse: maintained
      ? suggestionOn(windowOf(row.suggested_opens, row.suggested_closes), row.ends_on, date)
      : null,
    deviations: derived.deviations,
    reviews: derived.reviews.length,
    lastingReactions: derived.lasting.length,
    lapsingSince: derived.lapsesAfter !== null && date > derived.lapsesAfter ? derived.lapsesAfter : null,
    booked: bookedView(state, sites, now, today),
  };
}

const windowOf = (opens: LocalDate | null, closes: LocalDate | null) =>
  opens !== null && closes !== null ? { opens, closes } : null;

/** The next one to come; what was booked for a time that has passed, and never recorded, is no appointment any more. */
function bookedView(
  state: PlannedCourse,
  sites: ReadonlyMap<Id, NamedSite>,
  now: Instant,
  today: LocalDate | undefined,
): CourseProgress['booked'] {
  const [next] = bookedSessions(state)
    .flatMap((session) => (session.bookedFor ? [{ ...session, at: session.bookedFor }] : []))
    .filter(({ at }) => (today === undefined ? at.instant >= now : at.wall.slice(0, 10) >= today))
    .sort((a, b) => (a.at.instant < b.at.instant ? -1 : 1));
  return next ? { sessionId: next.sessionId, at: next.at.wall, site: siteRef(siteIn(sites, next.siteId)) } : null;
}

function consentView(consents: readonly SignedConsent[], procedure: string): CourseDetail['consent'] {
  const [latest] = consents
    .filter((consent) => consent.procedure === procedure && consent.withdrawnAt === null)
    .map(({ signedOn }) => signedOn)
    .sort()
    .reverse();
  return latest === undefined ? null : { signedOn: latest };
}
