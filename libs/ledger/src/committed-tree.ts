import type { Chain } from '#libs/event-store/src/chains.js';
import { formatCheckpoint, originOf } from './checkpoint.js';
import type { LogEvent } from './entry.js';
import { LastLeaves } from './leaves.js';
import type { LedgerLog, StreamPlace } from './ledger-log.js';
import {
  type LedgerTables,
  packPositions,
  type PositionedTile,
  readTilesOf,
  type TreeRow,
  unpackPositions,
} from './ledger-tables.js';
import { rootFromTiles } from './merkle.js';
import { HASH_BYTES } from './sha256.js';
import { TILE_WIDTH } from './tile.js';
import type { FullTile, TreeEdge } from './tree-edge.js';

/** What is written to move a tree on. */
export interface NextTree {
  readonly row: Omit<TreeRow, 'epoch'> & { readonly body: string };
  readonly tiles: readonly PositionedTile[];
  readonly edge: TreeEdge;
  readonly leaves: Buffer;
}

/** A tree as it was committed: its edge in memory, the rest in rows. Nothing here writes. */
export class CommittedTree {
  readonly last: LastLeaves;

  constructor(
    readonly chain: Chain,
    public row: TreeRow,
    public edge: TreeEdge,
    private readonly tables: LedgerTables,
    private readonly log: LedgerLog,
    /** Full tiles that were read before. */
    private readonly tiles?: Map<string, Buffer>,
  ) {
    this.last = new LastLeaves((wanted) => this.findLeaves(wanted));
  }

  /** Root of the first `size` leaves, from tiles. */
  rootAt(size: number): Promise<Buffer> {
    return rootFromTiles(size, (tiles) => readTilesOf(this.tables, this.chain, tiles, this.edge, this.tiles));
  }

  /** Positions in the log of `count` leaves that were committed, from one on. */
  async positionsFrom(index: number, count: number): Promise<number[]> {
    if (this.log.gapFree) return Array.from({ length: count }, (_, i) => index + i + 1);
    const positions: number[] = [];
    const first = Math.floor(index / TILE_WIDTH);
    for (let n = first; n * TILE_WIDTH < index + count; n++) {
      const ofEdge = n === Math.floor(this.row.size / TILE_WIDTH);
      const packed = ofEdge ? this.row.edgePositions : await this.tables.positionsOf(this.chain, n);
      positions.push(...unpackPositions(packed ?? Buffer.alloc(0)));
    }
    return positions.slice(index - first * TILE_WIDTH, index - first * TILE_WIDTH + count);
  }

  /** The tree with further events of the log as leaves. @throws StreamBroken, EntryTooLarge */
  async grow(events: readonly LogEvent[]): Promise<NextTree> {
    const leaves = await this.last.hash(events);
    const edge = this.edge.copy();
    const full = edge.append(leaves);
    const root = edge.root();
    const { tiles, edgePositions } = this.log.gapFree
      ? { tiles: full, edgePositions: Buffer.alloc(0) }
      : this.withPositions(full, events, edge.size);
    const { position } = events.at(-1) as LogEvent;
    const body = formatCheckpoint({ origin: originOf(this.chain.id), size: edge.size, root });
    return { row: { size: edge.size, root, edge: edge.bytes(), position, edgePositions, body }, tiles, edge, leaves };
  }

  /** The leaf hashes that events of the log have, whatever was committed of them. @throws StreamBroken */
  leavesOf(events: readonly LogEvent[]): Promise<Buffer> {
    return new LastLeaves((wanted) => this.findLeaves(wanted)).hash(events);
  }

  /** What `grow` gave was committed. */
  moved(events: readonly LogEvent[], { row, edge, leaves }: NextTree): void {
    this.last.remember(events, leaves);
    this.row = { ...row, epoch: this.row.epoch };
    this.edge = edge;
  }

  private withPositions(
    full: readonly FullTile[],
    events: readonly LogEvent[],
    size: number,
  ): { tiles: PositionedTile[]; edgePositions: Buffer } {
    const known = [...unpackPositions(this.row.edgePositions), ...events.map(({ position }) => position)];
    const first = Math.floor(this.row.size / TILE_WIDTH);
    const tiles = full.map((tile): PositionedTile => {
      if (tile.level > 0) return tile;
      const from = (tile.n - first) * TILE_WIDTH;
      const positions = known.slice(from, from + TILE_WIDTH);
      return { ...tile, positions: packPositions(positions), firstPosition: positions[0] };
    });
    return { tiles, edgePositions: packPositions(known.slice((Math.floor(size / TILE_WIDTH) - first) * TILE_WIDTH)) };
  }

  /** The leaves of events by stream and revision, where they were committed. */
  async findLeaves(wanted: readonly StreamPlace[]): Promise<(Buffer | undefined)[]> {
    const positions = await this.log.positions(this.chain, wanted);
    const indexes = await Promise.all(
      positions.map(async (position) => (position === undefined ? undefined : this.indexOf(position))),
    );
    const within = indexes.filter((index): index is number => index !== undefined);
    const leaves = await this.leavesAt(within);
    let next = 0;
    return indexes.map((index) => (index === undefined ? undefined : leaves[next++]));
  }

  /** Which leaf an event at a position is; undefined where it is none of those committed. */
  async indexOf(position: number): Promise<number | undefined> {
    if (this.log.gapFree) return position >= 1 && position <= this.row.size ? position - 1 : undefined;
    const ofEdge = unpackPositions(this.row.edgePositions);
    if (ofEdge[0] !== undefined && position >= ofEdge[0]) {
      const at = ofEdge.indexOf(position);
      return at < 0 ? undefined : Math.floor(this.row.size / TILE_WIDTH) * TILE_WIDTH + at;
    }
    const tile = await this.tables.tileAtPosition(this.chain, position);
    const at = tile ? unpackPositions(tile.positions).indexOf(position) : -1;
    return tile && at >= 0 ? tile.n * TILE_WIDTH + at : undefined;
  }

  /** The hashes of leaves that were committed. */
  async leavesAt(indexes: readonly number[]): Promise<Buffer[]> {
    const firstOfEdge = Math.floor(this.row.size / TILE_WIDTH) * TILE_WIDTH;
    const tileOf = (index: number) =>
      index < firstOfEdge ? this.tiles?.get(`0/${Math.floor(index / TILE_WIDTH)}`) : this.edge.hashesOf(0);
    const stored = await this.tables.leaves(
      this.chain,
      indexes.filter((index) => !tileOf(index)),
    );
    return indexes.map((index) => {
      const at = (index % TILE_WIDTH) * HASH_BYTES;
      const leaf = tileOf(index)?.subarray(at, at + HASH_BYTES) ?? stored.get(index);
      if (leaf?.length !== HASH_BYTES) throw new Error(`Leaf ${index} of ${this.chain.slug} is missing in its tile`);
      return leaf;
    });
  }
}
