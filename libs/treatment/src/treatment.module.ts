import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Database } from '#libs/database/src/database.js';
import { DATABASE } from '#libs/engine/src/engine.module.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { CONSULTATION_HANDLERS } from './consultation/consultation.handlers.js';
import { ConsultationController } from './consultation/consultation.controller.js';
import { ConsultationService } from './consultation/consultation.service.js';
import { CourseProgressQuery } from './course/course-progress/course-progress.query.js';
import { CourseQueriesController } from './course/course-queries.controller.js';
import { COURSE_HANDLERS } from './course/course.handlers.js';
import { CourseController } from './course/course.controller.js';
import { CourseService } from './course/course.service.js';
import { MaintenanceDueQuery } from './course/maintenance-due/maintenance-due.query.js';
import { DirectoryController } from './directory/directory.controller.js';
import { LotsQuery } from './directory/lots.query.js';
import { PatientsQuery } from './directory/patients.query.js';
import { People } from './directory/people.js';
import { PractitionersQuery } from './directory/practitioners.query.js';
import { ProtocolsQuery } from './directory/protocols.query.js';
import { SitesQuery } from './directory/sites.query.js';
import { LOT_HANDLERS } from './lot/lot.handlers.js';
import { LotController } from './lot/lot.controller.js';
import { LotService } from './lot/lot.service.js';
import { PATIENT_HANDLERS } from './patient/patient.handlers.js';
import { PatientController } from './patient/patient.controller.js';
import { PatientQueriesController } from './patient/patient-queries.controller.js';
import { PatientService } from './patient/patient.service.js';
import { PatientTimelineQuery } from './patient/patient-timeline/patient-timeline.query.js';
import { PRACTITIONER_HANDLERS } from './practitioner/practitioner.handlers.js';
import { PractitionerController } from './practitioner/practitioner.controller.js';
import { PractitionerService } from './practitioner/practitioner.service.js';
import { ProtocolService } from './protocol/protocol.service.js';
import { References } from '#libs/cqrs/src/references.js';
import { SITE_HANDLERS } from './site/site.handlers.js';
import { SiteController } from './site/site.controller.js';
import { SiteDayQuery } from './site/site-day/site-day.query.js';
import { SiteService } from './site/site.service.js';

/** Queries stand on the database itself, which is an interface and so has no class to be injected by. */
const QUERIES = [
  {
    provide: People,
    inject: [DATABASE, ExternalCodes, Boxes],
    useFactory: (db: Database, codes: ExternalCodes, boxes: Boxes) => new People(db, codes, boxes),
  },
  ...[CourseProgressQuery, MaintenanceDueQuery, SiteDayQuery].map((query) => ({
    provide: query,
    inject: [DATABASE, Chains, References, People],
    useFactory: (db: Database, chains: Chains, references: References, people: People) =>
      new query(db, chains, references, people),
  })),
  {
    provide: PatientTimelineQuery,
    inject: [DATABASE, References, People],
    useFactory: (db: Database, references: References, people: People) =>
      new PatientTimelineQuery(db, references, people),
  },
  {
    provide: PatientsQuery,
    inject: [DATABASE, Boxes, ExternalCodes, References, MasterKey, People],
    useFactory: (
      db: Database,
      boxes: Boxes,
      codes: ExternalCodes,
      references: References,
      master: MasterKey,
      people: People,
    ) => new PatientsQuery(db, boxes, codes, references, master, people),
  },
  ...[PractitionersQuery, LotsQuery].map((query) => ({
    provide: query,
    inject: [DATABASE, People],
    useFactory: (db: Database, people: People) => new query(db, people),
  })),
  { provide: ProtocolsQuery, inject: [DATABASE], useFactory: (db: Database) => new ProtocolsQuery(db) },
  {
    provide: SitesQuery,
    inject: [DATABASE, MaintenanceDueQuery],
    useFactory: (db: Database, maintenance: MaintenanceDueQuery) => new SitesQuery(db, maintenance),
  },
];

/** Sites, practitioners, patients, lots, protocols, consultations and courses: their commands, queries and routes. */
@Module({
  imports: [CqrsModule],
  controllers: [
    SiteController,
    PractitionerController,
    PatientController,
    LotController,
    ConsultationController,
    CourseController,
    CourseQueriesController,
    PatientQueriesController,
    DirectoryController,
  ],
  providers: [
    { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
    SiteService,
    PractitionerService,
    PatientService,
    LotService,
    ProtocolService,
    ConsultationService,
    CourseService,
    ...SITE_HANDLERS,
    ...PRACTITIONER_HANDLERS,
    ...PATIENT_HANDLERS,
    ...LOT_HANDLERS,
    ...CONSULTATION_HANDLERS,
    ...COURSE_HANDLERS,
    ...QUERIES,
  ],
})
export class TreatmentModule {}
