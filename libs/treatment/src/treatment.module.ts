import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { DATABASE, EVENT_STORE, READS } from '#libs/engine/src/engine.module.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { ADVERSE_EVENT_HANDLERS } from './adverse-event/adverse-event.handlers.js';
import { AdverseEventController } from './adverse-event/adverse-event.controller.js';
import { AdverseEventQueriesController } from './adverse-event/adverse-event-queries.controller.js';
import { AdverseEventService } from './adverse-event/adverse-event.service.js';
import { AdverseEventsAtQuery } from './adverse-event/adverse-events/adverse-events-at.query.js';
import { AdverseEventsQuery } from './adverse-event/adverse-events/adverse-events.query.js';
import { ContactController } from './contact/contact.controller.js';
import { CONTACT_HANDLERS } from './contact/contact.handlers.js';
import { ContactService } from './contact/contact.service.js';
import { CONSULTATION_HANDLERS } from './consultation/consultation.handlers.js';
import { ConsultationController } from './consultation/consultation.controller.js';
import { ConsultationEntryService } from './consultation/consultation-entry.service.js';
import { ConsultationQuery } from './consultation/consultation.query.js';
import { ConsultationService } from './consultation/consultation.service.js';
import { ProductLots } from './consultation/product-lots.query.js';
import { CourseProgressQuery } from './course/course-progress/course-progress.query.js';
import { COURSE_MAINTENANCE_HANDLERS } from './course/course-maintenance.handlers.js';
import { CourseMaintenanceController } from './course/course-maintenance.controller.js';
import { CourseMaintenanceService } from './course/course-maintenance.service.js';
import { CourseStandingQuery } from './course/course-standing.query.js';
import { CourseQueriesController } from './course/course-queries.controller.js';
import { COURSE_HANDLERS } from './course/course.handlers.js';
import { CourseController } from './course/course.controller.js';
import { CourseCorrectionService } from './course/course-correction.service.js';
import { CourseService } from './course/course.service.js';
import { MaintenanceDueQuery } from './course/maintenance-due/maintenance-due.query.js';
import { DirectoryController } from './directory/directory.controller.js';
import { LotsQuery } from './directory/lots.query.js';
import { PatientsQuery } from './directory/patients.query.js';
import { People } from './directory/people.js';
import { PractitionersQuery } from './directory/practitioners.query.js';
import { ProtocolsQuery } from './directory/protocols.query.js';
import { SitesQuery } from './directory/sites.query.js';
import { CourseHistoryQuery } from './history/course-history.query.js';
import { CourseWorldAt } from './history/course-world-at.js';
import { CoursesAtQuery } from './history/courses-at.query.js';
import { HistoryController } from './history/history.controller.js';
import { PatientsAtQuery } from './history/patients-at.query.js';
import { RecordAt } from './history/record-at.js';
import { LOT_HANDLERS } from './lot/lot.handlers.js';
import { LotController } from './lot/lot.controller.js';
import { LotService } from './lot/lot.service.js';
import { LotStockQuery } from './lot/lot-stock.query.js';
import { PATIENT_HANDLERS } from './patient/patient.handlers.js';
import { PatientController } from './patient/patient.controller.js';
import { PatientEntryService } from './patient/patient-entry.service.js';
import { PatientQueriesController } from './patient/patient-queries.controller.js';
import { PatientService } from './patient/patient.service.js';
import { PatientTimelineQuery } from './patient/patient-timeline/patient-timeline.query.js';
import { TimelineItems } from './patient/patient-timeline/timeline-items.js';
import { PersonQuery } from './patient/person.query.js';
import { CredentialsQuery } from './practitioner/credentials.query.js';
import { PRACTITIONER_HANDLERS } from './practitioner/practitioner.handlers.js';
import { PractitionerController } from './practitioner/practitioner.controller.js';
import { PractitionerService } from './practitioner/practitioner.service.js';
import { ProtocolController } from './protocol/protocol.controller.js';
import { PROTOCOL_HANDLERS } from './protocol/protocol.handlers.js';
import { ProtocolService } from './protocol/protocol.service.js';
import { LotTraceQuery } from './recall/lot-trace/lot-trace.query.js';
import { RecallController } from './recall/recall.controller.js';
import { RECALL_HANDLERS } from './recall/recall.handlers.js';
import { RecallQueriesController } from './recall/recall-queries.controller.js';
import { RecallService } from './recall/recall.service.js';
import { References } from '#libs/cqrs/src/references.js';
import { SITE_HANDLERS } from './site/site.handlers.js';
import { SiteController } from './site/site.controller.js';
import { SiteDayQuery } from './site/site-day/site-day.query.js';
import { SiteService } from './site/site.service.js';

