/** What a replay of courses under another protocol looks at: where they stand, and how they are judged. */
export {
  type CourseJudgement,
  type CourseWorld,
  judgeCourse,
} from './course/course-progress/course-progress.rules.js';
export { intervalDaysOf } from './course/course-days.rules.js';
export { COURSE_PROGRESS } from './course/course-progress/course-progress.projection.js';
export { CourseReferences } from './course/course-progress/course-references.js';
export { courseWindow, dateOfSession, suggestedCourse, windowToBeSet } from './course/course-maintenance.js';
export { deviationKindSchema, type DeviationKind } from './course/course.events.js';
export { ENDS_ON, PERSON_END } from './course/maintenance-due/maintenance-end.js';
export { MAINTENANCE_DUE } from './course/maintenance-due/maintenance-due.projection.js';
export type { SessionFacts } from './course/session-finding.js';
export { device as deviceFindings, steps as stepFindings } from './course/session-protocol.rules.js';
export { bookedSessions, performedSessions, type PerformedSession, type PlannedCourse } from './course/course.state.js';
export { DIRECTORY } from './directory/directory.projection.js';
export { People } from './directory/people.js';
export { DraftUnknown, ProtocolUnknown } from './protocol/protocol.errors.js';
export { draftFold } from './protocol/protocol-draft.state.js';
export { draftStream } from './protocol/protocol.events.js';
export { isSameJson } from './protocol/same-json.js';
