import type { Chain } from '../../libs/event-store/src/chains.js';
import type { Projection } from '../../libs/projections/src/projection.js';
import { CourseProgressProjection } from '../../libs/treatment/src/course/course-progress/course-progress.projection.js';
import { CourseProgressQuery } from '../../libs/treatment/src/course/course-progress/course-progress.query.js';
import { MaintenanceDueProjection } from '../../libs/treatment/src/course/maintenance-due/maintenance-due.projection.js';
import { MaintenanceDueQuery } from '../../libs/treatment/src/course/maintenance-due/maintenance-due.query.js';
import { DirectoryProjection } from '../../libs/treatment/src/directory/directory.projection.js';
import { LotsQuery } from '../../libs/treatment/src/directory/lots.query.js';
import { PatientsQuery } from '../../libs/treatment/src/directory/patients.query.js';
import { People } from '../../libs/treatment/src/directory/people.js';
import { PractitionersQuery } from '../../libs/treatment/src/directory/practitioners.query.js';
import { ProtocolsQuery } from '../../libs/treatment/src/directory/protocols.query.js';
import { SitesQuery } from '../../libs/treatment/src/directory/sites.query.js';
import { PatientTimelineProjection } from '../../libs/treatment/src/patient/patient-timeline/patient-timeline.projection.js';
import { PatientTimelineQuery } from '../../libs/treatment/src/patient/patient-timeline/patient-timeline.query.js';
import { TimelineItems } from '../../libs/treatment/src/patient/patient-timeline/timeline-items.js';
import { CourseHistoryQuery } from '../../libs/treatment/src/history/course-history.query.js';
import { CourseWorldAt } from '../../libs/treatment/src/history/course-world-at.js';
import { CoursesAtQuery } from '../../libs/treatment/src/history/courses-at.query.js';
import { PatientsAtQuery } from '../../libs/treatment/src/history/patients-at.query.js';
import { RecordAt } from '../../libs/treatment/src/history/record-at.js';
import { References } from '../../libs/cqrs/src/references.js';
import { SiteDayProjection } from '../../libs/treatment/src/site/site-day/site-day.projection.js';
import { SiteDayQuery } from '../../libs/treatment/src/site/site-day/site-day.query.js';
import { TREATMENT_EVENT_TYPES } from '../../libs/treatment/src/treatment.event-types.js';
import { openTestEngine, type StreamOfEvents, type TestEngine } from './test-engine.js';

/** An engine with all read models of treatment and their queries. */
export interface TestReadModels {
  readonly engine: TestEngine;
  readonly works: readonly Projection[];
  /** Appends, and applies everything to every read model in one page. */
  record(chain: Chain, streams: readonly StreamOfEvents[]): Promise<void>;
  readonly courses: CourseProgressQuery;
  readonly maintenance: MaintenanceDueQuery;
  readonly sites: SitesQuery;
  readonly practitioners: PractitionersQuery;
  readonly patients: PatientsQuery;
  readonly lots: LotsQuery;
  readonly protocols: ProtocolsQuery;
  readonly timeline: PatientTimelineQuery;
  readonly coursesAt: CoursesAtQuery;
  readonly patientsAt: PatientsAtQuery;
  readonly courseHistory: CourseHistoryQuery;
  readonly siteDay: SiteDayQuery;
}

export async function openTestReadModels(): Promise<TestReadModels> {
  const engine = await openTestEngine(TREATMENT_EVENT_TYPES);
  const { db, chains, codec, codes, boxes, master, store } = engine;
  const references = new References(codes);
  const people = new People(db, codes, boxes);
  const records = new RecordAt(db, store, codec, people);
  const items = new TimelineItems(people, records);
  const courses = new CourseProgressQuery(db, chains, references, people);
  const maintenance = new MaintenanceDueQuery(db, chains, references, people);
  const works: Projection[] = [
    new DirectoryProjection(master),
    new CourseProgressProjection(),
    new MaintenanceDueProjection(),
    new PatientTimelineProjection(),
    new SiteDayProjection(),
  ];
  await engine.projections(works);
  const applied = new Map<string, number>();
  return {
    engine,
    works,
    record: async (chain, streams) => {
      await engine.append(chain, streams);
      for (const work of works) {
        const place = `${chain.no}/${work.name}`;
        applied.set(place, await engine.apply(work, chain, 2_000, (applied.get(place) ?? 0) + 1));
      }
    },
    courses,
    coursesAt: new CoursesAtQuery(
      db,
      chains,
      references,
      people,
      codes,
      records,
      new CourseWorldAt(db, codes, records),
      courses,
    ),
    patientsAt: new PatientsAtQuery(chains, references, codes, records),
    courseHistory: new CourseHistoryQuery(chains, references, people, records, items),
    maintenance,
    sites: new SitesQuery(db, maintenance),
    practitioners: new PractitionersQuery(db, people),
    patients: new PatientsQuery(db, boxes, codes, references, master, people),
    lots: new LotsQuery(db, people),
    protocols: new ProtocolsQuery(db),
    timeline: new PatientTimelineQuery(db, chains, references, people, records, items),
    siteDay: new SiteDayQuery(db, chains, references, people),
  };
}
