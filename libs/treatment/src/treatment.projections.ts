import type { MasterKey } from '#libs/event-store/src/master-key.js';
import type { Projection } from '#libs/projections/src/projection.js';
import { AdverseEventsProjection } from './adverse-event/adverse-events/adverse-events.projection.js';
import { CourseProgressProjection } from './course/course-progress/course-progress.projection.js';
import { MaintenanceDueProjection } from './course/maintenance-due/maintenance-due.projection.js';
import { DirectoryProjection } from './directory/directory.projection.js';
import { patientSitesProjection } from './patient/patient-sites/patient-sites.projection.js';
import { PatientTimelineProjection } from './patient/patient-timeline/patient-timeline.projection.js';
import { LotTraceProjection } from './recall/lot-trace/lot-trace.projection.js';
import { SiteDayProjection } from './site/site-day/site-day.projection.js';

/** The read models of the slices. */
export const treatmentProjections = ({ master }: { readonly master: MasterKey }): Projection[] => [
  new DirectoryProjection(master),
  new CourseProgressProjection(),
  new MaintenanceDueProjection(),
  new PatientTimelineProjection(),
  patientSitesProjection,
  new SiteDayProjection(),
  new LotTraceProjection(),
  new AdverseEventsProjection(),
];
