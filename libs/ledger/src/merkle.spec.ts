import fc from 'fast-check';
import {
  proveConsistency,
  proveInclusion,
  type ReadTiles,
  rootFromTiles,
  rootOfLeaves,
  verifyConsistency,
  verifyInclusion,
} from './merkle.js';
import { EMPTY_ROOT, HASH_BYTES, leafHash, nodeHash } from './sha256.js';
import { type Tile, widthAt } from './tile.js';
import { type FullTile, TreeEdge } from './tree-edge.js';

/** The leaves that the implementations of Certificate Transparency are tried with. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => leafHash(Buffer.from(hex, 'hex')),
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** RFC 6962, 2.1, word by word: what everything here is compared with. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Buffer;
  const k = naiveSplit(leaves.length);
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

function naivePath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = naiveSplit(leaves.length);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

function naiveSubproof(m: number, leaves: readonly Buffer[], isKnown: boolean): Buffer[] {
  if (m === leaves.length) return isKnown ? [] : [naiveRoot(leaves)];
  const k = naiveSplit(leaves.length);
  return m <= k
    ? [...naiveSubproof(m, leaves.slice(0, k), isKnown), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

const naiveSplit = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

/** A tree in memory, as the tables hold it: full tiles, and the edge of the newest size. */
function grow(leaves: readonly Buffer[], steps: readonly number[] = [leaves.length]) {
  const edge = TreeEdge.empty();
  const full = new Map<string, FullTile>();
  let at = 0;
  const take = (count: number) => {
    for (const tile of edge.append(Buffer.concat(leaves.slice(at, at + count))))
      full.set(`${tile.level}/${tile.n}`, tile);
    at = Math.min(at + count, leaves.length);
  };
  for (const step of steps) take(step);
  take(leaves.length - at);
  const asked: Tile[] = [];
  const readTiles: ReadTiles = async (tiles) => {
    asked.push(...tiles);
    return tiles.map(({ level, n }) => full.get(`${level}/${n}`)?.hashes ?? edge.hashesOf(level));
  };
  return { edge, full, readTiles, asked };
}

