import type { Id } from '#libs/kernel/src/ids.js';
import { readTogether } from '#libs/projections/src/combined.statement.js';
import {
  type Accumulation,
  late,
  type LateEvent,
  type Projection,
  type ProjectionContext,
  type SealedEvent,
} from '#libs/projections/src/projection.js';
import { inTurn } from '#libs/projections/src/statements-in-turn.js';
import { LOT_EVENTS } from '../../lot/lot.events.js';
import { PRACTITIONER_EVENTS } from '../../practitioner/practitioner.events.js';
import { ConsentWithdrawalsEntered, PatientLinked, PatientUnlinked } from '../../patient/patient.events.js';
import { RECALL_EVENTS } from '../../recall/recall.events.js';
import { PROTOCOL_EVENTS } from '../../protocol/protocol.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { COURSE_EVENTS } from '../course.events.js';
import {
  type CodeRow,
  COURSE_ROWS_DDL,
  COURSE_ROWS_OF,
  courseOf,
  CourseRows,
  type FoldedCourse,
  isOfCourse,
  type Protocols,
} from '../course-rows.js';
import type { PlannedCourse } from '../course.state.js';
import { ABOUT_CONSENTS, ABOUT_HEALTH } from './course-facts.js';
import { CourseLots, type LotPlace } from './course-lots.js';
import { type CourseWorld, judgeCourse } from './course-progress.rules.js';
import { CourseReferences, REFERENCES_DDL, REFERENCES_ROWS, type UnsavedFacts } from './course-references.js';

export const COURSE_PROGRESS = { name: 'course_progress', version: 8 } as const;

