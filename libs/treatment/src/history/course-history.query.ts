import { CourseUnknown } from '../course/course.errors.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { courseStream } from '../course/course.events.js';
import { courseFold } from '../course/course.state.js';
import { type People, siteIn } from '../directory/people.js';
import { entriesAt } from '../patient/patient-timeline/timeline-entry.js';
import type { TimelineItems } from '../patient/patient-timeline/timeline-items.js';
import type { CourseHistory } from './course-history.contract.js';
import { askedHistory, type HistoryParams, unknownThen } from './history.params.js';
import { foldAt, type RecordAt } from './record-at.js';

/** The entries of one course with all that was corrected and taken back, from the log. */
export class CourseHistoryQuery {
  constructor(
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
    private readonly records: RecordAt,
    private readonly items: TimelineItems,
  ) {}

  /**
   * @param course id or code
   * @throws NotFound `course.unknown`, `course.unknown-then`; Invalid `history.known-in-future`
   */
  async of(chain: Chain, course: string, params: HistoryParams): Promise<CourseHistory> {
    const id = await this.references.resolve(chain, 'course', course);
    const stream = courseStream(id);
    const events = await this.records.events(chain, stream);
    const [sites, now] = await Promise.all([this.people.sites(chain), this.chains.now(chain)]);
    const { knownAt } = askedHistory({ knownAt: params.knownAt }, 'UTC', now);
    if (events.length === 0) throw new CourseUnknown(course);
    const { state } = foldAt(events, courseFold, { knownAt });
    if (state.status === 'none') throw unknownThen('course.unknown-then', 'course', params);
    const asked = askedHistory(params, siteIn(sites, state.siteId).timeZone, now);
    const entries = entriesAt([events], asked);
    if (entries.length === 0) throw unknownThen('course.unknown-then', 'course', params);
    const [items, person, reference] = await Promise.all([
      this.items.of(chain, entries, asked, new Map([[stream, events]])),
      this.people.patients(chain, [state.patientId]),
      this.people.courses(chain, [id]),
    ]);
    return { course: reference(id, state.protocol.code), patient: person(state.patientId), items };
  }
}
