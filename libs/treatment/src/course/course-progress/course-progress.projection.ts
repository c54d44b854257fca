import type { Id } from '#libs/kernel/src/ids.js';
import type { Accumulation, Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { CONSULTATION_EVENTS } from '../../consultation/consultation.events.js';
import { LOT_EVENTS } from '../../lot/lot.events.js';
import { PatientHealthRecorded, PatientRegistered } from '../../patient/patient.events.js';
import { PRACTITIONER_EVENTS } from '../../practitioner/practitioner.events.js';
import { PROTOCOL_EVENTS } from '../../protocol/protocol.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { COURSE_EVENTS } from '../course.events.js';
import { COURSE_ROWS_DDL, CourseRows, type FoldedCourse } from '../course-rows.js';
import { CourseLots } from './course-lots.js';
import { judgeCourse } from './course-progress.rules.js';
import { CourseReferences, REFERENCES_DDL, type UnsavedFacts } from './course-references.js';

export const COURSE_PROGRESS = { name: 'course_progress', version: 2 } as const;

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

  private readonly stores: Stores = {
    rows: new CourseRows(),
    references: new CourseReferences(),
    lots: new CourseLots(),
  };

  async apply(context: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = this.accumulate(context);
    await page.add(events);
    await page.flush();
  }

  accumulate(context: ProjectionContext): Accumulation {
    return new CoursesOfPages(context, this.stores);
  }
}

interface Stores {
  readonly rows: CourseRows;
  readonly references: CourseReferences;
  readonly lots: CourseLots;
}

/** Courses that are judged and written in one statement: some 5 MB of states. */
const WRITTEN_TOGETHER = 1_000;

/**
 * The courses that some pages are about, and what those say about others: folded in memory, judged and written at the
 * end.
 */
class CoursesOfPages implements Accumulation {
  private readonly courses = new Map<Id, FoldedCourse>();
  private facts: UnsavedFacts;

  constructor(
    private readonly context: ProjectionContext,
    private readonly stores: Stores,
  ) {
    this.facts = stores.references.unsaved();
  }

  /** In courses; what is known of a consultation or a patient is less than an eighth of one. */
  get size(): number {
    const { consultations, patients, touched } = this.facts;
    return this.courses.size + touched.size + (consultations.size + patients.size) / 8;
  }

  async add(events: readonly SealedEvent[]): Promise<void> {
    const { tx, chain } = this.context;
    const { rows, references } = this.stores;
    const page = events as readonly SealedEvent<TreatmentEvent>[];
    for (const [id, course] of await rows.fold(tx, chain, page, this.courses)) {
      // Set anew, so that the map begins with those that nothing has happened to for longest.
      this.courses.delete(id);
      this.courses.set(id, course);
    }
    for (const id of await rows.publish(tx, chain, page)) this.facts.touched.add(id);
    await references.record(this.context, page, this.facts);
  }

  evict(): Promise<void> {
    return this.writeOldest(Math.ceil(this.courses.size / 2));
  }

  flush(): Promise<void> {
    return this.writeOldest(this.courses.size);
  }

  /** Writes what is known of others, the courses in the table that it touches, and the first of those in memory. */
  private async writeOldest(count: number): Promise<void> {
    const { tx, chain } = this.context;
    const touched = await this.stores.references.save(this.context, this.facts);
    this.facts = this.stores.references.unsaved();
    const unchanged = new Set([...touched].filter((id) => !this.courses.has(id)));
    const oldest = [...this.courses].slice(0, count);
    for (const [id] of oldest) this.courses.delete(id);
    const courses = [...(await this.stores.rows.load(tx, chain, unchanged)), ...oldest];
    for (let from = 0; from < courses.length; from += WRITTEN_TOGETHER) {
      await this.write(new Map(courses.slice(from, from + WRITTEN_TOGETHER)));
    }
  }

  private async write(courses: ReadonlyMap<Id, FoldedCourse>): Promise<void> {
    const { tx, chain } = this.context;
    const { rows, references, lots } = this.stores;
    const protocolOf = await rows.protocolsOf(tx, chain, courses.values());
    const states = [...courses.values()].map(({ state }) => state);
    const worldOf = await references.worldsOf(this.context, states, protocolOf);
    const judged = new Map(
      states.map((course) => {
        const world = worldOf(course);
        return [course.courseId, { course, world, judgement: judgeCourse(course, world) }];
      }),
    );
    await rows.save(tx, chain, courses, protocolOf, ({ courseId }) => judged.get(courseId)?.judgement ?? {});
    await lots.saveUse(tx, chain, [...judged.values()]);
  }
}
