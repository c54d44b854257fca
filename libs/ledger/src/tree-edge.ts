import { EMPTY_ROOT, HASH_BYTES } from './sha256.js';
import { foldPeaks } from './merkle.js';
import { leavesBelow, perfectRootInto, type Tile, TILE_BYTES, TILE_LEVEL_MAX, TILE_WIDTH } from './tile.js';

/** A tile that will never change again: 256 hashes. */
export interface FullTile extends Tile {
  readonly hashes: Buffer;
}

interface Level {
  /** The tile that is being filled. */
  readonly hashes: Buffer;
  width: number;
}

/**
 * The right edge of a tree: of each level the tile that is not full yet. It is all that is needed to add leaves and to
 * tell the root, however large the tree is: 255 hashes a level at most.
 */
export class TreeEdge {
  private readonly levels: Level[] = [];

  private constructor(private count: number) {}

  static empty(): TreeEdge {
    return new TreeEdge(0);
  }

  /** The edge of a tree of this size from its bytes, lowest level first. @throws Error where they do not fit the size */
  static parse(size: number, bytes: Buffer): TreeEdge {
    const edge = new TreeEdge(size);
    let at = 0;
    for (let level = 0; leavesBelow(level) <= size; level++) {
      const width = Math.floor(size / leavesBelow(level)) % TILE_WIDTH;
      const hashes = Buffer.alloc(TILE_BYTES);
      bytes.copy(hashes, 0, at, at + width * HASH_BYTES);
      edge.levels.push({ hashes, width });
      at += width * HASH_BYTES;
    }
    if (at !== bytes.length)
      throw new Error(`The edge of a tree of ${size} leaves has ${at} bytes, not ${bytes.length}`);
    return edge;
  }

  get size(): number {
    return this.count;
  }

  copy(): TreeEdge {
    return TreeEdge.parse(this.count, this.bytes());
  }

  /** Of each level, the hashes of the tile that is not full, lowest level first. */
  bytes(): Buffer {
    return Buffer.concat(this.levels.map(({ hashes, width }) => hashes.subarray(0, width * HASH_BYTES)));
  }

  /** The hashes that a level's tile has so far. */
  hashesOf(level: number): Buffer {
    const { hashes, width } = this.levels[level] ?? { hashes: Buffer.alloc(0), width: 0 };
    return hashes.subarray(0, width * HASH_BYTES);
  }

  /**
   * Adds leaves.
   * @param leaves their hashes, one after the other
   * @returns the tiles that have become full, in the order in which they did
   */
  append(leaves: Buffer): FullTile[] {
    const full: FullTile[] = [];
    for (let from = 0; from < leaves.length; ) {
      const level = this.levelAt(0);
      const bytes = Math.min(leaves.length - from, TILE_BYTES - level.width * HASH_BYTES);
      leaves.copy(level.hashes, level.width * HASH_BYTES, from, from + bytes);
      level.width += bytes / HASH_BYTES;
      this.count += bytes / HASH_BYTES;
      from += bytes;
      this.carry(full);
    }
    return full;
  }

  root(): Buffer {
    const peaks: Buffer[] = [];
    for (const { hashes, width } of this.levels.toReversed()) {
      let from = 0;
      for (let count = TILE_WIDTH / 2; count >= 1; count /= 2) {
        if ((width & count) === 0) continue;
        const peak = Buffer.alloc(HASH_BYTES);
        perfectRootInto(peak, 0, hashes, from * HASH_BYTES, count);
        peaks.push(peak);
        from += count;
      }
    }
    return peaks.length === 0 ? EMPTY_ROOT : foldPeaks(peaks);
  }

  /** Puts the hash of each tile that is full into the tile above it. */
  private carry(full: FullTile[]): void {
    for (let at = 0; at < TILE_LEVEL_MAX; at++) {
      const level = this.levelAt(at);
      if (level.width < TILE_WIDTH) return;
      full.push({ level: at, n: this.count / (leavesBelow(at) * TILE_WIDTH) - 1, hashes: Buffer.from(level.hashes) });
      const above = this.levelAt(at + 1);
      perfectRootInto(above.hashes, above.width * HASH_BYTES, level.hashes, 0, TILE_WIDTH);
      above.width += 1;
      level.width = 0;
    }
  }

  private levelAt(at: number): Level {
    return (this.levels[at] ??= { hashes: Buffer.alloc(TILE_BYTES), width: 0 });
  }
}
