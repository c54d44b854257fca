import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';

/** What `protocol` and `procedures` may name. */
export const PROTOCOL_CODES: readonly string[] = BUILT_IN_PROTOCOLS.map(({ code }) => code);
