/** What the routes of evidence stand on: `@Inject(EVIDENCE) evidence: Evidence`. */
export const EVIDENCE = Symbol('evidence');
