/** What libs/erasure needs of this library: who a person is, when they were seen, and the event of their erasure. */
export { PatientErased, patientStream } from './patient/patient.events.js';
export { patientFold, type RegisteredPatient } from './patient/patient.state.js';
export { loadPerson, type Person, REGISTRATIONS_MAX } from './patient/person.js';
export { PatientUnknown } from './patient/patient.errors.js';
export { loadSeen, PatientStreams, type SeenAt, todayFor } from './patient/person-seen.js';
export { RETENTION_RULES_DEFAULT, siteStream } from './site/site.events.js';
export { siteFold } from './site/site.state.js';
