import type { Id } from '#libs/kernel/src/ids.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { CONSULTATION_EVENTS } from '../../consultation/consultation.events.js';
import { LOT_EVENTS } from '../../lot/lot.events.js';
import { PatientHealthRecorded, PatientRegistered } from '../../patient/patient.events.js';
import { PRACTITIONER_EVENTS } from '../../practitioner/practitioner.events.js';
import { PROTOCOL_EVENTS } from '../../protocol/protocol.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { COURSE_EVENTS } from '../course.events.js';
import { COURSE_ROWS_DDL, CourseRows } from '../course-rows.js';
import { CourseLots } from './course-lots.js';
import { judgeCourse } from './course-progress.rules.js';
import { CourseReferences, REFERENCES_DDL } from './course-references.js';

export const COURSE_PROGRESS = { name: 'course_progress', version: 1 } as const;

const types = [
  ...COURSE_EVENTS,
  ...LOT_EVENTS,
  ...PRACTITIONER_EVENTS,
  ...CONSULTATION_EVENTS,
  ...PROTOCOL_EVENTS,
  PatientRegistered,
  PatientHealthRecorded,
].map(({ type }) => type);

/**
 * Where each course stands, with its deviations, and which lots were used. Deviations are never in an event: they
 * follow from all facts of the log, whatever order those came in. A page therefore judges the courses that its own
 * events are about together with those that a late lot, credential, consent or answer touches, each once.
 */
export class CourseProgressProjection implements Projection {
  readonly name = COURSE_PROGRESS.name;
  readonly version = COURSE_PROGRESS.version;
  readonly ddl = `${COURSE_ROWS_DDL}\n${REFERENCES_DDL}`;
  readonly types: ReadonlySet<string> = new Set(types);

  private readonly rows = new CourseRows();
  private readonly references = new CourseReferences();
  private readonly lots = new CourseLots();

  async apply(context: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const { tx, chain } = context;
    const page = events as readonly SealedEvent<TreatmentEvent>[];
    const courses = await this.rows.fold(tx, chain, page);
    const touched = new Set<Id>([
      ...(await this.rows.publish(tx, chain, page)),
      ...(await this.references.record(context, page)),
    ]);
    const unchanged = new Set([...touched].filter((id) => !courses.has(id)));
    for (const [id, course] of await this.rows.load(tx, chain, unchanged)) courses.set(id, course);
    if (courses.size === 0) return;

    const protocolOf = await this.rows.protocolsOf(tx, chain, courses.values());
    const states = [...courses.values()].map(({ state }) => state);
    const worldOf = await this.references.worldsOf(context, states, protocolOf);
    const judged = new Map(
      states.map((course) => {
        const world = worldOf(course);
        return [course.courseId, { course, world, judgement: judgeCourse(course, world) }];
      }),
    );
    await this.rows.save(tx, chain, courses, protocolOf, ({ courseId }) => judged.get(courseId)?.judgement ?? {});
    await this.lots.saveUse(tx, chain, [...judged.values()]);
  }
}
