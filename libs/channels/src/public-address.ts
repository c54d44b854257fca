import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Finds the addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export const resolveByDns: Resolve = (hostname) => lookup(hostname, { all: true });

/** Of IPv6 only this much is given out to the internet; the rest is local, translates to IPv4, or is not in use. */
const GLOBAL_IPV6 = '2000::/3';

/**
 * Whether an IP address is one of the internet at large: not of this machine, this network, a provider's inner network
 * or a cloud's metadata service, in no notation of it, and no tunnel or translation that ends in one of them.
 */
export async function isPublicAddress(address: string): Promise<boolean> {
  const { default: ipaddr } = await import('ipaddr.js');
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.parseCIDR(GLOBAL_IPV6));
}

export type PublicHost =
  /** These and no others may be connected to. */
  | { readonly kind: 'public'; readonly addresses: readonly LookupAddress[] }
  /** At least one of its addresses is not public. */
  | { readonly kind: 'private' }
  | { readonly kind: 'unresolved'; readonly problem: string };

/**
 * Looks a host up once, and looks at every address that it has. Connect to these and to no others: who owns the name
 * may let it point elsewhere a moment later.
 *
 * @param hostname as in `URL.hostname`, IPv6 in brackets
 * @param anyAddress takes every address for public: the host was named for it
 */
export async function publicHost(hostname: string, anyAddress: boolean, resolve: Resolve): Promise<PublicHost> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(literal);
  let addresses: readonly LookupAddress[];
  try {
    addresses = family === 0 ? await resolve(hostname) : [{ address: literal, family }];
  } catch (error) {
    return { kind: 'unresolved', problem: (error as NodeJS.ErrnoException).code ?? 'no answer of DNS' };
  }
  if (addresses.length === 0) return { kind: 'unresolved', problem: 'ENOTFOUND' };
  if (anyAddress) return { kind: 'public', addresses };
  const arePublic = await Promise.all(addresses.map(({ address }) => isPublicAddress(address)));
  return arePublic.every(Boolean) ? { kind: 'public', addresses } : { kind: 'private' };
}
