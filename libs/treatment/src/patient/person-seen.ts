import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { dateOfWall, type Instant, localDateAt, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { ConsultationHeld, consultationStream } from '../consultation/consultation.events.js';
import { consultationFold } from '../consultation/consultation.state.js';
import { courseStream, FollowUpHeld, SessionPerformed } from '../course/course.events.js';
import { courseFold } from '../course/course.state.js';
import type { RetentionRules } from '../site/site.events.js';
import { siteStream } from '../site/site.events.js';
import { legalRulesOf, siteFold } from '../site/site.state.js';
import { PATIENT_TIMELINE } from './patient-timeline/patient-timeline.projection.js';
import { courseIdsOf, type Person } from './person.js';

const TIMELINE = `"${schemaOf(PATIENT_TIMELINE)}"`;

/** The last day on which a person was seen at a site, and for how long that site keeps records. */
export interface SeenAt {
  readonly siteId: Id;
  readonly on: LocalDate;
  readonly rules: RetentionRules;
  readonly ageOfMajorityYears: number;
}

/** Entries of a timeline that say that somebody was seen. What the engine writes by itself says nothing of it. */
const SEEN_BY = [ConsultationHeld, SessionPerformed, FollowUpHeld].map(({ type }) => type);

/** The courses and consultations of patients as the timeline knows them: those too that no other stream names. */
export class PatientStreams {
  static readonly reads = [PATIENT_TIMELINE.name] as const;

  constructor(private readonly db: Database) {}

  async of(
    chain: Chain,
    patientIds: readonly Id[],
  ): Promise<{ readonly courseIds: readonly Id[]; readonly consultationIds: readonly Id[] }> {
    const { rows } = await this.db.query<{ course_id: Id | null; consultation_id: Id | null }>(
      `select distinct course_id, consultation_id from ${TIMELINE}.entry
       where chain = $1 and patient_id = any($2::uuid[]) and (course_id is not null or consultation_id is not null)`,
      [chain.no, patientIds],
    );
    return {
      courseIds: [...new Set(rows.flatMap(({ course_id: id }) => id ?? []))],
      consultationIds: [...new Set(rows.flatMap(({ consultation_id: id }) => id ?? []))],
    };
  }

  /**
   * Patients who were seen last before an instant, by their ids; those who were never seen are left out.
   * @param max how many patients are looked at, not how many are found
   * @returns `last` is null when there are no more to look at
   */
  async seenBefore(
    chain: Chain,
    instant: Instant,
    { after, max }: { readonly after: Id | null; readonly max: number },
  ): Promise<{ readonly patientIds: readonly Id[]; readonly last: Id | null }> {
    const { rows } = await this.db.query<{ subject: Id; is_past: boolean }>(
      `select p.subject, coalesce(e.occurred_at < $3, false) as is_past
       from (select distinct k.subject from subject_key k
             where k.chain = $1 and k.class = 'contact' and k.wrapped is not null and ($2::uuid is null or k.subject > $2)
             order by k.subject limit $4) p
       left join lateral (
         select occurred_at from ${TIMELINE}.entry t where t.chain = $1 and t.patient_id = p.subject
           and not t.is_retracted and (t.shown::json ->> 'type') = any($5::text[])
         order by t.occurred_at desc limit 1
       ) e on true
       order by p.subject`,
      [chain.no, after, instant, max, SEEN_BY],
    );
    return {
      patientIds: rows.filter((row) => row.is_past).map(({ subject }) => subject),
      last: rows.length < max ? null : (rows.at(-1)?.subject ?? null),
    };
  }
}

/**
 * When a person was seen last at each site: sessions that were performed, consultations, follow-ups. Whatever is read goes
 * through `reads`, and is guarded.
 */
export async function loadSeen(
  reads: Reads,
  person: Person,
  streams: Pick<PatientStreams, 'of'>,
): Promise<readonly SeenAt[]> {
  const known = await streams.of(
    reads.chain,
    person.patients.map(({ patientId }) => patientId),
  );
  const courseIds = new Set([...courseIdsOf(person), ...known.courseIds]);
  const last = new Map<Id, LocalDate>();
  const saw = (siteId: Id, on: LocalDate) => {
    if ((last.get(siteId) ?? '') < on) last.set(siteId, on);
  };
  const courses = await Promise.all([...courseIds].map((id) => reads.load(courseStream(id), courseFold)));
  const consultationIds = new Set(known.consultationIds);
  for (const { state } of courses) {
    if (state.status === 'none') continue;
    for (const session of state.sessions)
      if (session.status === 'performed') saw(session.siteId, dateOfWall(session.at.wall));
    for (const { siteId, at } of state.followUps) saw(siteId, dateOfWall(at.wall));
    for (const id of [state.consultationId, ...(state.formerConsultationIds ?? [])]) consultationIds.add(id);
  }
  const consultations = await Promise.all(
    [...consultationIds].map((id) => reads.load(consultationStream(id), consultationFold)),
  );
  for (const { state } of consultations) if (state.status !== 'none') saw(state.siteId, state.heldOn);
  return Promise.all(
    [...last].map(async ([siteId, on]) => {
      const { state } = await reads.load(siteStream(siteId), siteFold);
      if (state.status === 'none') throw new Error(`Somebody was seen at ${siteId}, which was never registered`);
      const { ageOfMajorityYears } = legalRulesOf(state, reads.now);
      return { siteId, on, rules: state.retentionRules, ageOfMajorityYears };
    }),
  );
}

/** What day it is at the site that is furthest behind: a period has not ended while it goes on anywhere. */
export const todayFor = (now: Instant): LocalDate => localDateAt(now, 'Etc/GMT+12');
