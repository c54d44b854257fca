import type { Chain } from '#libs/event-store/src/chains.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { CommittedTree } from './committed-tree.js';
import { encodeEntry, leafHash, type LogEvent, NO_PREVIOUS } from './entry.js';
import { LedgerBroken, noCheckpointYet, noSuchTile, notInTree, sizeNotReached } from './ledger.errors.js';
import type { LedgerKey, LedgerKeys } from './ledger-keys.js';
import type { LedgerLog } from './ledger-log.js';
import { type LedgerTables, type PublishedCheckpoint, readTilesOf, type TreeStatus } from './ledger-tables.js';
import { type KnownSubtrees, proveConsistency, proveInclusion, type ReadTiles } from './merkle.js';
import { HASH_BYTES, sha256 } from './sha256.js';
import { formatNote } from './signed-note.js';
import { entriesPath, TILE_LEVEL_MAX, type PartialTile, tilePath, TILE_WIDTH, widthAt } from './tile.js';
import { TreeEdge } from './tree-edge.js';

/** Full tiles that are remembered: they never change. 2 MB. */
const TILES_MAX = 256;
/** Subtrees of 256 leaves and more: of a tree of 5 million leaves there are 40,000. 5 MB. */
const SUBTREES_MAX = 40_000;

/** Shows that the event at a position stands in a tree. Hashes are as bytes. */
export interface InclusionProof {
  readonly position: number;
  /** Of the leaf, from 0. */
  readonly index: number;
  readonly size: number;
  readonly root: Buffer;
  readonly leaf: Buffer;
  readonly proof: readonly Buffer[];
}

export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Buffer;
  readonly toRoot: Buffer;
  readonly proof: readonly Buffer[];
}

/** How the ledger of a chain stands. */
export interface LedgerStatus extends TreeStatus {
  /** Events that are not in the tree yet, and how long the oldest of them has waited. Null where events have gaps. */
  readonly lagEvents: number | null;
  readonly lagMs: number;
}

/** Answers about the published tree of a chain, in any process. Writes nothing. */
export class LedgerReader {
  private readonly tiles = new Map<number, Map<string, Buffer>>();
  /** Of each chain, hashes of large subtrees. */
  private readonly subtrees = new Map<number, KnownSubtrees>();
  /** Of each chain, the tree as it was read last. */
  private readonly trees = new Map<number, CommittedTree>();

  constructor(
    private readonly tables: LedgerTables,
    private readonly log: LedgerLog,
    private readonly keys: LedgerKeys,
  ) {}

  /**
   * A published checkpoint as a signed note, with the co-signatures that have come in: the newest one, or that of a size.
   * @throws NotFound `ledger.no-checkpoint`
   */
  async checkpoint(chain: Chain, size?: number): Promise<string> {
    const { body, lines } = await this.published(chain, size);
    return formatNote(body, lines);
  }

  keysOf(chain: Chain): Promise<LedgerKey[]> {
    return this.keys.list(chain);
  }

  /**
   * The first `width` hashes of a tile of the published tree.
   * @throws NotFound `ledger.no-checkpoint`, `ledger.no-tile`
   */
  async tile(chain: Chain, tile: PartialTile): Promise<Buffer> {
    const { size } = await this.newest(chain);
    if (tile.level > TILE_LEVEL_MAX || widthAt(tile, size) < tile.width) throw noSuchTile(tilePath(tile), size);
    const { readTiles } = await this.tree(chain, size);
    const [hashes] = await readTiles([tile]);
    return (hashes as Buffer).subarray(0, tile.width * HASH_BYTES);
  }

