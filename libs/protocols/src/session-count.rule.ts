import type { Protocol } from './protocol.schema.js';

/** Planned sessions of a course against the protocol's range (S0-N1, S1-N1, S3-N1, S4-N1); an open range has no end. */
export function sessionCountDeviation(protocol: Pick<Protocol, 'sessions'>, planned: number): 'session-count' | null {
  const { min, max } = protocol.sessions;
  return planned < min || (max !== null && planned > max) ? 'session-count' : null;
}
