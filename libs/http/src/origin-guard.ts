import type { FastifyRequest } from 'fastify';
import { HttpProblem } from './http-problem.js';

const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/i;
/** What patients follow from a message, and what providers call: all of it proves where it comes from. */
const PUBLIC_PATH = /^\/(?:m|v1\/channels)\//;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A page of some other site, open in a browser on this machine, can reach the loopback address as well. Two ways in are
 * shut here: a foreign name that was made to point to 127.0.0.1 (it shows in Host), and a request across origins that
 * changes something (it shows in Origin and Sec-Fetch-Site). Programs that are no browsers send neither.
 *
 * @param publicHost the name that a proxy before us is reached by
 * @param peopleSignIn without it, only what is meant for everybody is answered under that name
 * @throws HttpProblem 403 `request.foreign-host`, `request.foreign-origin`
 */
export function refuseForeign(
  { headers, method, url }: Pick<FastifyRequest, 'headers' | 'method' | 'url'>,
  publicHost?: string,
  peopleSignIn = false,
): void {
  const host = headers.host ?? '';
  const isPublic = isCalled({ headers }, publicHost) && (peopleSignIn || PUBLIC_PATH.test(url));
  if (!isPublic && !LOCAL_HOST.test(host)) {
    throw new HttpProblem(403, 'request.foreign-host', 'Ask for this server as localhost or 127.0.0.1.', [
      { field: 'Host', message: 'Must be localhost or 127.0.0.1, with or without a port.' },
    ]);
  }
  if (SAFE_METHODS.has(method)) return;
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  const foreign = origin === undefined ? site === 'cross-site' || site === 'same-site' : !isOwn(origin, host);
  if (!foreign) return;
  throw new HttpProblem(403, 'request.foreign-origin', 'A page of another origin may not change anything here.', [
    { field: 'Origin', message: 'Must be the origin of this server.' },
  ]);
}

/** Whether a request came under the public name. */
export const isCalled = ({ headers }: Pick<FastifyRequest, 'headers'>, publicHost: string | undefined): boolean =>
  publicHost !== undefined && (headers.host ?? '').toLowerCase() === publicHost.toLowerCase();

function isOwn(origin: string, host: string): boolean {
  try {
    return new URL(origin).host.toLowerCase() === new URL(`http://${host}`).host.toLowerCase();
  } catch {
    // `null`: a sandboxed page or a file.
    return false;
  }
}
