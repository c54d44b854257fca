import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Cause, MessageKind } from '../message/message.events.js';

/** A course as the planner finds it again. */
export interface NotedCourse {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly siteId: Id;
  readonly protocol: string;
  readonly waitsForRelease: boolean;
}

/** A message that was planned. */
export interface NotedMessage {
  readonly courseId: Id;
  readonly messageId: Id;
  readonly kind: MessageKind;
  readonly cause: Cause;
  readonly generation: number;
  /** It may still be pending. */
  readonly open: boolean;
}

interface OfCourse {
  readonly chain: Chain;
  readonly courseId: Id;
}

interface NotedRow {
  course_id: Id;
  message_id: Id;
  kind: MessageKind;
  cause: Cause;
  generation: number;
  open: boolean;
}

const notedMessage = ({ course_id: courseId, message_id: messageId, ...row }: NotedRow): NotedMessage => ({
  ...{ courseId, messageId },
  ...row,
});

/** Questions that go together: as many as a process dispatches at a time. */
const COURSES_MAX = 64;

/** What the planner remembers between pages; all of it can be lost and is then found out again from the events. */
export class PlannerNotes {
  private readonly ofCourses = new Coalesce<OfCourse, NotedMessage[]>((of) => this.messagesOfEach(of), COURSES_MAX);

  constructor(private readonly db: Database) {}

  async noteCourses(chain: Chain, courses: readonly NotedCourse[]): Promise<void> {
    if (courses.length === 0) return;
    await this.db.query(
      `insert into messaging_course (chain, course_id, patient_id, site_id, protocol, waits_for_release)
       select $1, * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[])
       on conflict (chain, course_id) do update
         set patient_id = excluded.patient_id, site_id = excluded.site_id, protocol = excluded.protocol,
             waits_for_release = excluded.waits_for_release`,
      [
        chain.no,
        courses.map((each) => each.courseId),
        courses.map((each) => each.patientId),
        courses.map((each) => each.siteId),
        courses.map((each) => each.protocol),
        courses.map((each) => each.waitsForRelease),
      ],
    );
  }

  /** All courses of these patients under these protocols, pairwise. */
  async coursesOf(
    chain: Chain,
    pairs: readonly { readonly patientId: Id; readonly protocol: string }[],
  ): Promise<Id[]> {
    if (pairs.length === 0) return [];
    const { rows } = await this.db.query<{ course_id: Id }>(
      `select c.course_id from messaging_course c
       join (select distinct * from unnest($2::uuid[], $3::text[])) as p(patient_id, protocol) using (patient_id, protocol)
       where c.chain = $1`,
      [chain.no, pairs.map((each) => each.patientId), pairs.map((each) => each.protocol)],
    );
    return rows.map((row) => row.course_id);
  }

  async coursesThatWait(chain: Chain, sites: readonly Id[]): Promise<Id[]> {
    if (sites.length === 0) return [];
    const { rows } = await this.db.query<{ course_id: Id }>(
      'select course_id from messaging_course where chain = $1 and site_id = any($2::uuid[]) and waits_for_release',
      [chain.no, sites],
    );
    return rows.map((row) => row.course_id);
  }

  /** Patients whose streams say something about their end, or name other registrations. */
  async notePersons(chain: Chain, patientIds: readonly Id[]): Promise<void> {
    if (patientIds.length === 0) return;
    await this.db.query(
      `insert into messaging_person (chain, patient_id) select $1, * from unnest($2::uuid[]) on conflict do nothing`,
      [chain.no, patientIds],
    );
  }

  async personsAmong(chain: Chain, patientIds: readonly Id[]): Promise<Id[]> {
    if (patientIds.length === 0) return [];
    const { rows } = await this.db.query<{ patient_id: Id }>(
      'select patient_id from messaging_person where chain = $1 and patient_id = any($2::uuid[])',
      [chain.no, patientIds],
    );
    return rows.map((row) => row.patient_id);
  }

  /** Of whom a key was destroyed: not a note, but asked of the table itself, since nothing is remembered of them. */
  async isErased(chain: Chain, patientId: Id): Promise<boolean> {
    const { rows } = await this.db.query(
      `select 1 from subject_key
       where chain = $1 and subject = $2 and class in ('contact', 'clinical') and destroyed_at is not null limit 1`,
      [chain.no, patientId],
    );
    return rows.length > 0;
  }

  async coursesOfPatients(chain: Chain, patientIds: readonly Id[]): Promise<Id[]> {
    if (patientIds.length === 0) return [];
    const { rows } = await this.db.query<{ course_id: Id }>(
      'select course_id from messaging_course where chain = $1 and patient_id = any($2::uuid[])',
      [chain.no, patientIds],
    );
    return rows.map((row) => row.course_id);
  }

  async messagesOf(chain: Chain, courses: readonly Id[]): Promise<NotedMessage[]> {
    if (courses.length === 0) return [];
    const { rows } = await this.db.query<NotedRow>({
      name: 'planned_messages',
      text: `select course_id, message_id, kind, cause, generation, open from planned_message
             where chain = $1 and course_id = any($2::uuid[])`,
      values: [chain.no, courses],
    });
    return rows.map(notedMessage);
  }

  /** The same of one course; what many ask at the same time goes together. */
  messagesOfCourse(chain: Chain, courseId: Id): Promise<NotedMessage[]> {
    return this.ofCourses.get({ chain, courseId });
  }

  private async messagesOfEach(of: readonly OfCourse[]): Promise<NotedMessage[][]> {
    const { rows } = await this.db.query<NotedRow & { n: number }>({
      name: 'planned_messages_of_each',
      text: `select c.n, p.course_id, p.message_id, p.kind, p.cause, p.generation, p.open
             from unnest($1::int[], $2::uuid[]) with ordinality as c(chain, course_id, n)
             join planned_message p using (chain, course_id)`,
      values: [of.map(({ chain }) => chain.no), of.map(({ courseId }) => courseId)],
    });
    const found: NotedMessage[][] = of.map(() => []);
    for (const { n, ...row } of rows) found[Number(n) - 1]?.push(notedMessage(row));
    return found;
  }

  async noteMessages(chain: Chain, messages: readonly Omit<NotedMessage, 'open'>[]): Promise<void> {
    if (messages.length === 0) return;
    await this.db.query(
      `insert into planned_message (chain, course_id, message_id, kind, cause, generation)
       select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::integer[]) on conflict do nothing`,
      [
        chain.no,
        messages.map((each) => each.courseId),
        messages.map((each) => each.messageId),
        messages.map((each) => each.kind),
        messages.map((each) => JSON.stringify(each.cause)),
        messages.map((each) => each.generation),
      ],
    );
  }

  /** Nothing needs to be suppressed about these any more. */
  async close(chain: Chain, messages: readonly NotedMessage[]): Promise<void> {
    if (messages.length === 0) return;
    await this.db.query(
      `update planned_message set open = false
       where chain = $1 and (course_id, message_id) in (select * from unnest($2::uuid[], $3::uuid[]))`,
      [chain.no, messages.map((each) => each.courseId), messages.map((each) => each.messageId)],
    );
  }
}