  /**
   * The entries of the first `width` leaves of a tile of level 0: each with its length in two bytes before it.
   * @throws NotFound `ledger.no-checkpoint`, `ledger.no-tile`; LedgerBroken `ledger.log-changed` where an entry is not the
   *   one that was committed to
   */
  async entries(chain: Chain, n: number, width: number): Promise<Buffer> {
    const { size } = await this.newest(chain);
    if (widthAt({ level: 0, n }, size) < width) throw noSuchTile(entriesPath(n, width), size);
    const entries = await this.entriesFrom(chain, n * TILE_WIDTH, width);
    return Buffer.concat(
      entries.flatMap((entry) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(entry.length);
        return [length, entry];
      }),
    );
  }

  /**
   * The entries of leaves that were committed, as they are made from the log.
   * @param index of the first leaf, from 0
   * @throws LedgerBroken `ledger.log-changed`
   */
  async entriesFrom(chain: Chain, index: number, count: number): Promise<Buffer[]> {
    const { tree } = await this.tree(chain);
    const [first] = await tree.positionsFrom(index, 1);
    const events = await this.log.read(chain, first as number, count);
    const leaves = await tree.leavesAt(Array.from({ length: count }, (_, i) => index + i));
    const previous = await this.previousOf(tree, events, leaves);
    return leaves.map((leaf, i) => {
      const event = events[i];
      const before = previous[i];
      const entry = event && before && encodeEntry({ ...event, dataHash: sha256(event.data), previous: before });
      if (entry && leafHash(entry).equals(leaf)) return entry;
      const position = event?.position ?? (first as number) + i;
      throw new LedgerBroken(
        'ledger.log-changed',
        `The event at position ${position} is not the one that was committed to.`,
        { position },
      );
    });
  }

  /**
   * Proves that the event at a position is in the tree of the first `size` leaves; of the published one where no size is
   * named.
   * @throws NotFound `ledger.no-checkpoint`, `ledger.size-not-reached`; Invalid `ledger.out-of-range`
   */
  async inclusion(chain: Chain, position: number, wanted?: number): Promise<InclusionProof> {
    const published = await this.newest(chain);
    const size = wanted ?? published.size;
    if (size > published.size) throw sizeNotReached(size, published.size);
    const { tree, readTiles } = await this.tree(chain, published.size);
    const index = await tree.indexOf(position);
    if (index === undefined || index >= size) {
      if (wanted === undefined && this.log.gapFree && position > size) throw sizeNotReached(position, size);
      throw notInTree(position, size);
    }
    // Its tile is read for the proof, too.
    const proof = await proveInclusion(index, size, readTiles, this.subtreesOf(chain));
    const [[leaf], root] = await Promise.all([
      tree.leavesAt([index]),
      size === published.size ? published.root : tree.rootAt(size),
    ]);
    return { position, index, size, root, leaf: leaf as Buffer, proof };
  }

  /**
   * Proves that the tree of the first `to` leaves continues that of the first `from` leaves.
   * @throws NotFound `ledger.no-checkpoint`, `ledger.size-not-reached`; Invalid `ledger.out-of-range`
   */
  async consistency(chain: Chain, from: number, to?: number): Promise<ConsistencyProof> {
    const published = await this.newest(chain);
    const size = to ?? published.size;
    if (Math.max(from, size) > published.size) throw sizeNotReached(Math.max(from, size), published.size);
    const { tree, readTiles } = await this.tree(chain, published.size);
    const proof = await proveConsistency(from, size, readTiles);
    const [fromRoot, toRoot] = await Promise.all([tree.rootAt(from), tree.rootAt(size)]);
    return { from, to: size, fromRoot, toRoot, proof };
  }

  /** How the ledger of a chain stands; undefined before anything was sequenced. */
  async status(
    chain: Chain,
    { head, now }: { readonly head: number; readonly now: number },
  ): Promise<LedgerStatus | undefined> {
    const status = await this.tables.status(chain);
    if (!status) return undefined;
    const lagEvents = this.log.gapFree ? Math.max(0, head - status.position) : null;
    if (head <= status.position) return { ...status, lagEvents, lagMs: 0 };
    const [next] = await this.log.read(chain, status.position + 1, 1);
    // After a time of rest the tree has not moved for long; after the clock of a sandbox was moved events look old.
    const lagMs = next ? Math.max(0, Math.min(status.unmovedMs, now - next.recordedAtMs)) : 0;
    return { ...status, lagEvents, lagMs };
  }

  /** @throws NotFound `ledger.no-checkpoint` */
  async published(chain: Chain, size?: number): Promise<PublishedCheckpoint> {
    const found = await this.tables.published(chain, size === undefined ? {} : { size });
    if (found) return found;
    if (size === undefined) throw noCheckpointYet();
    throw new NotFound('ledger.no-checkpoint', `No checkpoint of ${size} leaves was published.`, { data: { size } });
  }

  /**
   * The tree as it was committed.
   * @param size that it has come to at least; as it is now where none is named
   */
  async tree(chain: Chain, size = Infinity): Promise<{ tree: CommittedTree; readTiles: ReadTiles }> {
    const known = this.tilesOf(chain);
    let tree = this.trees.get(chain.no);
    if (!tree || tree.row.size < size) {
      const row = await this.tables.tree(chain);
      if (!row) throw noCheckpointYet();
      tree = new CommittedTree(chain, row, TreeEdge.parse(row.size, row.edge), this.tables, this.log, known);
      this.trees.set(chain.no, tree);
    }
    const { edge } = tree;
    return { tree, readTiles: (tiles) => readTilesOf(this.tables, chain, tiles, edge, known) };
  }

  /** Size and root of the newest published checkpoint. @throws NotFound `ledger.no-checkpoint` */
  private async newest(chain: Chain): Promise<{ readonly size: number; readonly root: Buffer }> {
    const found = await this.tables.publishedTree(chain);
    if (!found) throw noCheckpointYet();
    return found;
  }

  private subtreesOf(chain: Chain): KnownSubtrees {
    const known = this.subtrees.get(chain.no);
    if (known && known.size < SUBTREES_MAX) return known;
    const fresh: KnownSubtrees = new Map();
    this.subtrees.set(chain.no, fresh);
    return fresh;
  }

  private tilesOf(chain: Chain): Map<string, Buffer> {
    const tiles = this.tiles.get(chain.no) ?? new Map<string, Buffer>();
    this.tiles.set(chain.no, tiles);
    for (const key of tiles.keys()) {
      if (tiles.size <= TILES_MAX) break;
      tiles.delete(key);
    }
    return tiles;
  }

  /** Of each event the leaf before it in its stream, as it was committed; undefined where there is none. */
  private async previousOf(
    tree: CommittedTree,
    events: readonly LogEvent[],
    leaves: readonly Buffer[],
  ): Promise<(Buffer | undefined)[]> {
    const last = new Map<string, number>();
    const missing: { readonly i: number; readonly stream: string; readonly revision: number }[] = [];
    const previous = events.map(({ stream, revision }, i) => {
      const before = last.get(stream);
      last.set(stream, i);
      if (revision === 0) return NO_PREVIOUS;
      if (before !== undefined) return events[before]?.revision === revision - 1 ? leaves[before] : undefined;
      missing.push({ i, stream, revision: revision - 1 });
      return undefined;
    });
    const found = await tree.findLeaves(missing);
    missing.forEach(({ i }, at) => (previous[i] = found[at]));
    return previous;
  }
}
