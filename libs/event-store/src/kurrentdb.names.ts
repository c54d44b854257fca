import type { Id } from '#libs/kernel/src/ids.js';
import type { StreamName } from './event-store.js';

/** What the names of all chains' streams begin with. System streams begin with `$`, so none of them is ours. */
export const ALL_CHAINS_PREFIX = 'pistor.';

const NAME = /^pistor\.([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})\.(.+)$/;

/** Bytes that stand for themselves in a name; `_` begins an escape. */
const PLAIN = /[a-z0-9.-]/;
const ESCAPE = /_([0-9a-f]{2})/g;

/**
 * What the names of one chain's streams begin with. All prefixes are equally long and end alike, so none is the
 * beginning of another. The id has no hyphens there: the server's own category is what stands before the first one.
 */
export const prefixOf = (chain: Id): string => `${ALL_CHAINS_PREFIX}${chain.replaceAll('-', '')}.`;

/**
 * The server's name of a stream. Everything but small letters, digits, dots and hyphens is escaped, since the server
 * compares names without regard to case where it checks several streams at once, and some versions allow no other
 * characters there.
 */
export function nameOf(chain: Id, stream: StreamName): string {
  let name = prefixOf(chain);
  for (const byte of Buffer.from(stream)) {
    const character = String.fromCharCode(byte);
    name += PLAIN.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }
  return name;
}

/** Chain and stream of a name; undefined where it is none of ours. */
export function parseName(name: string): { chain: Id; stream: StreamName } | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const bytes = (match[6] as string).replaceAll(ESCAPE, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return { chain: match.slice(1, 6).join('-'), stream: Buffer.from(bytes, 'latin1').toString() };
}