/** Queries stand on the database itself, which is an interface and so has no class to be injected by. */
const QUERIES = [
  {
    provide: People,
    inject: [READS, ExternalCodes, Boxes],
    useFactory: (reads: Queryable, codes: ExternalCodes, boxes: Boxes) => new People(reads, codes, boxes),
  },
  ...[CourseProgressQuery, MaintenanceDueQuery, SiteDayQuery].map((query) => ({
    provide: query,
    inject: [READS, Chains, References, People],
    useFactory: (reads: Queryable, chains: Chains, references: References, people: People) =>
      new query(reads, chains, references, people),
  })),
  {
    provide: RecordAt,
    inject: [READS, EVENT_STORE, Codec, People],
    useFactory: (reads: Queryable, store: EventStore, codec: Codec, people: People) =>
      new RecordAt(reads, store, codec, people),
  },
  {
    provide: CoursesAtQuery,
    inject: [DATABASE, Chains, References, People, ExternalCodes, RecordAt, CourseProgressQuery],
    useFactory: (
      db: Database,
      chains: Chains,
      references: References,
      people: People,
      codes: ExternalCodes,
      records: RecordAt,
      courses: CourseProgressQuery,
    ) => {
      const worlds = new CourseWorldAt(db, codes, records);
      return new CoursesAtQuery(db, chains, references, people, codes, records, worlds, courses);
    },
  },
  {
    provide: PatientsAtQuery,
    inject: [Chains, References, ExternalCodes, RecordAt],
    useFactory: (chains: Chains, references: References, codes: ExternalCodes, records: RecordAt) =>
      new PatientsAtQuery(chains, references, codes, records),
  },
  {
    provide: CourseHistoryQuery,
    inject: [Chains, References, People, RecordAt, TimelineItems],
    useFactory: (chains: Chains, references: References, people: People, records: RecordAt, items: TimelineItems) =>
      new CourseHistoryQuery(chains, references, people, records, items),
  },
  {
    provide: TimelineItems,
    inject: [People, RecordAt],
    useFactory: (people: People, records: RecordAt) => new TimelineItems(people, records),
  },
  {
    provide: PatientTimelineQuery,
    inject: [READS, Chains, References, People, RecordAt, TimelineItems],
    useFactory: (
      reads: Queryable,
      chains: Chains,
      references: References,
      people: People,
      records: RecordAt,
      items: TimelineItems,
    ) => new PatientTimelineQuery(reads, chains, references, people, records, items),
  },
  {
    provide: PersonQuery,
    inject: [RecordAt, Chains, References, People],
    useFactory: (records: RecordAt, chains: Chains, references: References, people: People) =>
      new PersonQuery(records, chains, references, people),
  },
  {
    provide: AdverseEventsQuery,
    inject: [READS, Chains, References, People, Boxes],
    useFactory: (reads: Queryable, chains: Chains, references: References, people: People, boxes: Boxes) =>
      new AdverseEventsQuery(reads, chains, references, people, boxes),
  },
  {
    provide: AdverseEventsAtQuery,
    inject: [Chains, References, People, RecordAt, AdverseEventsQuery],
    useFactory: (chains: Chains, references: References, people: People, records: RecordAt, now: AdverseEventsQuery) =>
      new AdverseEventsAtQuery(chains, references, people, records, now),
  },
  {
    provide: PatientsQuery,
    inject: [READS, Boxes, ExternalCodes, References, MasterKey, People],
    useFactory: (
      reads: Queryable,
      boxes: Boxes,
      codes: ExternalCodes,
      references: References,
      master: MasterKey,
      people: People,
    ) => new PatientsQuery(reads, boxes, codes, references, master, people),
  },
  ...[PractitionersQuery, LotsQuery, LotTraceQuery].map((query) => ({
    provide: query,
    inject: [READS, People],
    useFactory: (reads: Queryable, people: People) => new query(reads, people),
  })),
  {
    provide: LotStockQuery,
    inject: [CommandRunner, Chains, LotTraceQuery, People],
    useFactory: (runner: CommandRunner, chains: Chains, trace: LotTraceQuery, people: People) =>
      new LotStockQuery(runner, chains, trace, people),
  },
  { provide: ProductLots, inject: [DATABASE], useFactory: (db: Database) => new ProductLots(db) },
  {
    provide: ConsultationQuery,
    inject: [CommandRunner, Chains, People, RecordAt],
    useFactory: (runner: CommandRunner, chains: Chains, people: People, records: RecordAt) =>
      new ConsultationQuery(runner, chains, people, records),
  },
  {
    provide: CredentialsQuery,
    inject: [READS, Chains, References, People, CommandRunner],
    useFactory: (reads: Queryable, chains: Chains, references: References, people: People, runner: CommandRunner) =>
      new CredentialsQuery(reads, chains, references, people, runner),
  },
  { provide: ProtocolsQuery, inject: [DATABASE], useFactory: (db: Database) => new ProtocolsQuery(db) },
  {
    provide: SitesQuery,
    // Counts of every site are for all staff, and no patient stands in them: whoever asks sees the same.
    inject: [DATABASE, Chains, References, People],
    useFactory: (db: Database, chains: Chains, references: References, people: People) =>
      new SitesQuery(db, new MaintenanceDueQuery(db, chains, references, people)),
  },
];

/** Sites, practitioners, patients, lots, protocols, consultations and courses: their commands, queries and routes. */
@Module({
  imports: [CqrsModule],
  controllers: [
    ContactController,
    SiteController,
    PractitionerController,
    PatientController,
    AdverseEventController,
    LotController,
    ProtocolController,
    ConsultationController,
    CourseController,
    CourseMaintenanceController,
    CourseQueriesController,
    HistoryController,
    PatientQueriesController,
    AdverseEventQueriesController,
    DirectoryController,
    RecallController,
    RecallQueriesController,
  ],
  providers: [
    { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
    ContactService,
    SiteService,
    PractitionerService,
    PatientService,
    PatientEntryService,
    AdverseEventService,
    LotService,
    RecallService,
    ProtocolService,
    ConsultationService,
    ConsultationEntryService,
    CourseService,
    CourseCorrectionService,
    CourseStandingQuery,
    CourseMaintenanceService,
    ...CONTACT_HANDLERS,
    ...SITE_HANDLERS,
    ...PRACTITIONER_HANDLERS,
    ...PATIENT_HANDLERS,
    ...ADVERSE_EVENT_HANDLERS,
    ...LOT_HANDLERS,
    ...RECALL_HANDLERS,
    ...PROTOCOL_HANDLERS,
    ...CONSULTATION_HANDLERS,
    ...COURSE_HANDLERS,
    ...COURSE_MAINTENANCE_HANDLERS,
    ...QUERIES,
  ],
})
export class TreatmentModule {}
