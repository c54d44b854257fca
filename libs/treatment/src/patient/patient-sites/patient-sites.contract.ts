/** Where parts of the record belong, for whoever decides who may see them. */
export { PATIENT_SITES } from './patient-sites.projection.js';
export { type RecordKind, type RecordScope, RecordScopesQuery } from './record-scopes.query.js';
