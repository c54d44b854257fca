import { randomInt } from 'node:crypto';
import { HASH_BYTES } from '#libs/ledger/src/sha256.js';

/** The last event of a stream that was seen. */
export interface StreamHead {
  readonly revision: number;
  /** Where its leaf hash stands: 32 bytes of `leaves` from `at`. Read it before the next `set`. */
  readonly leaves: Buffer;
  readonly at: number;
}

const FIRST_SLOTS = 1 << 12;
/** Half full at the most: with more, a name that is not there takes long to be missed. */
const FILL_MAX = 0.5;

/**
 * The heads of streams in typed arrays: 44 bytes a slot, where a Map of strings takes some 250. A chain of millions of
 * streams has millions of heads, and they are looked up for each event.
 *
 * A stream is known by 64 bits of its name under a seed of the run. Two names with the same bits would give a false
 * alarm, once in 2^64 pairs of names, and never let anything pass: leaves are compared with what was signed.
 *
 * @param streamsMax beyond so many, those that were not seen for longest are forgotten
 */
export class StreamHeads {
  private readonly seed = randomInt(2 ** 32);
  private young: Slots = new Slots(FIRST_SLOTS);
  private old: Slots | undefined;

  constructor(private readonly streamsMax = Number.POSITIVE_INFINITY) {}

  get(stream: string): StreamHead | undefined {
    const [high, low] = this.hashOf(stream);
    return this.young.find(high, low) ?? this.old?.find(high, low);
  }

  /** @param leaf 32 bytes from `at` */
  set(stream: string, revision: number, leaf: Buffer, at: number): void {
    const [high, low] = this.hashOf(stream);
    if (this.young.count >= this.young.size * FILL_MAX) this.makeRoom();
    this.young.put(high, low, revision, leaf, at);
  }

  private makeRoom(): void {
    if (this.young.count < this.streamsMax / 2) this.young = this.young.grown();
    else [this.old, this.young] = [this.young, new Slots(FIRST_SLOTS)];
  }

  /** FNV-1a, twice with different starts. */
  private hashOf(stream: string): [number, number] {
    let high = 0x811c9dc5 ^ this.seed;
    let low = 0x9dc5811c ^ Math.imul(this.seed, 0x9e3779b1);
    for (let i = 0; i < stream.length; i++) {
      const unit = stream.charCodeAt(i);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit ^ (high >>> 15), 0x85ebca6b);
    }
    // No slot in use has the bits 0, 0.
    return [(high ^ (low >>> 13)) >>> 0 || 1, low >>> 0];
  }
}

/** A hash table with open addresses. */
class Slots {
  count = 0;
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;
  private readonly revisions: Int32Array;
  private readonly leaves: Buffer;

  /** @param size a power of two */
  constructor(readonly size: number) {
    this.high = new Uint32Array(size);
    this.low = new Uint32Array(size);
    this.revisions = new Int32Array(size);
    this.leaves = Buffer.alloc(size * HASH_BYTES);
  }

  find(high: number, low: number): StreamHead | undefined {
    const slot = this.slotOf(high, low);
    if (this.high[slot] === 0) return undefined;
    return { revision: this.revisions[slot] as number, leaves: this.leaves, at: slot * HASH_BYTES };
  }

  put(high: number, low: number, revision: number, leaf: Buffer, at: number): void {
    const slot = this.slotOf(high, low);
    if (this.high[slot] === 0) this.count += 1;
    this.high[slot] = high;
    this.low[slot] = low;
    this.revisions[slot] = revision;
    leaf.copy(this.leaves, slot * HASH_BYTES, at, at + HASH_BYTES);
  }

  grown(): Slots {
    const grown = new Slots(this.size * 2);
    for (let slot = 0; slot < this.size; slot++) {
      const high = this.high[slot] as number;
      if (high === 0) continue;
      grown.put(high, this.low[slot] as number, this.revisions[slot] as number, this.leaves, slot * HASH_BYTES);
    }
    return grown;
  }

  /** Where it stands, or the empty slot where it belongs. */
  private slotOf(high: number, low: number): number {
    const mask = this.size - 1;
    let slot = (high ^ low) & mask;
    while (this.high[slot] !== 0 && (this.high[slot] !== high || this.low[slot] !== low)) slot = (slot + 1) & mask;
    return slot;
  }
}
