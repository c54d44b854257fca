/** What a person has to be told about the record: who is named, which adverse events are open, what a recall touches. */
export { OpenAdverseEvents } from './adverse-event/adverse-events/open-adverse-events.query.js';
export { ADVERSE_EVENT_EVENTS } from './adverse-event/adverse-event.events.js';
export type { AdverseEventState } from './adverse-event/adverse-event.state.js';
export { FollowUpHeld, FollowUpHeldCorrected } from './course/course.events.js';
export { DIRECTORY } from './directory/directory.projection.js';
export { type NamedSite, People, siteIn, siteRef } from './directory/people.js';
export type { PatientEvent } from './patient/patient.events.js';
export { practitionerStream } from './practitioner/practitioner.events.js';
export { PractitionerUnknown } from './practitioner/practitioner.errors.js';
export { practitionerFold } from './practitioner/practitioner.state.js';
export { type RecallEvent, type RecallStreamEvent, recallStreamOf } from './recall/recall.events.js';
export { recallFold, type RecallState } from './recall/recall.state.js';
export { type ActiveRecall, RecallSites, type TouchedSite } from './recall/lot-trace/recall-sites.query.js';
