import { originOf } from '#libs/ledger/src/checkpoint.js';
import { formatNote, parseVkey, type VerifierKey } from '#libs/ledger/src/signed-note.js';
import { leavesBelow, type Tile, TILE_WIDTH } from '#libs/ledger/src/tile.js';
import { TreeEdge } from '#libs/ledger/src/tree-edge.js';
import type { KeptCheckpoint, KeptLedger } from './verify-log.js';

/** What the ledger's tables hold of a chain, wherever they are read from; full tiles apart, which are too many. */
export interface LedgerRows {
  readonly chainId: string;
  readonly tree: { readonly size: number; readonly root: Buffer; readonly edge: Buffer } | undefined;
  readonly checkpoints: readonly { readonly size: number; readonly root: Buffer; readonly body: string }[];
  /** Lines below the bodies, in any order. */
  readonly signatures: readonly { readonly size: number; readonly line: string }[];
  /** Public keys, as lines, with the first and the last size that each signs. */
  readonly keys: readonly KeyRow[];
}

export interface KeyRow {
  readonly vkey: string;
  readonly fromSize: number;
  /** Null while it signs. */
  readonly untilSize: number | null;
}

/** Full tiles by their places; undefined for one that is missing. */
export type ReadFullTiles = (tiles: readonly Tile[]) => Promise<readonly (Buffer | undefined)[]>;

/** What a ledger keeps, put together from its rows, which may have been tampered with. */
export function keptLedger(
  rows: LedgerRows,
  readFullTiles: ReadFullTiles,
  positionOf?: KeptLedger['positionOf'],
): { kept: KeptLedger; keys: readonly VerifierKey[] } {
  const { chainId, tree, checkpoints, signatures, keys: keyRows } = rows;
  const problems: string[] = [];
  const tried = <Value>(what: string, make: () => Value): Value | undefined => {
    try {
      return make();
    } catch (error) {
      problems.push(`${what} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  };
  const size = tree?.size ?? 0;
  const edge = tree && tried('The right edge of the tree', () => TreeEdge.parse(tree.size, tree.edge));
  const lines = new Map<number, string[]>();
  for (const { size: of, line } of signatures) lines.set(of, [...(lines.get(of) ?? []), line]);
  const kept: KeptCheckpoint[] = checkpoints.map(({ size: of, root, body }) => {
    const signed = lines.get(of);
    return { size: of, root, note: signed && formatNote(body, signed) };
  });
  // What the tree itself says its root is: most often that of its newest checkpoint, which is then looked at in any case.
  // Another one comes before it: the checkpoint, where it is right, tells that the tree is not.
  if (tree && !kept.some((each) => each.size === size && each.root.equals(tree.root))) {
    kept.unshift({ size, root: tree.root, note: undefined, what: `the tree of size ${size}` });
  }
  const known = keyRows.flatMap(
    ({ vkey, fromSize, untilSize }) =>
      tried('A public key', () => ({ key: parseVkey(vkey), fromSize, untilSize })) ?? [],
  );
  return {
    keys: known.map(({ key }) => key),
    kept: {
      origin: originOf(chainId),
      keyTerms: known.map(({ key: { name, id }, ...term }) => ({ name, id, ...term })),
      size,
      checkpoints: kept,
      problems,
      positionOf,
      tiles: async (tiles) => {
        const isFull = ({ level, n }: Tile) => (n + 1) * leavesBelow(level) * TILE_WIDTH <= size;
        const full = tiles.filter(isFull);
        const read = full.length === 0 ? [] : await readFullTiles(full);
        return tiles.map((tile) => (isFull(tile) ? read[full.indexOf(tile)] : edge?.hashesOf(tile.level)));
      },
    },
  };
}
