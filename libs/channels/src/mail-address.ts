import { domainToASCII } from 'node:url';

/** RFC 5321, 4.5.3.1. */
const LOCAL_BYTES_MAX = 64;
const ADDRESS_BYTES_MAX = 254;

/**
 * One address: no lists, names, quotes or comments, since a parser of any mail server on the way could read those as
 * further recipients.
 */
const PLAIN = /^([^\s\p{C}<>()[\]\\,;:"@]+)@([^\s\p{C}<>()[\]\\,;:"@]+)$/u;
const DOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9](?:[a-z0-9-]{0,62}))+$/;

/** @returns the address with its domain as DNS knows it; null where it is no address that mail can be sent to */
export function mailAddress(text: string): string | null {
  if (text.length > ADDRESS_BYTES_MAX) return null;
  const [, local, domain] = PLAIN.exec(text.trim().normalize('NFC')) ?? [];
  if (local === undefined || domain === undefined || Buffer.byteLength(local) > LOCAL_BYTES_MAX) return null;
  const ascii = domainToASCII(domain);
  const address = `${local}@${ascii}`;
  return DOMAIN.test(ascii) && Buffer.byteLength(address) <= ADDRESS_BYTES_MAX ? address : null;
}

/** What stands behind the `@` of an address that `mailAddress` has given. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);
