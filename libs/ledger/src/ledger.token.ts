/** The ledger is an interface; it is injected under this token. */
export const LEDGER = Symbol('LEDGER');
