import type { Chain } from '../../libs/event-store/src/chains.js';
import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { type Id, newId } from '../../libs/kernel/src/ids.js';
import { occurredAt } from '../../libs/kernel/src/occurred.js';
import type {
  CourseDetail,
  CourseProgress,
} from '../../libs/treatment/src/course/course-progress/course-progress.contract.js';
import type { CoursesParams } from '../../libs/treatment/src/course/course-progress/course-progress.query.js';
import {
  courseStream,
  SessionPerformed,
  SessionPerformedCorrected,
} from '../../libs/treatment/src/course/course.events.js';
import type { StreamOfEvents } from './test-engine.js';
import { CourseHistory, patient, practitioner, protocols, site } from './treatment-history.js';
import { openTestReadModels, type TestReadModels } from './treatment-read-models.js';

export type Performed = ReturnType<typeof SessionPerformed>['data'];

/** The day on which courses are looked at, unless a test names another. */
export const TODAY = '2024-06-01';

/** What a test about read models of treatment has: the read models of its file, and a chain and people of its own. */
export class ReadModelWorld {
  models!: TestReadModels;
  chain!: Chain;
  /** Whom the courses of a test are about. */
  of!: { readonly site: Id; readonly patient: Id; readonly practitioner: Id };

  /** Appends, and applies everything to every read model in one page. */
  record(streams: readonly StreamOfEvents[]): Promise<void> {
    return this.models.record(this.chain, streams);
  }

  /** The same for events of one stream. */
  say(stream: string, ...events: NewEvent[]): Promise<void> {
    return this.record([{ stream, events }]);
  }

  /** The site, the practitioner and the patient, in order. */
  people(): StreamOfEvents[] {
    return [site(this.of.site), practitioner({ id: this.of.practitioner }), patient(this.of.patient)];
  }

  /** The same, and the protocols by which courses are judged. */
  references(): StreamOfEvents[] {
    return [...protocols(this.chain.id), ...this.people()];
  }

  /** The id of the nth event of a type in a stream, from 0 on. @throws Error where there is none */
  async entryOf(stream: string, type: string, n = 0): Promise<Id> {
    const stored = await this.models.engine.store.readStream(this.chain.id, stream);
    const entry = stored.filter(({ header }) => header.type === type)[n];
    if (!entry) throw new Error(`${stream} has no ${type} ${n}`);
    return entry.header.id;
  }

  /**
   * Records a course with one session.
   * @param changes what of the session is otherwise than `CourseHistory` has it
   */
  async treated(wall: string, changes: Partial<Performed> = {}, patientId = this.of.patient): Promise<CourseHistory> {
    const course = new CourseHistory({ ...this.of, patient: patientId }).performed(wall);
    const data = performedOf(course);
    course.events[course.events.length - 1] = SessionPerformed(occurredAt(data.at), { ...data, ...changes });
    await this.record(course.streams());
    return course;
  }

  /** Says the nth session of a course anew, from 0 on. */
  async correctSession(course: CourseHistory, changes: Partial<Performed>, n = 0): Promise<void> {
    const stream = courseStream(course.id);
    const corrects = await this.entryOf(stream, 'SessionPerformed', n);
    const said = { ...performedOf(course, n), ...changes, corrects, correctionReason: 'misread' };
    await this.say(stream, SessionPerformedCorrected(occurredAt(said.at), said));
  }

  /** A course as the list of courses shows it. */
  async listed(courseId: Id, params: Partial<CoursesParams> = {}): Promise<CourseProgress | undefined> {
    const { items } = await this.models.courses.list(this.chain, { limit: 100, ...params });
    return items.find(({ id }) => id === courseId);
  }

  /** A course as the read model has it. */
  shown({ id }: CourseHistory): Promise<CourseDetail> {
    return this.models.courses.detail(this.chain, id, { today: TODAY });
  }

  /** The same from the log. @param knownAt an instant: as it was known then; without it, as it is known now */
  fromLog({ id }: CourseHistory, knownAt?: string): Promise<CourseDetail> {
    return this.models.coursesAt.detail(this.chain, id, { today: TODAY, ...(knownAt && { knownAt }) });
  }
}

/** What was recorded of the nth session of a course, from 0 on. */
export function performedOf(course: CourseHistory, n = 0): Performed {
  const performed = course.events.filter(({ type }) => type === 'SessionPerformed')[n];
  if (!performed) throw new Error(`The course has no performed session ${n}`);
  return performed.data as Performed;
}

/**
 * Opens read models before the tests of the file that calls it, gives each test a chain and people of its own, and closes
 * them after the last. A `beforeEach` that stands below the call finds them there.
 */
export function readModelWorld(): ReadModelWorld {
  const world = new ReadModelWorld();
  beforeAll(async () => {
    world.models = await openTestReadModels();
  });
  afterAll(() => world.models?.engine.close());
  beforeEach(async () => {
    world.chain = await world.models.engine.newChain();
    world.of = { site: newId(), patient: newId(), practitioner: newId() };
  });
  return world;
}
