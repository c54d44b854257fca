import type { Id } from '#libs/kernel/src/ids.js';
import { readTogether } from '#libs/projections/src/combined.statement.js';
import type { Accumulation, Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { CONSULTATION_EVENTS } from '../../consultation/consultation.events.js';
import { LOT_EVENTS } from '../../lot/lot.events.js';
import { PRACTITIONER_EVENTS } from '../../practitioner/practitioner.events.js';
import { PatientLinked, PatientUnlinked } from '../../patient/patient.events.js';
import { PROTOCOL_EVENTS } from '../../protocol/protocol.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { COURSE_EVENTS } from '../course.events.js';
import { asWritten, COURSE_ROWS_DDL, CourseRows, type FoldedCourse } from '../course-rows.js';
import { ABOUT_HEALTH } from './course-facts.js';
import { CourseLots } from './course-lots.js';
import { judgeCourse } from './course-progress.rules.js';
import { CourseReferences, REFERENCES_DDL, type UnsavedFacts } from './course-references.js';

export const COURSE_PROGRESS = { name: 'course_progress', version: 5 } as const;

const types: readonly string[] = [
  ...[...COURSE_EVENTS, ...LOT_EVENTS, ...PRACTITIONER_EVENTS, ...CONSULTATION_EVENTS, ...PROTOCOL_EVENTS].map(
    ({ type }) => type,
  ),
  ...ABOUT_HEALTH,
  PatientLinked.type,
  PatientUnlinked.type,
];

/**
 * Where each course stands, with its deviations, and which lots were used. Deviations are never in an event: they
 * follow from all facts of the log, whatever order those came in. A page therefore judges the courses that its own
 * events are about together with those that a late lot, credential, consent or answer touches, each once.
 */
export class CourseProgressProjection implements Projection {
  readonly name = COURSE_PROGRESS.name;
  readonly version = COURSE_PROGRESS.version;
  readonly ddl = `${COURSE_ROWS_DDL}\n${REFERENCES_DDL}
    -- Of those that wait for a person, who are few.
    create index course_review on course (chain, sort_key) where jsonb_array_length(derived -> 'reviews') > 0;
    create index course_lasting on course (chain, sort_key) where jsonb_array_length(derived -> 'lasting') > 0;`;
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

/** Courses that are judged and written in one statement: some 50 ms, for which this process does nothing else. */
const WRITTEN_TOGETHER = 250;

/** Types that find courses in the table by what is written with them. */
const ABOUT_OTHERS: ReadonlySet<string> = new Set([...LOT_EVENTS, ...PROTOCOL_EVENTS].map(({ type }) => type));

/**
 * The courses that some pages are about, and what those say about others: folded in memory, judged and written at the
 * end. What is evicted is written while further pages are folded, so that neither the database nor this process waits
 * for the other.
 */
class CoursesOfPages implements Accumulation {
  private readonly courses = new Map<Id, FoldedCourse>();
  private facts: UnsavedFacts;
  /** Courses whose rows may not be there yet. */
  private writing: ReadonlyMap<Id, FoldedCourse> = new Map();
  private written: Promise<void> = Promise.resolve();

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
    // They find courses by their rows.
    if (page.some(({ type }) => ABOUT_OTHERS.has(type))) await this.written;
    for (const [id, course] of await rows.fold(tx, chain, page, { get: (id) => this.unsaved(id) })) {
      // Set anew, so that the map begins with those that nothing has happened to for longest.
      this.courses.delete(id);
      this.courses.set(id, course);
    }
    for (const id of await rows.publish(tx, chain, page)) this.facts.touched.add(id);
    await references.record(this.context, page, this.facts);
  }

  async evict(): Promise<void> {
    this.written = this.write(await this.taken(Math.ceil(this.courses.size / 4)));
    // Whoever comes next is told.
    this.written.catch(() => undefined);
  }

  async flush(): Promise<void> {
    this.written = this.write(await this.taken(this.courses.size));
    await this.written;
  }

  private unsaved(id: Id): FoldedCourse | undefined {
    const course = this.courses.get(id);
    if (course) return course;
    const leaving = this.writing.get(id);
    return leaving && asWritten(leaving);
  }

  /**
   * Writes what is known of others.
   * @returns the courses in the table that it touches, and the first of those in memory, which are there no longer
   */
  private async taken(count: number): Promise<ReadonlyMap<Id, FoldedCourse>> {
    await this.written;
    const { tx, chain } = this.context;
    const touched = await this.stores.references.save(this.context, this.facts);
    this.facts = this.stores.references.unsaved();
    const unchanged = new Set([...touched].filter((id) => !this.courses.has(id)));
    const courses = await this.stores.rows.load(tx, chain, unchanged);
    for (const [id, course] of this.courses) {
      if (count === 0) break;
      count -= 1;
      courses.set(id, course);
      this.courses.delete(id);
    }
    return courses;
  }

  private async write(courses: ReadonlyMap<Id, FoldedCourse>): Promise<void> {
    if (courses.size === 0) return;
    this.writing = courses;
    const { tx, chain } = this.context;
    const { rows, references, lots } = this.stores;
    const all = [...courses];
    const states = all.map(([, { state }]) => state);
    const protocolOf = await rows.protocolsOf(tx, chain, courses.values());
    const [codes, ...facts] = await readTogether(tx, [
      rows.readCodes(chain, courses.keys()),
      ...references.reads(chain, states),
    ]);
    const worldOf = await references.worldsOf(this.context, protocolOf, facts);
    await lots.forgetUse(
      tx,
      chain,
      all.flatMap(([, { reworked }]) => reworked),
    );
    let saved = Promise.resolve();
    for (let from = 0; from < all.length; from += WRITTEN_TOGETHER) {
      const some = all.slice(from, from + WRITTEN_TOGETHER);
      const judged = new Map(
        some.map(([id, { state: course }]) => {
          const world = worldOf(course);
          return [id, { course, world, judgement: judgeCourse(course, world) }];
        }),
      );
      const prepared = rows.prepare(some, codes, protocolOf, ({ courseId }) => judged.get(courseId)?.judgement ?? {});
      const use = lots.useOf(chain, judged.values());
      // The database was busy with those before, meanwhile.
      await saved;
      saved = rows.write(tx, chain, prepared, use);
    }
    await saved;
    this.writing = new Map();
  }
}
