/**
 * What an old history is recorded as: the very events of live work. For the import, which records what already happened
 * and so asks no decider; everybody else uses the slices' commands.
 */
export {
  ConsentSigned,
  ConsultationConcluded,
  ConsultationHeld,
  consultationStream,
} from './consultation/consultation.events.js';
export {
  adverseEventKindSchema,
  CourseCompleted,
  CoursePlanned,
  CourseStopped,
  courseStream,
  deviceSchema,
  FollowUpHeld,
  reactionSchema,
  SessionBooked,
  SessionCancelled,
  sessionKindSchema,
  SessionMissed,
  SessionPerformed,
  severitySchema,
  usedProductSchema,
} from './course/course.events.js';
export { LotReceived, lotStream } from './lot/lot.events.js';
export { channelSchema, CourseEntered, PatientRegistered, patientStream, sexSchema } from './patient/patient.events.js';
export {
  CredentialGranted,
  PractitionerRegistered,
  practitionerRoleSchema,
  practitionerStream,
} from './practitioner/practitioner.events.js';
export { QUIET_HOURS_DEFAULT, SiteRegistered, siteStream } from './site/site.events.js';