const leavesOf = (count: number, seed = 0): Buffer[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${seed} ${i}`)));

function flip(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] as number) ^ 1;
}

const manyLeaves = leavesOf(70_000);
const size = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: 1_200 }),
  fc.constantFrom(255, 256, 257, 512),
);

describe('the tree of RFC 6962', () => {
  it.each(ROOTS.map((root, n) => [n, root]))('has the published root over the first %i leaves', async (n, root) => {
    const leaves = LEAVES.slice(0, n as number);
    const tree = grow(leaves);
    expect(rootOfLeaves(leaves).toString('hex')).toBe(root);
    expect(tree.edge.root().toString('hex')).toBe(root);
    expect((await rootFromTiles(n as number, tree.readTiles)).toString('hex')).toBe(root);
  });

  it.each([
    [
      0,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  ])('proves leaf %i of %i as published', async (index, n, proof) => {
    const made = await proveInclusion(index, n, grow(LEAVES).readTiles);
    expect(made.map((hash) => hash.toString('hex'))).toEqual(proof);
  });

  it('is proved consistent from 6 to 8 leaves as published', async () => {
    const made = await proveConsistency(6, 8, grow(LEAVES).readTiles);
    expect(made.map((hash) => hash.toString('hex'))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });
});

describe('tiles', () => {
  it('give the root of every size, in whatever steps the leaves came', () =>
    fc.assert(
      fc.asyncProperty(size, fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), async (n, steps) => {
        const leaves = manyLeaves.slice(0, n);
        const tree = grow(leaves, steps);
        const root = naiveRoot(leaves);
        expect(tree.edge.size).toBe(n);
        expect(tree.edge.root()).toEqual(root);
        expect(rootOfLeaves(leaves)).toEqual(root);
        expect(TreeEdge.parse(n, tree.edge.bytes()).root()).toEqual(root);
        const earlier = Math.ceil(n / 2);
        expect(await rootFromTiles(earlier, tree.readTiles)).toEqual(naiveRoot(leaves.slice(0, earlier)));
      }),
      { numRuns: 150 },
    ));

  it('are full once and hold the roots of those below', () => {
    const tree = grow(manyLeaves);
    expect([...tree.full.keys()]).toHaveLength(273 + 1);
    const first = tree.full.get('1/0')?.hashes as Buffer;
    expect(first.subarray(HASH_BYTES, 2 * HASH_BYTES)).toEqual(naiveRoot(manyLeaves.slice(256, 512)));
    for (const tile of tree.full.values()) expect(widthAt(tile, manyLeaves.length)).toBe(256);
  });

  it('are all that a proof needs, of 70,000 leaves four of them', async () => {
    const tree = grow(manyLeaves);
    const root = tree.edge.root();
    expect(root).toEqual(naiveRoot(manyLeaves));
    for (const index of [0, 1, 255, 256, 33_333, 65_535, 65_536, 69_999]) {
      tree.asked.length = 0;
      const proof = await proveInclusion(index, manyLeaves.length, tree.readTiles);
      expect(proof).toEqual(naivePath(index, manyLeaves));
      expect(tree.asked.length).toBeLessThanOrEqual(4);
      const claim = { index, size: manyLeaves.length, leaf: manyLeaves[index] as Buffer, root };
      expect(verifyInclusion(claim, proof)).toBe(true);
    }
  });

  it('that do not fit the size of a tree are not taken for its edge', () => {
    expect(() => TreeEdge.parse(300, Buffer.alloc(45 * HASH_BYTES - 1))).toThrow('not');
  });
});

describe('a proof of inclusion', () => {
  it('is the one of the RFC, and shows that leaf at that place in that tree alone', () =>
    fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), async (n, some, other) => {
        const leaves = manyLeaves.slice(0, n);
        const index = some % n;
        const tree = grow(leaves);
        const proof = await proveInclusion(index, n, tree.readTiles);
        expect(proof).toEqual(naivePath(index, leaves));
        const claim = { index, size: n, leaf: leaves[index] as Buffer, root: tree.edge.root() };
        expect(verifyInclusion(claim, proof)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: leafHash(Buffer.from('another')) }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, root: leafHash(Buffer.from('another')) }, proof)).toBe(false);
        if (other % n !== index) expect(verifyInclusion({ ...claim, index: other % n }, proof)).toBe(false);
        expect(verifyInclusion(claim, [...proof, proof[0] ?? claim.leaf])).toBe(false);
        if (proof.length > 0) {
          expect(verifyInclusion(claim, proof.slice(1))).toBe(false);
          const changed = proof.map((hash) => Buffer.from(hash));
          const at = other % changed.length;
          flip(changed[at] as Buffer, other % HASH_BYTES);
          expect(verifyInclusion(claim, changed)).toBe(false);
        }
      }),
      { numRuns: 150 },
    ));

  it('is the same from subtrees that were computed for others, of smaller trees too', async () => {
    const tree = grow(manyLeaves);
    const known = new Map<string, Buffer>();
    for (const [index, n] of [
      [300, 2_000],
      [5, 2_000],
      [65_536, 70_000],
      [300, 70_000],
      [301, 69_000],
      [69_999, 70_000],
    ] as const) {
      const proof = await proveInclusion(index, n, tree.readTiles, known);
      expect(proof).toEqual(naivePath(index, manyLeaves.slice(0, n)));
    }
    expect(known.size).toBeGreaterThan(5);
    tree.asked.length = 0;
    await proveInclusion(302, 70_000, tree.readTiles, known);
    // The leaf's own tile and the edge are all that is still read.
    expect(tree.asked.map(({ level, n }) => [level, n])).toEqual([
      [0, 1],
      [0, 273],
    ]);
  });

  it('is refused for a leaf that the tree does not have', async () => {
    const { readTiles } = grow(LEAVES);
    for (const [index, n] of [
      [8, 8],
      [0, 0],
      [-1, 8],
      [0.5, 8],
    ] as const) {
      await expect(proveInclusion(index, n, readTiles)).rejects.toMatchObject({ code: 'ledger.out-of-range' });
      expect(verifyInclusion({ index, size: n, leaf: LEAVES[0] as Buffer, root: LEAVES[0] as Buffer }, [])).toBe(false);
    }
  });
});

describe('a proof of consistency', () => {
  it('is the one of the RFC, and shows that one tree continues that other one alone', () =>
    fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), async (to, some, other) => {
        const leaves = manyLeaves.slice(0, to);
        const from = 1 + (some % to);
        const tree = grow(leaves);
        const proof = await proveConsistency(from, to, tree.readTiles);
        expect(proof).toEqual(naiveSubproof(from, leaves, true));
        const first = { size: from, root: naiveRoot(leaves.slice(0, from)) };
        const second = { size: to, root: tree.edge.root() };
        expect(verifyConsistency(first, second, proof)).toBe(true);
        const forked = { size: from, root: naiveRoot(leavesOf(from, 1)) };
        expect(verifyConsistency(forked, second, proof)).toBe(false);
        expect(verifyConsistency(first, { size: to, root: naiveRoot(leavesOf(to, 1)) }, proof)).toBe(false);
        expect(verifyConsistency(first, second, [...proof, second.root])).toBe(false);
        if (proof.length > 0) {
          expect(verifyConsistency(first, second, proof.slice(0, -1))).toBe(false);
          const changed = proof.map((hash) => Buffer.from(hash));
          const at = other % changed.length;
          flip(changed[at] as Buffer, other % HASH_BYTES);
          expect(verifyConsistency(first, second, changed)).toBe(false);
        }
      }),
      { numRuns: 150 },
    ));

  it('is empty from no leaves and between equal sizes, and shows nothing there but that', async () => {
    const { readTiles, edge } = grow(LEAVES);
    const whole = { size: 8, root: edge.root() };
    expect(await proveConsistency(0, 8, readTiles)).toEqual([]);
    expect(await proveConsistency(8, 8, readTiles)).toEqual([]);
    expect(verifyConsistency({ size: 0, root: EMPTY_ROOT }, whole, [])).toBe(true);
    expect(verifyConsistency({ size: 0, root: whole.root }, whole, [])).toBe(false);
    expect(verifyConsistency(whole, whole, [])).toBe(true);
    expect(verifyConsistency(whole, { size: 8, root: EMPTY_ROOT }, [])).toBe(false);
    expect(verifyConsistency({ size: 4, root: EMPTY_ROOT }, whole, [])).toBe(false);
  });

  it('is refused from a larger tree to a smaller one', async () => {
    const { readTiles, edge } = grow(LEAVES);
    await expect(proveConsistency(8, 7, readTiles)).rejects.toMatchObject({ code: 'ledger.out-of-range' });
    expect(verifyConsistency({ size: 8, root: edge.root() }, { size: 7, root: edge.root() }, [])).toBe(false);
  });
});
