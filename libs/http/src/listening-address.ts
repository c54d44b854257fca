import { Refused } from '#libs/kernel/src/errors.js';

export const LOOPBACK = '127.0.0.1';

/**
 * Nobody signs in yet, so whoever can reach the address may read and write everything: it must be this machine alone.
 * @throws Refused `address.not-loopback` for any address but 127.0.0.1
 */
export function assertLoopback(host: string): void {
  if (host === LOOPBACK) return;
  throw new Refused(
    'address.not-loopback',
    `Will not listen on ${JSON.stringify(host)}: without sign-in everybody who reaches it could read every patient. ` +
      `Listen on ${LOOPBACK}; for others, put a proxy that signs people in before it.`,
    { data: { host, allowed: [LOOPBACK] } },
  );
}

/** @throws Refused `address.port` for anything but a number from 0 (any free port) to 65535 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Refused('address.port', `PORT must be a number from 0 to 65535, not ${JSON.stringify(text.slice(0, 40))}.`);
}
