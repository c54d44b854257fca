import { PistorError } from '#libs/kernel/src/errors.js';
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './sha256.js';
import { perfectRootInto, type Tile, TILE_HEIGHT, TILE_WIDTH } from './tile.js';

/** Hashes of siblings: from the leaf upwards for inclusion, as RFC 6962 has them for consistency. */
export type Proof = readonly Uint8Array[];

/**
 * Gives the hashes of tiles, one after the other, in the order in which they are asked for: at least as many of each as
 * `width` says.
 */
export type ReadTiles = (tiles: readonly (Tile & { readonly width: number })[]) => Promise<readonly Buffer[]>;

/**
 * Hashes of large subtrees that were computed before: whatever is added to a tree, they stay what they are. Whoever keeps
 * it bounds it.
 */
export type KnownSubtrees = Map<string, Buffer>;

/** What was asked for is not in a tree of this size, or no tree has it. */
export class ProofOutOfRange extends PistorError {
  constructor(message: string, data: Readonly<Record<string, unknown>>) {
    super('invalid', 'ledger.out-of-range', message, { data });
  }
}

/** Leaves `from` up to and without `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** A subtree with 2^height leaves: the (index)th of these. */
interface Subtree {
  readonly height: number;
  readonly index: number;
}

/**
 * Root of a tree, from the hashes of its leaves: RFC 6962, 2.1. For small trees; a ledger's own is made from tiles.
 */
export function rootOfLeaves(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  const peaks: Uint8Array[] = [];
  for (let at = 0; at < leaves.length; ) {
    const count = perfectFrom(at, leaves.length);
    let level = leaves.slice(at, at + count);
    while (level.length > 1) {
      level = level.filter((_, i) => i % 2 === 0).map((left, i) => nodeHash(left, level[2 * i + 1] as Uint8Array));
    }
    peaks.push(level[0] as Uint8Array);
    at += count;
  }
  return foldPeaks(peaks);
}

/** Root of the first `size` leaves. @throws what reading tiles throws */
export async function rootFromTiles(size: number, readTiles: ReadTiles): Promise<Buffer> {
  if (size === 0) return EMPTY_ROOT;
  const [root] = await hashRanges([{ from: 0, to: size }], size, readTiles);
  return root as Buffer;
}

/**
 * Proves that the leaf stands at `index` (from 0) in the tree of the first `size` leaves.
 * @throws ProofOutOfRange `ledger.out-of-range`
 */
export async function proveInclusion(
  index: number,
  size: number,
  readTiles: ReadTiles,
  known?: KnownSubtrees,
): Promise<Buffer[]> {
  if (!isCount(size) || !isCount(index) || index >= size) {
    throw new ProofOutOfRange(`A tree of ${size} leaves has no leaf ${index}.`, { index, size });
  }
  return hashRanges(inclusionRanges(index, size), size, readTiles, known);
}

/**
 * Proves that the tree of the first `to` leaves begins with the tree of the first `from` leaves; an empty proof for equal
 * sizes and for `from` 0.
 * @throws ProofOutOfRange `ledger.out-of-range`
 */
export async function proveConsistency(from: number, to: number, readTiles: ReadTiles): Promise<Buffer[]> {
  if (!isCount(from) || !isCount(to) || from > to) {
    throw new ProofOutOfRange(`A tree of ${to} leaves does not begin with one of ${from}.`, { from, to });
  }
  if (from === 0 || from === to) return [];
  return hashRanges(consistencyRanges(from, to), to, readTiles);
}

/** Whether a proof shows that the leaf stands at `index` in the tree of `size` leaves with this root: RFC 9162, 2.1.3.2. */
export function verifyInclusion(
  {
    index,
    size,
    leaf,
    root,
  }: { readonly index: number; readonly size: number; readonly leaf: Uint8Array; readonly root: Uint8Array },
  proof: Proof,
): boolean {
  if (!isCount(size) || !isCount(index) || index >= size || !areHashes([...proof, leaf])) return false;
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else r = nodeHash(r, p);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(r, root);
}

/** Whether a proof shows that the second tree begins with the first one: RFC 9162, 2.1.4.2. */
export function verifyConsistency(
  first: { readonly size: number; readonly root: Uint8Array },
  second: { readonly size: number; readonly root: Uint8Array },
  proof: Proof,
): boolean {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size || !areHashes(proof)) return false;
  if (first.size === second.size) return proof.length === 0 && equal(first.root, second.root);
  // Every tree begins with the empty one.
  if (first.size === 0) return proof.length === 0 && equal(first.root, EMPTY_ROOT);
  // The old tree's own root is left out of the proof where it is a subtree of the new one.
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof;
  let [fn, sn] = [first.size - 1, second.size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let fr = path[0];
  let sr = path[0];
  if (!fr || !sr) return false;
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = nodeHash(sr, c);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(fr, first.root) && equal(sr, second.root);
}

