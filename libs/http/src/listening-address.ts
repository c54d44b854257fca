import { Refused } from '#libs/kernel/src/errors.js';

export const LOOPBACK = '127.0.0.1';

/**
 * Where nobody signs in, whoever can reach the address may read and write everything: it must be this machine alone.
 * @param peopleSignIn whether they have to
 * @param publicUrl the address under which they come in
 * @throws Refused `address.not-loopback` for any address but 127.0.0.1 where nobody signs in; `address.no-public-url`
 *   where nothing says under which name a request may ask for us
 */
export function assertMayListen(host: string, peopleSignIn: boolean, publicUrl: string | undefined): void {
  if (host === LOOPBACK) return;
  if (!peopleSignIn) {
    throw new Refused(
      'address.not-loopback',
      `Will not listen on ${JSON.stringify(host)}: without sign-in everybody who reaches it could read every patient. ` +
        `Listen on ${LOOPBACK}, or let people sign in: PISTOR_SIGN_IN=passkeys or PISTOR_OIDC_ISSUER.`,
      { data: { host, allowed: [LOOPBACK] } },
    );
  }
  if (publicUrl === undefined) {
    throw new Refused(
      'address.no-public-url',
      `Will not listen on ${JSON.stringify(host)} without the address under which people come in: set PISTOR_PUBLIC_URL.`,
      { data: { host } },
    );
  }
}

/** @throws Refused `address.port` for anything but a number from 0 (any free port) to 65535 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Refused('address.port', `PORT must be a number from 0 to 65535, not ${JSON.stringify(text.slice(0, 40))}.`);
}
