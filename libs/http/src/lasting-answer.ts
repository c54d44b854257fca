import type { FastifyRequest } from 'fastify';
import type { Id } from '#libs/kernel/src/ids.js';
import type { HttpDependencies } from './http.dependencies.js';

/**
 * An answer that goes on for as long as its caller listens. The guard has looked once, when it began; who was disabled
 * since, or whose session, key or role has ended, gets no more of it.
 */
export interface LastingAnswer {
  /**
   * Returns where the caller may go on.
   * @param agoMsMax how long ago it may have been looked at last; 0: it is looked at now
   * @throws HttpProblem 401, 403; NotFound for what the caller may not know of any more
   */
  assertGoesOn(agoMsMax?: number): Promise<void>;
  /**
   * Puts on record whose data is about to be sent.
   * @throws Unavailable `reads.unrecorded`: then nothing may be sent
   */
  record(patients: ReadonlySet<Id>): Promise<void>;
}

/** @param operation operation id of OpenAPI */
export function lastingAnswer(
  { access, reads, log }: Pick<HttpDependencies, 'access' | 'reads' | 'log'>,
  request: FastifyRequest,
  operation: string,
): LastingAnswer {
  const { need, correlationId } = request.pistor;
  if (!need) throw new Error(`${operation} was not looked at by the guard`);
  let lookedAt = performance.now();
  return {
    assertGoesOn: async (agoMsMax = 0) => {
      if (performance.now() - lookedAt < agoMsMax) return;
      try {
        request.pistor.principal = await access.admitAgain(request, need);
      } catch (error) {
        const { code } = error as { code?: unknown };
        const asked = { permission: need.may, route: request.routeOptions.url, method: request.method, correlationId };
        const principal = request.pistor.principal?.id ?? null;
        log.warn({ ...asked, principal, code: String(code) }, 'access refused');
        throw error;
      }
      lookedAt = performance.now();
    },
    record: (patients) => reads.record(request, { operation, kind: 'read', at: need.at, patients }),
  };
}