const types: readonly string[] = [
  ...[...COURSE_EVENTS, ...LOT_EVENTS, ...RECALL_EVENTS, ...PRACTITIONER_EVENTS, ...PROTOCOL_EVENTS].map(
    ({ type }) => type,
  ),
  ...ABOUT_CONSENTS,
  ...ABOUT_HEALTH,
  ConsentWithdrawalsEntered.type,
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
  readonly rowsOf = {
    ...COURSE_ROWS_OF,
    ...REFERENCES_ROWS,
    session_use: { site: 'site_id', patient: 'patient_id' },
  } as const;
  readonly types: ReadonlySet<string> = new Set(types);

  private readonly stores: Stores = {
    rows: new CourseRows(),
    references: new CourseReferences(),
    lots: new CourseLots(),
  };

  async apply(context: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = this.accumulate(context);
    await page.add(events.map(late));
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

/** Courses that are judged and written in one statement: some 20 ms, for which this process does nothing else. */
const WRITTEN_TOGETHER = 64;

/** Types that find courses in the table by what is written with them. */
const ABOUT_OTHERS: ReadonlySet<string> = new Set(
  [...LOT_EVENTS, ...RECALL_EVENTS, ...PROTOCOL_EVENTS].map(({ type }) => type),
);

/** Events of a course that its row does not have yet. */
interface Waiting {
  readonly events: LateEvent[];
  /** The page that the latest of them was in. */
  page: number;
}

/** A course with the events that its row does not have yet; none: it is judged anew as it stands. */
type Unwritten = readonly [Id, readonly LateEvent[]];

/**
 * The courses that some pages are about, and what those say about others. Events wait as they are stored until the
 * course is written, and are read and folded then: what lives for so short a time costs the garbage collector nothing.
 * What is evicted is written while further pages are added, so that neither the database nor this process waits for the
 * other.
 */
class CoursesOfPages implements Accumulation {
  private readonly waiting = new Map<Id, Waiting>();
  private waitingEvents = 0;
  private page = 0;
  private facts: UnsavedFacts;
  /** Lots of which something was used, wasted or received by these pages: what is left of them is counted at the end. */
  private readonly recount = new Map<string, LotPlace>();
  /** Courses with a session that was said anew, and had taken more of a lot than was left. */
  private readonly rejudged = new Set<Id>();
  private written: Promise<void> = Promise.resolve();
  private readonly context: ProjectionContext;

  constructor(
    context: ProjectionContext,
    private readonly stores: Stores,
  ) {
    // Pages are added while others are written.
    const tx = inTurn(context.tx);
    this.context = { ...context, tx, boxes: context.boxes.within(tx) };
    this.facts = stores.references.unsaved();
  }

  /** What is known of a consultation or a patient is about as much as an event. */
  get size(): number {
    const { consultations, patients, touched } = this.facts;
    return this.waitingEvents + touched.size + consultations.size + patients.size;
  }

  async add(events: readonly LateEvent[]): Promise<void> {
    const { tx, chain } = this.context;
    const { rows, references } = this.stores;
    this.page += 1;
    const others: SealedEvent<TreatmentEvent>[] = [];
    for (const event of events) {
      if (isOfCourse(event)) this.keep(event);
      else others.push(event.read() as SealedEvent<TreatmentEvent>);
    }
    // They find courses by their rows.
    if (others.some(({ type }) => ABOUT_OTHERS.has(type))) await this.written;
    for (const id of await rows.publish(tx, chain, others)) this.facts.touched.add(id);
    await references.record(this.context, others, this.facts);
  }

  async evict(): Promise<void> {
    // Whose writing sets most free, and who may have come to an end. By age alone up to a third more rows are written, those
    // of courses that wait for maintenance with two events.
    const weight = ({ events, page }: Waiting) => events.length * (this.page + 1 - page);
    const heaviest = [...this.waiting].sort(([, a], [, b]) => weight(b) - weight(a));
    const most = this.waitingEvents / 4;
    let count = 0;
    const some = heaviest.filter(([, { events }]) => {
      const isTaken = count < most;
      count += isTaken ? events.length : 0;
      return isTaken;
    });
    this.written = heard(this.write(await this.taken(some)));
  }

  async flush(): Promise<void> {
    this.written = this.write(await this.taken([...this.waiting]));
    await this.written;
    await this.overdraw();
  }

  private counted(lots: Iterable<LotPlace>): void {
    // U+0000 is in no stored text.
    for (const lot of lots) this.recount.set([lot.site_id, lot.product, lot.lot_number].join('\0'), lot);
  }

  /** A session may be told only by the others that used its lot whether there was enough of it, and these are written now. */
  private async overdraw(): Promise<void> {
    const { tx, chain } = this.context;
    const changed = await this.stores.lots.recount(tx, chain, [...this.recount.values()]);
    const touched = new Set([...changed, ...this.rejudged]);
    this.rejudged.clear();
    this.written = this.write([...touched].map((id) => [id, []]));
    await this.written;
    // They are judged by it, and change nothing about it.
    this.recount.clear();
  }

  private keep(event: LateEvent): void {
    const id = courseOf(event);
    const waiting = this.waiting.get(id);
    if (waiting) {
      waiting.events.push(event);
      waiting.page = this.page;
    } else this.waiting.set(id, { events: [event], page: this.page });
    this.waitingEvents += 1;
  }

  /**
   * Writes what is known of others.
   * @returns the courses in the table that it touches, and some of those that wait, which do so no longer
   */
  private async taken(some: readonly (readonly [Id, Waiting])[]): Promise<Unwritten[]> {
    await this.written;
    const touched = await this.stores.references.save(this.context, this.facts);
    this.counted(this.facts.recount);
    this.facts = this.stores.references.unsaved();
    const unwritten: Unwritten[] = [];
    for (const id of touched) if (!this.waiting.has(id)) unwritten.push([id, []]);
    for (const [id, { events }] of some) {
      unwritten.push([id, events]);
      this.waiting.delete(id);
      this.waitingEvents -= events.length;
    }
    return unwritten;
  }

  /**
   * Some at a time: while the database writes them, the next ones are read, folded and judged.
   * @param unwritten is emptied, so that no event outlives its folding
   */
  private async write(unwritten: Unwritten[]): Promise<void> {
    const begin = () =>
      unwritten.length === 0 ? [] : [heard(this.folded(new Map(unwritten.splice(-WRITTEN_TOGETHER))))];
    const ahead = [...begin(), ...begin()];
    let saved: Promise<void> = Promise.resolve();
    for (let next = ahead.shift(); next; next = ahead.shift()) {
      const some = await next;
      ahead.push(...begin());
      const judged = this.judged(some);
      await saved;
      saved = heard(this.save(judged));
    }
    await saved;
  }

  /** Courses as their events leave them, with what they are judged by. */
  private async folded(unwritten: ReadonlyMap<Id, readonly LateEvent[]>): Promise<FoldedCourses> {
    const { tx, chain } = this.context;
    const { rows, references } = this.stores;
    const courses = await rows.after(tx, chain, unwritten);
    const protocolOf = await rows.protocolsOf(tx, chain, courses.values());
    const states = [...courses.values()].map(({ state }) => state);
    const [codes, ...facts] = await readTogether(tx, [
      rows.readCodes(chain, courses.keys()),
      ...references.reads(chain, states),
    ]);
    // What happened in one course of a person tells on the others, which are judged once all of these pages is written.
    const { [3]: others } = facts;
    const moved = new Set(
      [...courses].flatMap(([id, { state }]) => (unwritten.get(id)?.length ? [state.patientId] : [])),
    );
    for (const { root, id } of others) if (moved.has(root)) this.rejudged.add(id);
    return { courses, codes, protocolOf, worldOf: await references.worldsOf(this.context, protocolOf, facts) };
  }

  /** What is written of courses. Takes no time of the database. */
  private judged({ courses, codes, protocolOf, worldOf }: FoldedCourses) {
    const { rows, lots } = this.stores;
    const judged = new Map(
      [...courses].map(([id, { state: course }]) => {
        const world = worldOf(course);
        return [id, { course, world, judgement: judgeCourse(course, world) }];
      }),
    );
    this.counted(lots.countedIn(judged.values()));
    return {
      reworked: [...courses.values()].flatMap(({ reworked }) => reworked),
      prepared: rows.prepare(courses, codes, protocolOf, ({ courseId }) => judged.get(courseId)?.judgement ?? {}),
      use: lots.useOf(this.context.chain, judged.values()),
    };
  }

  private async save({ reworked, prepared, use }: ReturnType<CoursesOfPages['judged']>): Promise<void> {
    const { tx, chain } = this.context;
    const former = await this.stores.lots.forgetUse(tx, chain, reworked);
    this.counted(former);
    // They were judged by what stood there until now.
    for (const { course_id, overdrawn } of former) if (overdrawn) this.rejudged.add(course_id);
    await this.stores.rows.write(tx, chain, prepared, use);
  }
}

interface FoldedCourses {
  readonly courses: ReadonlyMap<Id, FoldedCourse>;
  readonly codes: readonly CodeRow[];
  readonly protocolOf: Protocols;
  readonly worldOf: (course: PlannedCourse) => CourseWorld;
}

/** A promise that is awaited later: that it fails until then is told to whoever awaits it, and to nobody else. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