/** Proofs have no more hashes than a tree of 2^53 leaves has levels. */
export const PROOF_HASHES_MAX = 54;

/** The siblings on the way from a leaf to the root, from the leaf upwards. */
function inclusionRanges(index: number, size: number): Range[] {
  const siblings: Range[] = [];
  for (let [from, to] = [0, size]; to - from > 1; ) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      siblings.push({ from: middle, to });
      to = middle;
    } else {
      siblings.push({ from, to: middle });
      from = middle;
    }
  }
  return siblings.reverse();
}

/** RFC 6962, 2.1.2: SUBPROOF. */
function consistencyRanges(first: number, second: number): Range[] {
  const ranges: Range[] = [];
  let [from, to] = [0, second];
  let isKnown = true;
  while (first !== to) {
    const middle = from + splitOf(to - from);
    if (first <= middle) {
      ranges.push({ from: middle, to });
      to = middle;
    } else {
      ranges.push({ from, to: middle });
      from = middle;
      isKnown = false;
    }
  }
  if (!isKnown) ranges.push({ from, to });
  return ranges.reverse();
}

/** The hash of each range of leaves, with every tile read once. */
async function hashRanges(
  ranges: readonly Range[],
  size: number,
  readTiles: ReadTiles,
  known?: KnownSubtrees,
): Promise<Buffer[]> {
  const parts = ranges.map(subtreesOf);
  const wanted = new Map<string, Tile & { width: number }>();
  for (const subtree of parts.flat()) {
    if (known?.has(keyOf(subtree))) continue;
    const { level, n, end } = placeOf(subtree);
    const key = `${level}/${n}`;
    wanted.set(key, { level, n, width: Math.max(end, wanted.get(key)?.width ?? 0) });
  }
  const tiles = [...wanted.values()];
  const read = await readTiles(tiles);
  const hashes = new Map([...wanted.keys()].map((key, i) => [key, read[i] as Buffer]));
  return parts.map((subtrees) =>
    foldPeaks(
      subtrees.map((subtree) => {
        const before = known?.get(keyOf(subtree));
        if (before) return before;
        const { level, n, begin, end } = placeOf(subtree);
        const tile = hashes.get(`${level}/${n}`) as Buffer;
        if (tile.length < end * HASH_BYTES) {
          throw new Error(`Tile ${level}/${n} has ${tile.length / HASH_BYTES} hashes in a tree of ${size} leaves`);
        }
        const root = Buffer.allocUnsafeSlow(HASH_BYTES);
        perfectRootInto(root, 0, tile, begin * HASH_BYTES, end - begin);
        if (subtree.height >= KNOWN_HEIGHT) known?.set(keyOf(subtree), root);
        return root;
      }),
    ),
  );
}

/** Smaller ones are of one tile that is read for the leaf anyway, and are too many. */
const KNOWN_HEIGHT = TILE_HEIGHT;

const keyOf = ({ height, index }: Subtree): string => `${height}/${index}`;

/** In which tile a subtree's hash can be computed, and from which of its hashes. */
function placeOf({ height, index }: Subtree): Tile & { begin: number; end: number } {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const first = index * count;
  const n = Math.floor(first / TILE_WIDTH);
  const begin = first - n * TILE_WIDTH;
  return { level, n, begin, end: begin + count };
}

/** A range of a proof as the largest perfect subtrees that it is made of, from the left. */
function subtreesOf({ from, to }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = from; at < to; ) {
    const count = perfectFrom(at, to);
    subtrees.push({ height: Math.log2(count), index: at / count });
    at += count;
  }
  return subtrees;
}

/** Leaves of the largest perfect subtree that begins at `from` and ends before `to`. */
function perfectFrom(from: number, to: number): number {
  let count = 1;
  while (from % (2 * count) === 0 && from + 2 * count <= to) count *= 2;
  return count;
}

/** The hash over perfect subtrees of falling size: the right ones are joined first. */
export function foldPeaks(peaks: readonly Uint8Array[]): Buffer {
  let root = peaks.at(-1) as Uint8Array;
  for (let i = peaks.length - 2; i >= 0; i--) root = nodeHash(peaks[i] as Uint8Array, root);
  return Buffer.from(root);
}

/** The largest power of two below `count`, which is 2 at least. */
function splitOf(count: number): number {
  let split = 1;
  while (2 * split < count) split *= 2;
  return split;
}

const half = (n: number): number => Math.floor(n / 2);
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const areHashes = (hashes: Proof): boolean => hashes.every((hash) => hash.length === HASH_BYTES);
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function isPowerOfTwo(n: number): boolean {
  return 2 ** Math.round(Math.log2(n)) === n;
}
