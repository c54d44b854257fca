import type { Access } from '#libs/http/src/access.js';
import type { Reads } from '#libs/http/src/disclosure.js';
import type { LastingAnswer } from '#libs/http/src/lasting-answer.js';
import { type Principal, ROLES } from '#libs/http/src/principal.js';

/** Somebody to whom nothing is closed, as in a sandbox on one's own machine. */
export const DEMO_PRINCIPAL: Principal = {
  id: 'user:demo',
  kind: 'user',
  name: 'Demo',
  grants: ROLES.filter((role) => role !== 'patient' && role !== 'integration').map((role) => ({ role, site: null })),
  authenticatedAt: '2026-01-01T00:00:00.000Z',
  sessionId: null,
};

/** For tests of the edge alone: everybody is that one. */
export const everybodyIsDemo: Access = {
  principalOf: () => Promise.resolve(DEMO_PRINCIPAL),
  admit: () => Promise.resolve(),
  admitAgain: () => Promise.resolve(DEMO_PRINCIPAL),
  holds: () => Promise.resolve(true),
  readingOf: () => 'everything',
};

/** For tests of the edge alone: whoever listens may listen on. */
export const goesOn: LastingAnswer = { assertGoesOn: () => Promise.resolve(), record: () => Promise.resolve() };

/** For tests of the edge alone: nothing is kept of what is read. */
export const unrecorded: Reads = { record: () => Promise.resolve() };
