/** What a maintenance session is judged by, for those who find a time for it: the same as when staff book one. */
export { ConsentWithdrawn } from './consultation/consultation.events.js';
export { CONTACT_EVENTS } from './contact/contact.events.js';
export { bookingWorld } from './course/booking-world.js';
export { courseWindow, endedByDecline, laterCourseBegan, lastSessionDate } from './course/course-maintenance.js';
export { declinesOver } from './course/course-maintenance.service.js';
export { decideCourse } from './course/course.decider.js';
export { BookingRefused, CourseNotActive } from './course/course.errors.js';
export {
  CourseEntryRetracted,
  CoursePlannedCorrected,
  MaintenanceDeclined,
  MaintenanceResumed,
  SessionPerformed,
  SessionPerformedCorrected,
} from './course/course.events.js';
export { bookedSessions, courseFold, type PlannedCourse } from './course/course.state.js';
export { coursesOf, protocolOfCourse } from './course/session-standing.js';
export { DIRECTORY } from './directory/directory.projection.js';
export { People, siteIn, siteRef } from './directory/people.js';
export { PatientContactPreferenceChanged } from './patient/patient.events.js';
export { endOfPerson, loadPerson, type Person } from './patient/person.js';
export { SITE_DAY } from './site/site-day/site-day.projection.js';
export { SiteOpeningHoursSet, SiteRecallRulesSet } from './site/site.events.js';
export { requireSite } from './site/site.service.js';
