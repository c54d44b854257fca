/**
 * The streams of this library for those who decide from them: their names, their events and how they fold. Reading is
 * all that others may do with them; what they want written they ask of the slices' commands, but for maintenance, which
 * the engine proposes.
 */
export { type ConsultationEvent, consultationStream } from './consultation/consultation.events.js';
export { consultationFold, type ConsultationState } from './consultation/consultation.state.js';
export {
  COURSE_EVENTS,
  type CourseEvent,
  type CourseStreamEvent,
  courseStream,
  MaintenanceProposed,
  type SessionKind,
} from './course/course.events.js';
export {
  courseFold,
  type CourseSession,
  type CourseState,
  type OpenSession,
  type PerformedSession,
  performedSessions,
  type PlannedCourse,
} from './course/course.state.js';
export { identitySchema, type Identity, PatientRegistered, patientStream } from './patient/patient.events.js';
export { patientFold, type PatientState } from './patient/patient.state.js';
export { protocolStream } from './protocol/protocol.events.js';
export { protocolFold, versionOf } from './protocol/protocol.state.js';
export {
  type OpeningHours,
  type QuietHours,
  RECALL_RULES_DEFAULT,
  type RecallRules,
  SiteImportedMaintenanceReleased,
  siteStream,
} from './site/site.events.js';
export { PatientOptedIn, PatientOptedOut } from './contact/contact.events.js';
export { decideContact } from './contact/contact.decider.js';
export { siteFold, type SiteState } from './site/site.state.js';
export { applyZoneRules } from './course/session-zone-rules.decider.js';
export { coursesWithSessionsAfter } from './site/site-day/coming-sessions.query.js';
export { loadStanding, type LotsFound } from './course/session-standing.js';
export { ProductLots } from './consultation/product-lots.query.js';
export type { Finding } from './course/session-finding.js';
export { courseWindow, dateOfSession } from './course/course-maintenance.js';
export {
  PatientDied,
  PatientDiedCorrected,
  PatientEntryRetracted,
  PatientErased,
  PatientLinked,
  PatientMovedAway,
  PatientMovedAwayCorrected,
  PatientRegisteredCorrected,
  PatientReturned,
  PatientReturnedCorrected,
  PatientUnlinked,
} from './patient/patient.events.js';
export { CONSULTATION_EVENTS } from './consultation/consultation.events.js';
export { LOT_EVENTS } from './lot/lot.events.js';
export { PATIENT_EVENTS } from './patient/patient.events.js';
export { PRACTITIONER_EVENTS } from './practitioner/practitioner.events.js';
export { RECALL_EVENTS } from './recall/recall.events.js';
export { REGISTRATIONS_MAX } from './patient/person.js';
