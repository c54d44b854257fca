import { uuidArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { SealedEvent } from '#libs/projections/src/projection.js';
import { earliestDayAt } from '../../day-anywhere.js';
import { COURSE_EVENTS, type CourseEvent, MaintenanceDeclined, MaintenanceResumed } from '../course.events.js';
import { standingDecline } from '../course-maintenance.js';
import type { FoldedCourse } from '../course-rows.js';

/**
 * What other courses of a person do to the rhythm of one, over all registrations that are linked: a later course under
 * the same protocol ends it, and so does a decline of the maintenance of any of them. Only what one registration cannot
 * know by itself has rows here.
 */
export const PERSON_RHYTHMS_DDL = `
  -- Declines that stand.
  create table decline (
    chain integer not null, course_id uuid not null,
    -- An instant as text, and the date that it was then where it was earliest.
    declined_at text collate "C" not null, declined_on date not null,
    primary key (chain, course_id)
  );
  -- The first day on which the rhythm of a course is no more, by what other courses of the person say.
  create table person_rhythm (chain integer not null, course_id uuid not null, ends_on date not null,
    primary key (chain, course_id));`;

const COURSE_TYPES: ReadonlySet<string> = new Set(COURSE_EVENTS.map(({ type }) => type));
const isCourseEvent = (event: SealedEvent): event is SealedEvent<CourseEvent> => COURSE_TYPES.has(event.type);

export class PersonRhythms {
  /**
   * @param courses of the page, as it left them
   * @param regrouped registrations that a link or its end may have given to another person
   */
  async apply(
    tx: Queryable,
    chain: Chain,
    page: readonly SealedEvent[],
    courses: ReadonlyMap<Id, FoldedCourse>,
    regrouped: ReadonlySet<Id>,
  ): Promise<void> {
    const declined = await this.keepDeclines(tx, chain, page);
    const patients = new Set([...courses.values()].map(({ state }) => state.patientId));
    const touched = new Set([...regrouped, ...(await this.concerned(tx, chain, patients, declined))]);
    if (touched.size > 0) await tx.query(RECKON, [chain.no, uuidArray([...touched])]);
  }

  /** @returns the patients whose declines changed */
  private async keepDeclines(tx: Queryable, chain: Chain, page: readonly SealedEvent[]): Promise<Set<Id>> {
    const now = new Map<Id, Instant | null>();
    const patients = new Set<Id>();
    for (const event of page.filter(isCourseEvent)) {
      const told = event.history as readonly SealedEvent<CourseEvent>[] | undefined;
      if (!told && event.type !== MaintenanceDeclined.type && event.type !== MaintenanceResumed.type) continue;
      const { courseId, patientId } = event.data as { courseId: Id; patientId: Id };
      // A correction or a retraction may be of one of these: what the whole stream says now counts.
      now.set(courseId, standingDecline(told ?? [event]));
      patients.add(patientId);
    }
    if (now.size === 0) return patients;
    const standing = [...now].flatMap(([id, at]) => (at === null ? [] : [{ id, at, on: earliestDayAt(at) }]));
    await tx.query('delete from decline where chain = $1 and course_id = any($2::uuid[])', [
      chain.no,
      uuidArray([...now.keys()]),
    ]);
    if (standing.length > 0) {
      await tx.query(
        `insert into decline (chain, course_id, declined_at, declined_on)
         select $1, r.id, r.at, r.on from jsonb_to_recordset($2::jsonb) as r(id uuid, at text, "on" date)`,
        [chain.no, JSON.stringify(standing)],
      );
    }
    return patients;
  }

  /** Those of some patients to whom the courses of others, or a decline, may matter: most have neither. */
  private async concerned(
    tx: Queryable,
    chain: Chain,
    patients: ReadonlySet<Id>,
    declined: ReadonlySet<Id>,
  ): Promise<Id[]> {
    const ids = [...new Set([...patients, ...declined])];
    if (ids.length === 0) return [];
    const { rows } = await tx.query<{ id: Id }>(
      `select e.id from person_end e
       where e.chain = $1 and e.id = any($2::uuid[]) and cardinality(e.registrations) > 1
       union
       select c.patient_id from decline d join course c on c.chain = d.chain and c.id = d.course_id
       where d.chain = $1 and c.patient_id = any($2::uuid[])`,
      [chain.no, uuidArray(ids)],
    );
    return [...rows.map(({ id }) => id), ...declined];
  }
}

/**
 * Reckons anew for the persons of some registrations. A course is later than another as in `END_RHYTHMS`. A decline ends
 * rhythms as in `endedByDecline`.
 */
const RECKON = `
  with asked as (
    select distinct coalesce(e.registrations, array[a.id]) as registrations
    from unnest($2::uuid[]) as a(id) left join person_end e on e.chain = $1 and e.id = a.id
  ), member as (
    -- Of a link that is told on one side so far, the other side knows nothing yet.
    select distinct on (m.id) registrations[1] as person, m.id from asked, unnest(registrations) as m(id)
    order by m.id, cardinality(registrations) desc
  ), mine as (
    select m.person, c.* from member m join course c on c.chain = $1 and c.patient_id = m.id
  ), reckoned as (
    select x.id, least(
      (select y.first_on from mine y
       where y.person = x.person and y.protocol = x.protocol
         and (y.first_at, y.planned_at, y.sort_key) > (x.first_at, x.planned_at, x.sort_key)
       order by y.first_at, y.planned_at, y.sort_key limit 1),
      (select min(d.declined_on) from mine y join decline d on d.chain = $1 and d.course_id = y.id
       where y.person = x.person and y.protocol = x.protocol and y.id <> x.id and x.first_at <= d.declined_at)
    ) as ends_on
    from mine x
  ), gone as (
    delete from person_rhythm r using reckoned x
    where r.chain = $1 and r.course_id = x.id and x.ends_on is null
  )
  insert into person_rhythm (chain, course_id, ends_on)
  select $1, id, ends_on from reckoned where ends_on is not null
  on conflict (chain, course_id) do update set ends_on = excluded.ends_on`;
