/** Where parts of the record belong, for whoever decides who may see them. */
export { PATIENT_SITES } from './patient-sites.projection.js';
export { READ_SCOPE_SCHEMAS } from './read-scope.js';
export { type RecordKind, type RecordScope, RecordScopesQuery } from './record-scopes.query.js';
