import { HASH_BYTES, nodeInto } from './sha256.js';

/** A tile has the hashes of eight levels of the tree as their lowest one: 2^8 hashes (C2SP tlog-tiles). */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** The highest level of tiles that a tree of 2^53 leaves has. */
export const TILE_LEVEL_MAX = 6;

/** A tile: its hashes are those of the subtrees with 256^level leaves, the first of them the (256 n)th of these. */
export interface Tile {
  readonly level: number;
  readonly n: number;
}

/** A part of a tile as it is served: `width` hashes from its beginning, 256 of them when it is full. */
export interface PartialTile extends Tile {
  readonly width: number;
}

/** Leaves below one hash of a tile of this level. */
export const leavesBelow = (level: number): number => TILE_WIDTH ** level;

/** How many hashes a tile has in a tree of this size: 0 to 256. */
export function widthAt({ level, n }: Tile, size: number): number {
  const hashes = Math.floor(size / leavesBelow(level)) - n * TILE_WIDTH;
  return Math.min(TILE_WIDTH, Math.max(0, hashes));
}

/** `tile/<level>/<n>[.p/<width>]`: n in groups of three digits, all but the last with an x before them. */
export const tilePath = ({ level, n, width }: PartialTile): string => `tile/${level}/${partialPath(n, width)}`;

/** `tile/entries/<n>[.p/<width>]`: the entries of the leaves of a tile of level 0. */
export const entriesPath = (n: number, width: number): string => `tile/entries/${partialPath(n, width)}`;

function partialPath(n: number, width: number): string {
  let path = String(n % 1000).padStart(3, '0');
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

const PATH = /^tile\/(0|[1-5]?[0-9]|6[0-3]|entries)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** What a path of tlog-tiles means; undefined for any other text. */
export function parseTilePath(
  path: string,
): { readonly level: number | 'entries'; readonly n: number; readonly width: number } | undefined {
  const found = PATH.exec(path);
  if (!found) return undefined;
  const [, level = '', digits = '', partial] = found;
  const n = Number(digits.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (!Number.isSafeInteger(n) || (partial !== undefined && width >= TILE_WIDTH)) return undefined;
  // Each tile has one path: groups of zeros in front would be another one.
  if (partialPath(n, TILE_WIDTH) !== digits) return undefined;
  return { level: level === 'entries' ? level : Number(level), n, width };
}

const work = Buffer.alloc(TILE_BYTES);

/**
 * Writes the root of `count` hashes, a power of two and 256 at most, that stand one after the other.
 */
export function perfectRootInto(target: Buffer, at: number, hashes: Buffer, from: number, count: number): void {
  if (count === 1) {
    hashes.copy(target, at, from, from + HASH_BYTES);
    return;
  }
  let [source, begin] = [hashes, from];
  for (let left = count / 2; left > 1; left /= 2) {
    for (let i = 0; i < left; i++) nodeInto(work, i * HASH_BYTES, source, begin + 2 * i * HASH_BYTES);
    [source, begin] = [work, 0];
  }
  nodeInto(target, at, source, begin);
}
